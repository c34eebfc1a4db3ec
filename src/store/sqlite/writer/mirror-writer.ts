import { dirname, join } from 'node:path';
import { makeFolder } from '../../../base/make-folder.ts';
import type { Connection } from '../../../sqlite/connection.ts';
import type { PageCounts } from '../../../sync/merge/page-counts.ts';
import { pageTimes } from '../../../sync/merge/page-row.ts';
import type { BatchOutcome } from '../../../sync/ports/mirror.ts';
import type { PageOutcome } from '../../../sync/ports/page.ts';
import type { SharedBuffers } from '../../page/shared-buffers.ts';
import type { Fence } from '../../write-kinds.ts';
import { openForWriting } from '../connection.ts';
import { loadFields } from '../contact-schema.ts';
import { rememberReadAt } from '../contact-states.ts';
import { applyEffects } from '../effects.ts';
import { applyPage } from '../merge/apply-page.ts';
import { applyTombstones } from '../merge/apply-tombstones.ts';
import { migrate } from '../schema.ts';
import { calls } from './calls.ts';
import { IncomingPage } from './incoming-page.ts';
import { lastKeyOf } from './last-key.ts';
import type { BatchOrder, CallName, PageCalls, PageHead } from './protocol.ts';
import { spoolFolder, spoolName } from './spool-folder.ts';
import { threadEnded } from './thread-ended.ts';
import { inTransaction } from './transaction.ts';

const spoolCacheKb = 512;

/** One mirror's file as its writer thread holds it. */
export class MirrorWriter {
  readonly path: string;
  readonly #db: Connection;
  readonly #spools: string;
  readonly #buffers: SharedBuffers;
  readonly #pages = new Map<number, IncomingPage>();

  constructor(path: string, create: boolean, buffers: SharedBuffers) {
    this.path = path;
    this.#buffers = buffers;
    this.#db = openForWriting(path, create);
    this.#spools = spoolFolder(dirname(path));
    try {
      migrate(this.#db, path);
    } catch (error) {
      this.#db.close();
      throw error;
    }
  }

  close(): void {
    for (const page of this.#pages.values()) page.remove();
    this.#pages.clear();
    this.#db.close();
  }

  beginPage(page: number, head: PageHead): void {
    makeFolder(this.#spools);
    const path = join(this.#spools, spoolName());
    this.#pages.set(page, new IncomingPage(head, loadFields(this.#db, head.object), path, this.#buffers));
  }

  addBlock(page: number, block: Uint8Array<ArrayBuffer>): void {
    // A block that was under way when its page was dropped.
    this.#pages.get(page)?.reader.add(block);
    // Frees the megabyte now; the garbage collector would let dozens of them pile up.
    block.buffer.transfer(0);
  }

  dropPage(page: number): void {
    this.#pages.get(page)?.remove();
    this.#pages.delete(page);
  }

  commit({ page, ...order }: BatchOrder, fences: readonly Fence[]): BatchOutcome {
    if (page === null) return inTransaction(this.#db, fences, () => this.#apply(null, order));
    const incoming = this.#incoming(page);
    incoming.end();
    const outcome = inTransaction(this.#db, fences, () => this.#apply(incoming, order), {
      attach: { name: 'spool', path: incoming.path },
    });
    this.#forget(page);
    return outcome;
  }

  #apply(
    incoming: IncomingPage | null,
    { object, answeredAt, tombstones, effects }: Omit<BatchOrder, 'page'>,
  ): BatchOutcome {
    const columns = new Set(loadFields(this.#db, object).map(({ name }) => name));
    const counts = incoming === null ? null : this.#applyPage(incoming, answeredAt, columns);
    const outcome = incoming === null || counts === null ? null : this.#outcomeOf(incoming, counts);
    const buried = applyTombstones(this.#db, tombstones, columns);
    rememberReadAt(this.#db, Math.max(incoming?.head.readAt ?? 0, latestEvidence(tombstones)));
    return {
      page: outcome,
      buried: buried + (counts?.buried ?? 0),
      ...applyEffects(this.#db, object, effects, outcome, incoming?.reader.parser.columns),
    };
  }

  /** Its rows are stored: that what they came in cannot be removed is no failure of theirs, and is swept up later. */
  #forget(page: number): void {
    try {
      this.dropPage(page);
    } catch {
      this.#pages.delete(page);
    }
  }

  #incoming(page: number): IncomingPage {
    const incoming = this.#pages.get(page);
    // It was begun on a thread that has died since.
    if (incoming === undefined) throw threadEnded();
    return incoming;
  }

  #applyPage({ head, reader }: IncomingPage, answeredAt: number, columns: ReadonlySet<string>): PageCounts {
    const { parser } = reader;
    // Read once from end to end: a cache would only fill memory.
    this.#db.exec(`PRAGMA spool.cache_size = -${spoolCacheKb}`);
    return applyPage(
      this.#db,
      {
        columns: parser.columns,
        rows: parser.rows,
        dead: parser.dead,
        ...pageTimes(head.readAt, answeredAt),
        partial: head.partial,
      },
      columns,
    );
  }

  #outcomeOf({ reader: { parser } }: IncomingPage, counts: PageCounts): PageOutcome {
    const { rows, absent, done, totalSize, columns } = parser;
    const { inserted, updated, undeleted } = counts;
    return {
      rows: rows + absent,
      inserted,
      updated,
      unchanged: rows - inserted - updated,
      undeleted,
      absent,
      done,
      totalSize,
      lastKey: lastKeyOf(this.#db, columns),
    };
  }

  perform(call: CallName, args: readonly unknown[], fences: readonly Fence[]): unknown {
    // What the other side may ask, and with what, MirrorCalls says.
    if (call in calls) {
      const perform = calls[call as keyof typeof calls] as (
        db: Connection,
        fences: readonly Fence[],
        ...args: unknown[]
      ) => unknown;
      return perform(this.#db, fences, ...args);
    }
    const method = this[call as keyof PageCalls] as (...args: unknown[]) => unknown;
    return method.call(this, ...args, fences);
  }
}

function latestEvidence(tombstones: BatchOrder['tombstones']): number {
  let latest = 0;
  for (const { evidenceAt } of tombstones) latest = Math.max(latest, evidenceAt);
  return latest;
}

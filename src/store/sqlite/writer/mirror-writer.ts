import { dirname, join } from 'node:path';
import { inodeOf } from '../../../base/inode.ts';
import { makeFolder } from '../../../base/make-folder.ts';
import { contact } from '../../../org/synced-object.ts';
import type { Connection } from '../../../sqlite/connection.ts';
import type { PageCounts } from '../../../sync/merge/page-counts.ts';
import { pageTimes } from '../../../sync/merge/page-row.ts';
import type { BatchOutcome } from '../../../sync/ports/mirror.ts';
import type { PageOutcome } from '../../../sync/ports/page.ts';
import type { SharedBuffers } from '../../page/shared-buffers.ts';
import type { Fence } from '../../write-kinds.ts';
import { adoptKeysOfNew, lastBeforeNew } from '../adopt-keys.ts';
import { openForWriting } from '../connection.ts';
import { adjustView, isViewCurrent, loadFields } from '../contact-schema.ts';
import { rememberReadAt } from '../contact-states.ts';
import { applyEffects } from '../effects.ts';
import { applyPage } from '../merge/apply-page.ts';
import { applyTombstones } from '../merge/apply-tombstones.ts';
import { migrate } from '../mirror-format.ts';
import { markAllLocalDue, markLocalDue } from '../two-way-records.ts';
import { calls } from './calls.ts';
import { IncomingPage } from './incoming-page.ts';
import { lastKeyOf } from './last-key.ts';
import type { BatchOrder, PageHead } from './protocol.ts';
import { spoolFolder, spoolName } from './spool-folder.ts';
import { inTransaction } from './transaction.ts';

const spoolCacheKb = 512;

/** One mirror's file as its writer thread holds it. */
export class MirrorWriter {
  readonly path: string;
  readonly #db: Connection;
  readonly #spools: string;
  readonly #buffers: SharedBuffers;

  constructor(path: string, create: boolean, buffers: SharedBuffers) {
    this.path = path;
    this.#buffers = buffers;
    this.#db = openForWriting(path, create);
    this.#spools = spoolFolder(dirname(path));
    try {
      migrate(this.#db, path);
      mendView(this.#db, path);
    } catch (error) {
      this.#db.close();
      throw error;
    }
  }

  close(): void {
    this.#db.close();
  }

  beginPage(head: PageHead): IncomingPage {
    makeFolder(this.#spools);
    const path = join(this.#spools, spoolName());
    return new IncomingPage(head, loadFields(this.#db, head.object), path, this.#buffers);
  }

  /** One transaction, with all the rows of `incoming`. Throws where it is not complete. May be asked again. */
  commit(order: BatchOrder, incoming: IncomingPage | null, fences: readonly Fence[]): BatchOutcome {
    const work = () => this.#apply(incoming, order);
    if (incoming === null) return inTransaction(this.#db, fences, work);
    incoming.end();
    return inTransaction(this.#db, fences, work, { attach: { name: 'spool', path: incoming.path } });
  }

  #apply(
    incoming: IncomingPage | null,
    { object, answeredAt, tombstones, effects }: BatchOrder,
  ): BatchOutcome {
    // A cycle without news brings no rows, and needs no fields.
    const hasRows = incoming !== null || tombstones.length > 0;
    const columns = new Set(hasRows ? loadFields(this.#db, object).map(({ name }) => name) : []);
    const before = hasRows ? lastBeforeNew(this.#db) : null;
    const counts = incoming === null ? null : this.#applyPage(incoming, answeredAt, columns);
    const outcome = incoming === null || counts === null ? null : this.#outcomeOf(incoming, counts);
    const buried = applyTombstones(this.#db, tombstones, columns);
    adoptKeysOfNew(this.#db, before);
    markLocalDue(this.#db, tombstones, incoming?.reader.parser.columns ?? null);
    rememberReadAt(this.#db, Math.max(incoming?.head.readAt ?? 0, latestEvidence(tombstones)));
    return {
      page: outcome,
      buried: buried + (counts?.buried ?? 0),
      ...applyEffects(this.#db, object, effects, outcome, {
        columns: incoming?.reader.parser.columns,
        readAt: incoming?.head.readAt,
      }),
    };
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

  /** One of the table's calls; what it is asked with, `MirrorCalls` says. */
  perform(call: keyof typeof calls, args: readonly unknown[], fences: readonly Fence[]): unknown {
    const perform = calls[call] as (
      db: Connection,
      fences: readonly Fence[],
      ...args: readonly unknown[]
    ) => unknown;
    return perform(this.#db, fences, ...args);
  }
}

/** As which schema of which file each mirror's view was current. Looking takes a twentieth of what an idle cycle does. */
const current = new Map<string, string>();

/**
 * Any program may have dropped the view, and another build of this tool have made it, which may have shown the local
 * rows in another way. Nothing is lost with it.
 */
function mendView(db: Connection, path: string): void {
  const schema = `${inodeOf(path)} ${db.pragma('schema_version', { simple: true })}`;
  if (current.get(path) === schema) return;
  if (isViewCurrent(db, contact.name)) {
    current.set(path, schema);
    return;
  }
  db.transaction(() => {
    adjustView(db, contact.name);
    markAllLocalDue(db);
  }).immediate();
}

function latestEvidence(tombstones: BatchOrder['tombstones']): number {
  let latest = 0;
  for (const { evidenceAt } of tombstones) latest = Math.max(latest, evidenceAt);
  return latest;
}

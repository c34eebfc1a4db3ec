import { dirname, join } from 'node:path';
import { withFinallySync } from '../../../base/finally.ts';
import { isoTime } from '../../../base/iso-time.ts';
import { makeFolder } from '../../../base/make-folder.ts';
import type { ContactDescribe } from '../../../sync/ports/field.ts';
import type { BatchOutcome, MirrorIdentity, SchemaChange } from '../../../sync/ports/mirror.ts';
import type { NewOutboxEntry, OutboxState, SendWay, Settlement } from '../../../sync/ports/outbox.ts';
import type { Brake } from '../../../sync/ports/outbox-intake.ts';
import type { PageOutcome } from '../../../sync/ports/page.ts';
import type { Chunk, NewChunk, RunKind, RunOutcome, RunStep } from '../../../sync/ports/run.ts';
import { commitIntake, type OpenPush } from '../commit-intake.ts';
import { type Connection, openForWriting, withSmallCache } from '../connection.ts';
import { ensureLookup } from '../contact-lookup.ts';
import { ensureIndices, loadFields, storeDescribe } from '../contact-schema.ts';
import { applyEffects, clearReadBack } from '../effects.ts';
import { applyPage, type PageCounts } from '../merge/apply-page.ts';
import { applyTombstones } from '../merge/apply-tombstones.ts';
import { readMeta, writeMeta } from '../meta.ts';
import { insertEntries, markEntriesSent, moveEntries, settleEntries } from '../outbox-records.ts';
import type { Scratch } from '../page/scratch.ts';
import { prepared } from '../prepared.ts';
import { type Replacement, replaceContents } from '../replace-contents.ts';
import { endRun, insertChunks, insertRun, insertStep } from '../run-records.ts';
import { migrate } from '../schema.ts';
import { damaged } from '../sqlite-fault.ts';
import { lastKeyOf } from './last-key.ts';
import { PageIntake } from './page-intake.ts';
import type { BatchOrder, MirrorCalls, PageHead } from './protocol.ts';
import { spoolFolder, spoolName } from './spool-folder.ts';
import { threadEnded } from './thread-ended.ts';
import { inDurableTransaction, inTransaction } from './transaction.ts';

const spoolCacheKb = 512;

/** One mirror's file as its writer thread holds it. */
export class MirrorWriter implements MirrorCalls {
  readonly path: string;
  readonly #db: Connection;
  readonly #spools: string;
  readonly #scratch: Scratch;
  readonly #pages = new Map<number, PageIntake>();

  constructor(path: string, create: boolean, scratch: Scratch) {
    this.path = path;
    this.#scratch = scratch;
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
    this.#pages.set(page, new PageIntake(head, loadFields(this.#db), path, this.#scratch));
  }

  addBlock(page: number, block: Uint8Array<ArrayBuffer>): void {
    // A block that was under way when its page was dropped.
    this.#pages.get(page)?.reader.add(block);
    // Frees the megabyte now; the garbage collector would let dozens of them pile up.
    block.buffer.transfer(0);
  }

  endPage(page: number): void {
    this.#intake(page).end();
  }

  dropPage(page: number): void {
    this.#pages.get(page)?.remove();
    this.#pages.delete(page);
  }

  commit({ page, answeredAt, tombstones, effects }: BatchOrder): BatchOutcome {
    const intake = page === null ? null : this.#intake(page);
    // ATTACH works outside of transactions only.
    if (intake !== null) this.#attach(intake.path);
    return withFinallySync(
      () => this.#commit(intake, { answeredAt, tombstones, effects }),
      () => {
        if (intake !== null) this.#db.exec('DETACH spool');
      },
    );
  }

  #commit(
    intake: PageIntake | null,
    { answeredAt, tombstones, effects }: Omit<BatchOrder, 'page'>,
  ): BatchOutcome {
    return inTransaction(this.#db, () => {
      const columns = new Set(loadFields(this.#db).map(({ name }) => name));
      const counts = intake === null ? null : this.#applyPage(intake, answeredAt, columns);
      const outcome = intake === null || counts === null ? null : this.#outcomeOf(intake, counts);
      const buried = applyTombstones(this.#db, tombstones, columns);
      this.#rememberTime(Math.max(intake?.head.readAt ?? 0, latestEvidence(tombstones)));
      return {
        page: outcome,
        buried: buried + (counts?.buried ?? 0),
        ...applyEffects(this.#db, effects, outcome),
      };
    });
  }

  #intake(page: number): PageIntake {
    const intake = this.#pages.get(page);
    // It was begun on a thread that has died since.
    if (intake === undefined) throw threadEnded();
    return intake;
  }

  #attach(path: string): void {
    prepared(this.#db, 'ATTACH ? AS spool').run(path);
    // Read once from end to end: a cache would only fill memory.
    this.#db.exec(`PRAGMA spool.cache_size = -${spoolCacheKb}`);
  }

  #applyPage({ head, reader }: PageIntake, answeredAt: number, columns: ReadonlySet<string>): PageCounts {
    const { parser } = reader;
    return applyPage(
      this.#db,
      {
        columns: parser.columns,
        rows: parser.rows,
        dead: parser.dead,
        readAt: isoTime(Math.floor(head.readAt)),
        answeredAt: isoTime(Math.ceil(answeredAt)),
        partial: head.partial,
      },
      columns,
    );
  }

  #outcomeOf({ reader: { parser } }: PageIntake, counts: PageCounts): PageOutcome {
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

  /** So that the org's clock, which each process learns anew, never runs behind what is stored. */
  #rememberTime(at: number): void {
    const known = Number(readMeta(this.#db, 'latest_read_at') ?? 0);
    if (at > known) writeMeta(this.#db, 'latest_read_at', String(at));
  }

  setIdentity({ orgId, userId, instanceUrl }: MirrorIdentity): void {
    inTransaction(this.#db, () => {
      writeMeta(this.#db, 'org_id', orgId);
      writeMeta(this.#db, 'user_id', userId);
      writeMeta(this.#db, 'instance_url', instanceUrl);
    });
  }

  applyDescribe(describe: ContactDescribe, at: number, only: readonly string[] | undefined): SchemaChange {
    return inTransaction(this.#db, () => {
      const change = storeDescribe(this.#db, describe, only);
      writeMeta(this.#db, 'describe_last_modified', describe.lastModified);
      writeMeta(this.#db, 'described_at', isoTime(at));
      return change;
    });
  }

  ensureIndices(): void {
    withSmallCache(this.#db, () => inTransaction(this.#db, () => ensureIndices(this.#db)));
  }

  ensureLookup(field: string): void {
    withSmallCache(this.#db, () => inTransaction(this.#db, () => ensureLookup(this.#db, field)));
  }

  startRun(kind: RunKind, at: number, state: Record<string, unknown>): string {
    return inTransaction(this.#db, () => insertRun(this.#db, kind, at, state));
  }

  addStep(runId: string, step: RunStep): void {
    inTransaction(this.#db, () => insertStep(this.#db, runId, step));
  }

  finishRun(runId: string, outcome: RunOutcome): void {
    inTransaction(this.#db, () => endRun(this.#db, runId, outcome));
  }

  addChunks(runId: string, chunks: readonly NewChunk[]): Chunk[] {
    return inTransaction(this.#db, () => insertChunks(this.#db, runId, chunks));
  }

  addApiCalls(hour: number, calls: number): void {
    inTransaction(this.#db, () =>
      this.#db
        .prepare(
          `INSERT INTO api_call (hour, calls) VALUES (?, ?)
           ON CONFLICT (hour) DO UPDATE SET calls = calls + excluded.calls`,
        )
        .run(hour, calls),
    );
  }

  saveMeta(key: string, value: string): void {
    inTransaction(this.#db, () => writeMeta(this.#db, key, value));
  }

  commitIntake(path: string, brake: Brake, push: OpenPush): ReturnType<typeof commitIntake> {
    // ATTACH works outside of transactions only.
    prepared(this.#db, 'ATTACH ? AS intake').run(path);
    try {
      return inDurableTransaction(this.#db, () => commitIntake(this.#db, brake, push));
    } finally {
      this.#db.exec('DETACH intake');
    }
  }

  assertSound(): void {
    const fault = this.#db.pragma('quick_check(1)', { simple: true });
    if (fault !== 'ok') throw damaged(this.path, String(fault));
  }

  replaceContents(path: string, replacement: Replacement): void {
    prepared(this.#db, 'ATTACH ? AS fresh').run(path);
    withFinallySync(
      () => inTransaction(this.#db, () => replaceContents(this.#db, replacement)),
      () => this.#db.exec('DETACH fresh'),
    );
  }

  endPush(id: string): void {
    inTransaction(this.#db, () => this.#db.prepare('DELETE FROM push WHERE id = ?').run(id));
  }

  addEntries(entries: readonly NewOutboxEntry[]): void {
    inDurableTransaction(this.#db, () => insertEntries(this.#db, entries));
  }

  markSent(keys: readonly string[], way: SendWay, at: number, orgAt: number | null): void {
    inDurableTransaction(this.#db, () => markEntriesSent(this.#db, keys, way, at, orgAt));
  }

  settle(settlements: readonly Settlement[]): void {
    inDurableTransaction(this.#db, () => settleEntries(this.#db, settlements));
  }

  moveEntries(keys: readonly string[], from: readonly OutboxState[], to: OutboxState, at: number): string[] {
    return inDurableTransaction(this.#db, () => moveEntries(this.#db, keys, from, to, at));
  }

  clearReadBack(keys: readonly string[]): void {
    inDurableTransaction(this.#db, () => clearReadBack(this.#db, keys));
  }
}

function latestEvidence(tombstones: BatchOrder['tombstones']): number {
  let latest = 0;
  for (const { evidenceAt } of tombstones) latest = Math.max(latest, evidenceAt);
  return latest;
}

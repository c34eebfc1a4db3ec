import { throwIfAborted } from '../../base/abort.ts';
import type { Clock } from '../../base/clock.ts';
import { messageOf, systemCodeOf } from '../../base/errors.ts';
import { isoTime } from '../../base/iso-time.ts';
import type { ContactDescribe } from '../../sync/ports/field.ts';
import type {
  Batch,
  BatchOutcome,
  Cursors,
  Mirror,
  MirrorCounts,
  MirrorIdentity,
  ReadBefore,
  SchemaChange,
  StoredField,
} from '../../sync/ports/mirror.ts';
import type { Outbox } from '../../sync/ports/outbox.ts';
import type { OutboxIntake } from '../../sync/ports/outbox-intake.ts';
import type { Gone } from '../../sync/ports/page.ts';
import type { Chunk, NewChunk, Run, RunKind, RunOutcome, RunStep } from '../../sync/ports/run.ts';
import { findIdsBy, hasLookup } from './contact-lookup.ts';
import { loadFields } from './contact-schema.ts';
import { readCursors } from './effects.ts';
import { readMeta } from './meta.ts';
import type { MirrorFile, MirrorWrite } from './mirror-file.ts';
import { findRun, findRunsByPrefix, listChunks, listRuns, listSteps } from './run-records.ts';
import { SqliteIntake } from './sqlite-intake.ts';
import { SqliteOutbox } from './sqlite-outbox.ts';
import { sendPage } from './writer/send-page.ts';

/** The port `Mirror` on one SQLite file: reads here, writes through the file's writer thread. */
export class SqliteMirror implements Mirror {
  readonly path: string;
  readonly outbox: Outbox;
  readonly #file: MirrorFile;
  readonly #write: MirrorWrite;
  readonly #clock: Clock;
  readonly #release: () => Promise<void>;

  constructor(file: MirrorFile, clock: Clock, release: () => Promise<void>, signal?: AbortSignal) {
    this.#file = file;
    this.#write = file.writer(signal);
    this.#clock = clock;
    this.#release = release;
    this.path = file.path;
    this.outbox = new SqliteOutbox(file, this.#write);
  }

  async openIntake(): Promise<OutboxIntake> {
    return new SqliteIntake(this.#file, this.#write);
  }

  get isInPlace(): boolean {
    return this.#file.isInPlace;
  }

  async identity(): Promise<MirrorIdentity | null> {
    return this.#file.read((db) => {
      const orgId = readMeta(db, 'org_id');
      const userId = readMeta(db, 'user_id');
      const instanceUrl = readMeta(db, 'instance_url');
      return orgId === null || userId === null || instanceUrl === null
        ? null
        : { orgId, userId, instanceUrl };
    });
  }

  async setIdentity(identity: MirrorIdentity): Promise<void> {
    await this.#write('setIdentity', identity);
  }

  async fields(): Promise<StoredField[]> {
    return this.#file.read(loadFields);
  }

  async describedAt(): Promise<{ lastModified: string | null; at: number } | null> {
    return this.#file.read((db) => {
      const at = readMeta(db, 'described_at');
      return at === null
        ? null
        : { lastModified: readMeta(db, 'describe_last_modified'), at: Date.parse(at) };
    });
  }

  async confirmDescribe(at: number): Promise<void> {
    await this.#write('saveMeta', 'described_at', isoTime(at));
  }

  async applyDescribe(
    describe: ContactDescribe,
    at: number,
    only?: readonly string[],
  ): Promise<SchemaChange> {
    return this.#write('applyDescribe', describe, at, only);
  }

  async latestReadAt(): Promise<number | undefined> {
    const at = this.#file.read((db) => readMeta(db, 'latest_read_at'));
    return at === null ? undefined : Number(at);
  }

  async cursors(): Promise<Cursors> {
    return this.#file.read(readCursors);
  }

  async counts(): Promise<MirrorCounts> {
    return this.#file.read((db) => {
      const count = (sql: string) => db.prepare(sql).pluck().get() as number;
      const deleted = count('SELECT count(*) FROM contact WHERE _gone IS NOT NULL');
      return { contacts: count('SELECT count(*) FROM contact') - deleted, deleted };
    });
  }

  async states(ids: readonly string[]): Promise<Map<string, { gone: Gone | null; stamp: string | null }>> {
    return this.#file.read((db) => {
      const rows = db
        .prepare(
          `SELECT c.Id, c._gone, coalesce(c.SystemModstamp, c._deleted_stamp) FROM json_each(?) j
           CROSS JOIN contact c ON c.Id = j.value`,
        )
        .raw()
        .all(JSON.stringify(ids)) as [id: string, gone: Gone | null, stamp: string | null][];
      return new Map(rows.map(([id, gone, stamp]) => [id, { gone, stamp }]));
    });
  }

  async idsBy(field: string, values: readonly string[]): Promise<Map<string, string>> {
    if (!this.#file.read((db) => hasLookup(db, field))) await this.#write('ensureLookup', field);
    return this.#file.read((db) => findIdsBy(db, field, values));
  }

  async readBefore(before: number, { after, limit }: { after: number; limit: number }): Promise<ReadBefore> {
    return this.#file.read((db) => {
      const rows = db
        .prepare(
          `SELECT c.rowid, c.Id, coalesce(max(x.at, c._read_at), x.at, c._read_at, '1970') AS last_read
           FROM contact c LEFT JOIN contact_seen x ON x.id = c.Id
           WHERE c.rowid > ? AND c._gone IS NULL AND last_read < ? ORDER BY c.rowid LIMIT ?`,
        )
        .raw()
        .all(after, isoTime(before), limit) as [rowid: number, id: string, at: string][];
      return {
        rows: rows.map(([, id, at]) => ({ id, readAt: Date.parse(at) })),
        next: rows.length < limit ? null : rows.at(-1)![0],
      };
    });
  }

  async ensureIndices(): Promise<void> {
    await this.#write('ensureIndices');
  }

  async startRun(kind: RunKind, at: number, state: Record<string, unknown>): Promise<string> {
    return this.#write('startRun', kind, at, state);
  }

  async addStep(runId: string, step: RunStep): Promise<void> {
    await this.#write('addStep', runId, step);
  }

  async finishRun(runId: string, outcome: RunOutcome): Promise<void> {
    await this.#write('finishRun', runId, outcome);
  }

  async run(runId: string): Promise<Run | null> {
    return this.#file.read((db) => findRun(db, runId));
  }

  async runs(filter: { kind?: RunKind; status?: Run['status']; limit: number }): Promise<Run[]> {
    return this.#file.read((db) => listRuns(db, filter));
  }

  async runsByPrefix(prefix: string): Promise<Run[]> {
    return this.#file.read((db) => findRunsByPrefix(db, prefix));
  }

  async steps(runId: string): Promise<RunStep[]> {
    return this.#file.read((db) => listSteps(db, runId));
  }

  async addChunks(runId: string, chunks: readonly NewChunk[]): Promise<Chunk[]> {
    return this.#write('addChunks', runId, chunks);
  }

  async chunks(runId: string, state?: Chunk['state']): Promise<Chunk[]> {
    return this.#file.read((db) => listChunks(db, runId, state));
  }

  async apply(batch: Batch, { signal }: { signal?: AbortSignal } = {}): Promise<BatchOutcome> {
    const { page, tombstones = [], effects = {} } = batch;
    throwIfAborted(signal);
    if (page === undefined) {
      return this.#write('commit', { page: null, answeredAt: 0, tombstones, effects });
    }
    const began = this.#clock.monotonicMs();
    const route = this.#file.pageRoute();
    try {
      await sendPage(page, route, signal);
      // The org's time when the last row had come: at the latest what has passed here since it was asked for.
      const answeredAt = page.answeredAt?.() ?? page.readAt + (this.#clock.monotonicMs() - began);
      throwIfAborted(signal);
      return await this.#write('commit', { page: route.page, answeredAt, tombstones, effects });
    } finally {
      await this.#file.dropPage(route.page);
    }
  }

  async addApiCalls(hour: number, calls: number): Promise<void> {
    await this.#write('addApiCalls', hour, calls);
  }

  async apiCallsSince(hour: number): Promise<number> {
    return this.#file.read(
      (db) =>
        db
          .prepare('SELECT coalesce(sum(calls), 0) FROM api_call WHERE hour >= ?')
          .pluck()
          .get(hour) as number,
    );
  }

  async apiUsage(): Promise<{ used: number; max: number; at: number } | null> {
    const usage = this.#file.read((db) => readMeta(db, 'api_usage'));
    return usage === null ? null : (JSON.parse(usage) as { used: number; max: number; at: number });
  }

  async saveApiUsage(usage: { used: number; max: number; at: number }): Promise<void> {
    await this.#write('saveMeta', 'api_usage', JSON.stringify(usage));
  }

  async checkIntegrity(): Promise<string[]> {
    try {
      return this.#file.read((db) => {
        const lines = db.pragma('integrity_check(20)') as { integrity_check: string }[];
        return lines.map((line) => line.integrity_check).filter((line) => line !== 'ok');
      });
    } catch (error) {
      if (systemCodeOf(error)?.startsWith('SQLITE_CORRUPT'))
        return [messageOf((error as Error).cause ?? error)];
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#release();
  }
}

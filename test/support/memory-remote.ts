import { throwIfAborted } from '../../src/base/abort.ts';
import { AppError } from '../../src/base/errors.ts';
import { fullId } from '../../src/org/record-id.ts';
import type { SyncedObject } from '../../src/org/synced-object.ts';
import type { BulkJob, BulkQueries } from '../../src/sync/ports/bulk-queries.ts';
import type { Field } from '../../src/sync/ports/field.ts';
import type { PageBody } from '../../src/sync/ports/page.ts';
import type { Queries } from '../../src/sync/ports/queries.ts';
import type { Window } from '../../src/sync/ports/record-changes.ts';
import type { RecordWrites, WriteOutcome } from '../../src/sync/ports/record-writes.ts';
import type { Remote } from '../../src/sync/ports/remote.ts';
import type { RemoteRecords } from '../../src/sync/ports/remote-records.ts';
import { describeOf, field } from '../store/sqlite/contact-fields.ts';
import { memoryIngest } from './memory-ingest.ts';
import { cellOf, type OrgRecord, selected } from './select-records.ts';

const bulkRows = 2;
const mostPageRows = 2_000;

/**
 * An org in memory behind the port, for what sync does without HTTP: one object, the queries that sync asks, and
 * neither limits nor users. It is as the port's contract (test/contract/remote.contract.ts) says.
 */
export class MemoryRemote implements Remote {
  readonly instanceUrl = 'https://org.example';
  readonly userId = '005000000000001AAA';
  readonly #object: SyncedObject;
  readonly #fields: readonly Field[];
  readonly #rows = new Map<string, OrgRecord>();
  /** By Id: when it was made or changed last, ms since 1970; a delete is no change. */
  readonly #writtenAt = new Map<string, number>();
  readonly #jobs = new Map<string, { soql: string; deleted: boolean; readAt: number }>();
  /** By Idempotency-Key. */
  readonly #made = new Map<string, WriteOutcome>();
  #calls = 0;
  #time: number;

  /** `startedAt`: the org's time, ms since 1970; it stands still but for `pass` and the millisecond of each look at it. */
  constructor(object: SyncedObject, startedAt: number) {
    this.#object = object;
    this.#fields = [...describeOf().fields, field('CreatedById', 'reference')];
    this.#time = startedAt;
  }

  pass(ms: number): void {
    this.#time += ms;
  }

  readonly clock = { now: () => ++this.#time, told: () => this.#time };

  readonly usage = {
    sent: () => this.#calls,
    reported: () => null,
    limits: async () => {
      const daily = { Max: 100_000, Remaining: 100_000 - this.#calls };
      return {
        dailyApiRequests: { max: daily.Max, remaining: daily.Remaining },
        all: { DailyApiRequests: daily },
      };
    },
  };

  readonly queries: Queries = {
    all: async (soql, { deleted, signal } = {}) => {
      this.#call(signal);
      const readAt = this.clock.now();
      const found = selected(this.#rows.values(), soql, deleted === true);
      const records = found.rows.map((row) => pick(row, found.fields));
      return { records, totalSize: records.length, readAt, answeredAt: this.clock.now() };
    },
    page: async (soql, fields, { pageSize = mostPageRows, deleted = false, signal } = {}) => {
      this.#call(signal);
      const { rows } = selected(this.#rows.values(), soql, deleted);
      const records = rows.slice(0, pageSize).map((row) => pick(row, fields));
      const text = JSON.stringify({ totalSize: rows.length, done: rows.length <= pageSize, records });
      const mostRows = Math.min(pageSize, mostPageRows);
      return {
        format: 'query',
        fields,
        readAt: this.clock.now(),
        expectedRows: null,
        mostRows,
        blocks: blocksOf(text),
      };
    },
    requestBytes: (soql) => encodeURIComponent(soql).length + 200,
    fieldsOf: async (object, { signal } = {}) => {
      this.#call(signal);
      return object === this.#object.name ? [...this.#fields] : null;
    },
  };

  readonly bulk: BulkQueries = {
    create: async (soql, operation, { signal } = {}) => {
      this.#call(signal);
      const id = fullId(`750${String(this.#jobs.size + 1).padStart(12, '0')}`);
      this.#jobs.set(id, { soql, deleted: operation === 'queryAll', readAt: this.clock.now() });
      return { ...this.#job(id), state: 'UploadComplete', numberRecordsProcessed: 0 };
    },
    info: async (jobId, { signal } = {}) => {
      this.#call(signal);
      return this.#job(jobId);
    },
    results: async (jobId, fields, { locator, signal } = {}) => {
      this.#call(signal);
      return this.#resultPage(jobId, Number(locator ?? 0), fields);
    },
    resultPages: async (jobId, { signal } = {}) => {
      this.#call(signal);
      const { numberRecordsProcessed: rows } = this.#job(jobId);
      const from = Array.from({ length: Math.max(1, Math.ceil(rows / bulkRows)) }, (_, n) => n * bulkRows);
      return { resultUrls: from.map((at) => `/jobs/query/${jobId}/${at}`), nextRecordsUrl: null, done: true };
    },
    resultPage: async (url, fields, { signal } = {}) => {
      this.#call(signal);
      const [, jobId = '', at = '0'] = /\/jobs\/query\/(\w+)\/(\d+)$/.exec(url) ?? [];
      return this.#resultPage(jobId, Number(at), fields);
    },
    delete: async (jobId, { signal } = {}) => {
      this.#call(signal);
      this.#jobs.delete(jobId);
    },
  };

  async identity() {
    this.#call(undefined);
    return { orgId: '00D000000000001AAA', userId: '005000000000001AAA', username: 'user@org.example' };
  }

  of(object: SyncedObject): RemoteRecords {
    if (object.name !== this.#object.name) throw new Error(`This org has ${this.#object.name} alone.`);
    return this.#records;
  }

  readonly #writes: RecordWrites = {
    createIdempotent: async ({ key, fields }, { signal } = {}) => {
      this.#call(signal);
      const outcome = this.#made.get(key) ?? this.#create(fields);
      this.#made.set(key, outcome);
      return outcome;
    },
    createMany: async (records, { signal } = {}) =>
      this.#each(records, signal, (record) => this.#create(record)),
    updateMany: async (records, { signal } = {}) =>
      this.#each(records, signal, ({ Id, ...changes }) => this.#change(String(Id), changes)),
    deleteMany: async (ids, { signal } = {}) =>
      this.#each(ids, signal, (id) => this.#change(id, { IsDeleted: true })),
    upsertMany: async (field, records, { signal } = {}) =>
      this.#each(records, signal, (record) => this.#upsert(record, field)),
  };

  readonly #ingest = memoryIngest({
    called: (signal) => this.#call(signal),
    insert: (record) => this.#create(record),
    update: ({ Id, ...changes }) => this.#change(String(Id), changes),
    delete: ({ Id }) => this.#change(String(Id), { IsDeleted: true }),
    upsert: (record, field) => this.#upsert(record, field),
  });

  readonly #records: RemoteRecords = {
    writes: this.#writes,
    ingest: this.#ingest,
    changes: {
      updated: async (window, { signal } = {}) => {
        this.#call(signal);
        const ids = [...this.#writtenAt].flatMap(([id, at]) => (within(at, window) ? [id] : []));
        return { ids, latestDateCovered: Math.min(window.end, this.#time), ...this.#moment() };
      },
      deleted: async (window, { signal } = {}) => {
        this.#call(signal);
        const gone = [...this.#rows.values()].filter(
          (row) => row.IsDeleted === true && within(Date.parse(String(row.SystemModstamp)), window),
        );
        const records = gone.map((row) => ({ id: String(row.Id), deletedDate: String(row.SystemModstamp) }));
        const latestDateCovered = Math.min(window.end, this.#time);
        return { records, earliestDateAvailable: null, latestDateCovered, ...this.#moment() };
      },
    },
    describe: async ({ ifModifiedSince, signal } = {}) => {
      this.#call(signal);
      const lastModified = new Date(0).toUTCString();
      return ifModifiedSince === lastModified ? 'not-modified' : { fields: [...this.#fields], lastModified };
    },
    count: async (where, { signal } = {}) => {
      this.#call(signal);
      const soql = `SELECT Id FROM ${this.#object.name}${where === null ? '' : ` WHERE ${where}`}`;
      return selected(this.#rows.values(), soql, false).rows.length;
    },
    retrieve: async (ids, fields, { signal } = {}) => {
      this.#call(signal);
      const full = ids.map(fullId);
      const found = full.map((id) => {
        const row = this.#rows.get(id);
        return row === undefined || row.IsDeleted === true ? null : pick(row, fields);
      });
      const blocks = blocksOf(JSON.stringify(found));
      return {
        format: 'collection',
        fields,
        readAt: this.clock.now(),
        expectedRows: ids.length,
        ids: full,
        blocks,
      };
    },
  };

  #call(signal: AbortSignal | undefined): void {
    throwIfAborted(signal);
    this.#calls++;
  }

  #each<T>(
    records: readonly T[],
    signal: AbortSignal | undefined,
    work: (record: T) => WriteOutcome,
  ): WriteOutcome[] {
    this.#call(signal);
    return records.map(work);
  }

  #live(): OrgRecord[] {
    return [...this.#rows.values()].filter((row) => row.IsDeleted !== true);
  }

  /** Salesforce's stamps have whole seconds. */
  #stamp(): string {
    return `${new Date(this.clock.now()).toISOString().slice(0, 19)}.000+0000`;
  }

  #create(fields: Record<string, unknown>): WriteOutcome {
    if (cellOf(fields.LastName) === null) return refused('REQUIRED_FIELD_MISSING', 'LastName');
    const Id = fullId(`${this.#object.keyPrefix}${String(this.#rows.size + 1).padStart(12, '0')}`);
    const stamp = this.#stamp();
    const made = { CreatedById: this.userId, CreatedDate: stamp, SystemModstamp: stamp, IsDeleted: false };
    this.#rows.set(Id, { ...fields, Id, ...made });
    this.#writtenAt.set(Id, Date.parse(stamp));
    return { kind: 'done', id: Id, created: true };
  }

  #upsert(record: Record<string, unknown>, field: string): WriteOutcome {
    const value = cellOf(record[field]);
    const known = this.#live().find((row) => cellOf(row[field]) === value);
    return known === undefined ? this.#create(record) : this.#change(String(known.Id), record);
  }

  #change(id: string, changes: Record<string, unknown>): WriteOutcome {
    const row = this.#rows.get(fullId(id));
    if (row === undefined || row.IsDeleted === true) return refused('ENTITY_IS_DELETED', 'Id');
    const stamp = this.#stamp();
    this.#rows.set(fullId(id), { ...row, ...changes, SystemModstamp: stamp });
    if (changes.IsDeleted !== true) this.#writtenAt.set(fullId(id), Date.parse(stamp));
    return { kind: 'done', id: fullId(id), created: false };
  }

  #moment() {
    return { answeredAt: this.#time, durationMs: 0, readAt: this.clock.now() };
  }

  #found(jobId: string) {
    const job = this.#jobs.get(jobId);
    if (job !== undefined) return { job, ...selected(this.#rows.values(), job.soql, job.deleted) };
    const details = { status: 404, errorCode: 'NOT_FOUND', retryAfterMs: null, request: `GET ${jobId}` };
    throw new AppError('SALESFORCE_ERROR', `There is no job ${jobId}.`, { details });
  }

  #job(jobId: string): BulkJob {
    const { rows } = this.#found(jobId);
    return {
      id: jobId,
      state: 'JobComplete',
      apiVersion: '62.0',
      numberRecordsProcessed: rows.length,
      errorMessage: null,
    };
  }

  #resultPage(
    jobId: string,
    from: number,
    fields: readonly string[],
  ): { body: PageBody; nextLocator: string | null } {
    const { job, rows } = this.#found(jobId);
    const page = rows.slice(from, from + bulkRows);
    const line = (cells: readonly unknown[]) =>
      `${cells.map((cell) => `"${cellOf(cell) ?? ''}"`).join(',')}\n`;
    const text = line(fields) + page.map((row) => line(fields.map((name) => row[name]))).join('');
    const next = from + bulkRows;
    return {
      body: { format: 'csv', fields, readAt: job.readAt, expectedRows: page.length, blocks: blocksOf(text) },
      nextLocator: next < rows.length ? String(next) : null,
    };
  }
}

function within(at: number, { start, end }: Window): boolean {
  return at >= start && at < end;
}

function refused(code: string, field: string): WriteOutcome {
  return { kind: 'refused', errors: [{ code, message: `${field}: ${code}`, fields: [field] }] };
}

function pick(row: OrgRecord, fields: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(fields.map((name) => [name, row[name] ?? null]));
}

async function* blocksOf(text: string): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  yield new Uint8Array(new TextEncoder().encode(text));
}

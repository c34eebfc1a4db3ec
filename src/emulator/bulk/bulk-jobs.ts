import { notFound } from '../http/api-error.ts';
import type { IngestEnd } from './ingest-end.ts';
import type { IngestJob } from './ingest-job.ts';
import type { QueryJob } from './query-job.ts';

const dayMs = 86_400_000;
/** "Results are kept for 7 days" (Bulk API 2.0 limits). */
const keptMs = 7 * dayMs;

export type PlannedEnd = IngestEnd & { afterRows: number };

/** The org's bulk jobs. A job is found by its id of 15 or 18 characters until it is deleted or 7 days old. */
export class BulkJobs {
  readonly #now: () => number;
  readonly #makeId: (number: number) => string;
  readonly #queries = new Map<string, QueryJob>();
  readonly #ingests = new Map<string, IngestJob>();
  #count = 0;
  #queryStarts: number[] = [];
  /** Rows that ingest jobs took, and when. */
  #taken: { at: number; rows: number; batches: number }[] = [];
  #planned: PlannedEnd | undefined;

  constructor(now: () => number, makeId: (number: number) => string) {
    this.#now = now;
    this.#makeId = makeId;
  }

  nextId(): string {
    return this.#makeId(++this.#count);
  }

  addQuery(job: QueryJob): void {
    this.#queries.set(job.id, job);
    this.#queryStarts.push(job.createdMs);
  }

  addIngest(job: IngestJob): void {
    this.#ingests.set(job.id, job);
  }

  /** NOT_FOUND for a job that is not there (any more). */
  query(id: string): QueryJob {
    this.#forgetOld();
    const job = find(this.#queries, id);
    if (!job) throw notFound();
    return job;
  }

  ingest(id: string): IngestJob {
    this.#forgetOld();
    const job = find(this.#ingests, id);
    if (!job) throw notFound();
    return job;
  }

  deleteQuery(job: QueryJob): void {
    release(job);
    this.#queries.delete(job.id);
  }

  deleteIngest(job: IngestJob): void {
    this.#ingests.delete(job.id);
  }

  queries(): QueryJob[] {
    this.#forgetOld();
    return [...this.#queries.values()];
  }

  ingests(): IngestJob[] {
    this.#forgetOld();
    return [...this.#ingests.values()];
  }

  /** The next job that is worked off ends so, when so many of its rows are done. */
  planEnd(planned: PlannedEnd): void {
    this.#planned = planned;
  }

  /** Once. */
  takePlannedEnd(): PlannedEnd | undefined {
    const planned = this.#planned;
    this.#planned = undefined;
    return planned;
  }

  rowsToday(): number {
    this.#forgetTaken();
    return this.#taken.reduce((sum, { rows }) => sum + rows, 0);
  }

  /** Each 10,000 rows of a job are a batch ("How Requests Are Processed"). */
  batchesToday(): number {
    this.#forgetTaken();
    return this.#taken.reduce((sum, { batches }) => sum + batches, 0);
  }

  /** How many of so many rows may be worked off; they count from now on. */
  takeRows(rows: number, limit: number): number {
    const taken = Math.max(0, Math.min(rows, limit - this.rowsToday()));
    this.#taken.push({ at: this.#now(), rows: taken, batches: 0 });
    return taken;
  }

  takeBatches(batches: number): void {
    this.#taken.push({ at: this.#now(), rows: 0, batches });
  }

  queryJobsToday(): number {
    const since = this.#now() - dayMs;
    this.#queryStarts = this.#queryStarts.filter((at) => at > since);
    return this.#queryStarts.length;
  }

  clear(): void {
    for (const job of this.#queries.values()) release(job);
    // Work that is under way ends with its chunk.
    for (const job of this.#ingests.values()) job.phase = 'aborted';
    this.#queries.clear();
    this.#ingests.clear();
    this.#queryStarts = [];
    this.#taken = [];
    this.#planned = undefined;
  }

  #forgetTaken(): void {
    const since = this.#now() - dayMs;
    this.#taken = this.#taken.filter(({ at }) => at > since);
  }

  #forgetOld(): void {
    const before = this.#now() - keptMs;
    for (const job of this.#queries.values()) if (job.createdMs < before) this.deleteQuery(job);
    for (const job of this.#ingests.values()) if (job.createdMs < before) this.deleteIngest(job);
  }
}

function find<T extends { id: string }>(jobs: Map<string, T>, id: string): T | undefined {
  return jobs.get(id) ?? [...jobs.values()].find((job) => job.id.slice(0, 15) === id);
}

function release({ rendering }: QueryJob): void {
  if (rendering.kind === 'ready') rendering.rows.release();
  if (rendering.kind === 'running') rendering.abort.abort();
}

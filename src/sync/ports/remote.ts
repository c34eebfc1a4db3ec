import type { ContactDescribe, Field } from './field.ts';
import type { PageBody } from './page.ts';

export interface CallOptions {
  signal?: AbortSignal;
}

export interface PageOptions extends CallOptions {
  /**
   * What becomes of "too much at once" (503, 429, the concurrent limit): repeated within the call by default;
   * 'throw' hands it up at once, to callers that queue again themselves.
   */
  whenCrowded?: 'repeat' | 'throw';
}

export interface OrgIdentity {
  orgId: string;
  userId: string;
  username: string;
}

/** A span of the org's time, ms since 1970. The API drops the seconds of both ends. */
export interface Window {
  start: number;
  end: number;
}

export interface UpdatedAnswer {
  ids: string[];
  /** ms since 1970; null where the answer says none. */
  latestDateCovered: number | null;
  /** The `Date` header of the answer, ms since 1970 (whole seconds). */
  answeredAt: number;
  /** From sending to the end of the answer, monotonic. */
  durationMs: number;
  readAt: number;
}

export interface DeletedAnswer {
  records: { id: string; deletedDate: string }[];
  earliestDateAvailable: number | null;
  latestDateCovered: number | null;
  answeredAt: number;
  durationMs: number;
  readAt: number;
}

/** Small answers as objects, values as JSON gives them. Never the hot path. */
export interface QueryAnswer {
  records: Record<string, unknown>[];
  totalSize: number;
  /** The org's time when the request was sent / when its answer had arrived. */
  readAt: number;
  answeredAt: number;
}

export type BulkState = 'UploadComplete' | 'InProgress' | 'JobComplete' | 'Failed' | 'Aborted';

export interface BulkJob {
  id: string;
  state: BulkState;
  apiVersion: string;
  numberRecordsProcessed: number;
  errorMessage: string | null;
}

export interface BulkPage {
  body: PageBody;
  /** Locator of the next page; null on the last one. */
  nextLocator: string | null;
}

/** `GET /jobs/query/{id}/resultPages`: up to five URLs a call, in order. */
export interface BulkResultPages {
  resultUrls: string[];
  nextRecordsUrl: string | null;
  done: boolean;
}

export interface OrgLimits {
  dailyApiRequests: { max: number; remaining: number };
  /** Everything the org reports, by Salesforce's names. */
  all: Record<string, { Max: number; Remaining: number }>;
}

export interface RecordError {
  code: string;
  message: string;
  fields: string[];
}

/**
 * What became of one record of a write.
 * `done`: Salesforce committed it. `refused`: Salesforce said no to this record; sending it again as it is
 * would not help. `not-done`: surely not committed and worth repeating (401, limits, 429, never connected; with
 * `ofRecord` Salesforce said so of this record alone, a locked row for one).
 * `unknown`: it may have been committed (cut, timeout, any 5xx, any other 4xx that names no fault of the record).
 */
export type WriteOutcome =
  | { kind: 'done'; id: string; created: boolean }
  | { kind: 'refused'; errors: RecordError[] }
  | { kind: 'not-done'; error: Error; ofRecord?: true }
  | { kind: 'unknown'; error: Error };

export interface WriteOptions extends CallOptions {
  /** `Sforce-Duplicate-Rule-Header: allowSave=true` and its equals. */
  allowDuplicates?: boolean;
}

export interface IdempotentCreate {
  /** UUID v4, sent as `Idempotency-Key`. */
  key: string;
  fields: Record<string, unknown>;
}

/**
 * One org as sync needs it. Reads are repeated inside (bounded, with backoff and Retry-After); writes are
 * sent once. Every call has a timeout. Errors are AppErrors: `LOGIN_REQUIRED`, `REQUEST_LIMIT_EXCEEDED`,
 * `ORG_UNAVAILABLE`, `NETWORK_UNREACHABLE`, `TIMEOUT`, `EXCEEDED_ID_LIMIT`, `INVALID_REPLICATION_DATE`,
 * `INVALID_QUERY_LOCATOR`, `INVALID_FIELD`, `QUERY_TIMEOUT`, `REFUSED_FOR_NOW`, else `SALESFORCE_ERROR`; `details`
 * carries `{status, errorCode, retryAfterMs}` and, of REQUEST_LIMIT_EXCEEDED, `limit`: 'daily', 'concurrent' or 'other'.
 */
export interface Remote {
  readonly instanceUrl: string;
  readonly apiVersion: string;
  /**
   * The org's time, ms since 1970: the best lower bound that its `Date` headers and the monotonic clock
   * give, strictly increasing from call to call. Throws before the first answer.
   */
  now(): number;
  /** The same by the org's answers alone, which may lie before what `now()` gave or a mirror has stored. */
  orgTime(): number;
  /** HTTP requests sent so far, repeats included. */
  apiCalls(): number;
  /** `api-usage` of the last Sforce-Limit-Info header; null before one was seen. */
  apiUsage(): { used: number; max: number; at: number } | null;

  identity(options?: CallOptions): Promise<OrgIdentity>;
  /** 'not-modified' only where `ifModifiedSince` was given. */
  describeContact(
    options?: CallOptions & { ifModifiedSince?: string | null },
  ): Promise<ContactDescribe | 'not-modified'>;
  /** The fields of another object (a parent); null where the org has none of that name, or this user may not see it. */
  describeObject(object: string, options?: CallOptions): Promise<Field[] | null>;
  limits(options?: CallOptions): Promise<OrgLimits>;
  /** `SELECT COUNT() FROM Contact [WHERE where]`. */
  count(where: string | null, options?: CallOptions): Promise<number>;
  /** A query whose whole answer is small; follows nextRecordsUrl to the end. `all` asks queryAll. */
  query(soql: string, options?: CallOptions & { all?: boolean }): Promise<QueryAnswer>;
  /** One REST query page, raw. Never follows cursors. */
  queryPage(
    soql: string,
    fields: readonly string[],
    options?: PageOptions & { pageSize?: number },
  ): Promise<PageBody>;
  /** Bytes that the request of `soql` would take with its URI and headers (Salesforce stops at 16,384). */
  queryRequestBytes(soql: string): number;
  updated(window: Window, options?: CallOptions): Promise<UpdatedAnswer>;
  deleted(window: Window, options?: CallOptions): Promise<DeletedAnswer>;
  /** sObject Collections retrieve, at most 2,000 ids. */
  retrieve(ids: readonly string[], fields: readonly string[], options?: CallOptions): Promise<PageBody>;

  readonly bulk: RemoteBulk;
  readonly writes: RemoteWrites;
}

/** Bulk API 2.0 query jobs. */
export interface RemoteBulk {
  create(soql: string, operation: 'query' | 'queryAll', options?: CallOptions): Promise<BulkJob>;
  info(jobId: string, options?: CallOptions): Promise<BulkJob>;
  /** One result page by locator (null: the first). */
  results(
    jobId: string,
    fields: readonly string[],
    options?: PageOptions & { locator?: string | null; maxRecords?: number },
  ): Promise<BulkPage>;
  /** One page of `resultPages`; `nextUrl` continues a list. Throws where the org's API is older than 58. */
  resultPages(jobId: string, options?: CallOptions & { nextUrl?: string }): Promise<BulkResultPages>;
  /** The rows behind one URL that `resultPages` named. */
  resultPage(url: string, fields: readonly string[], options?: PageOptions): Promise<BulkPage>;
  abort(jobId: string, options?: CallOptions): Promise<void>;
  delete(jobId: string, options?: CallOptions): Promise<void>;
}

/** Writes are sent once; what became of them is told, never thrown (except an abort before sending). */
export interface RemoteWrites {
  /** UI API `POST /ui-api/records` with `Idempotency-Key`; 'unsupported' where the org does not honour it. */
  createIdempotent(record: IdempotentCreate, options?: WriteOptions): Promise<WriteOutcome | 'unsupported'>;
  /** sObject Collections, at most 200; one outcome per record, in order. */
  createMany(
    records: readonly Record<string, unknown>[],
    options?: WriteOptions & { allOrNone?: boolean },
  ): Promise<WriteOutcome[]>;
  /** Each record carries `Id`. */
  updateMany(
    records: readonly Record<string, unknown>[],
    options?: WriteOptions & { allOrNone?: boolean },
  ): Promise<WriteOutcome[]>;
  deleteMany(
    ids: readonly string[],
    options?: WriteOptions & { allOrNone?: boolean },
  ): Promise<WriteOutcome[]>;
  /** Upsert by an external id that is unique; each record carries that field. */
  upsertMany(
    field: string,
    records: readonly Record<string, unknown>[],
    options?: WriteOptions & { allOrNone?: boolean },
  ): Promise<WriteOutcome[]>;
}

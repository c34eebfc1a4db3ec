import type { CallOptions } from './call-options.ts';

export interface RecordError {
  code: string;
  message: string;
  fields: string[];
  /** Ids, with 18 characters, of records that this one is a duplicate of; left out where none is named. */
  duplicates?: string[];
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
  /** Asked right before each request of the call leaves; where it throws, that request is `not-done` with its error. */
  confirm?: () => Promise<void>;
}

export interface IdempotentCreate {
  /** UUID v4, sent as `Idempotency-Key`. */
  key: string;
  fields: Record<string, unknown>;
}

/** Writes are sent once; what became of them is told, never thrown (except an abort before sending). */
export interface RecordWrites {
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

import type { DuplicateResult } from '../schema/fault.ts';

/** One record to write: fields as JSON gave them (`attributes` is ignored, `Id` names the row for update). */
export interface RecordInput {
  readonly object: string;
  readonly fields: Record<string, unknown>;
}

export interface SaveError {
  readonly statusCode: string;
  readonly message: string;
  readonly fields: readonly string[];
  /** Only for DUPLICATES_DETECTED. */
  readonly duplicateResult?: DuplicateResult;
}

/** A result per record, in the order of the input. */
export interface SaveResult {
  readonly success: boolean;
  /** The 18-character id; null where the record was not written (an update's error keeps it null as well). */
  readonly id: string | null;
  readonly errors: readonly SaveError[];
  /** Only for upsert. */
  readonly created?: boolean;
  /** Upsert by a field that several rows match: their ids (REST answers 300 with their URLs). */
  readonly matches?: readonly string[];
  /** The HTTP status a single-record call has for this failure. */
  readonly status?: number;
}

export interface WriteOptions {
  /** A failure rolls everything back and marks the others ALL_OR_NONE_OPERATION_ROLLED_BACK. Default false. */
  readonly allOrNone?: boolean;
  /** Sforce-Duplicate-Rule-Header: allowSave=true. */
  readonly allowDuplicates?: boolean;
  /**
   * Where values come from: `json` (the default) refuses a wrong JSON type with JSON_PARSER_ERROR for the whole
   * call; `csv` takes strings for every type, `#N/A` for null, and leaves out empty strings.
   */
  readonly source?: 'json' | 'csv';
  /** The request's text, if at hand: positions in JSON_PARSER_ERROR messages are looked up in it. */
  readonly body?: string;
  /** Bulk hardDelete: the row does not stay in the Recycle Bin. Only for `delete`. */
  readonly hard?: boolean;
}

import type { ErrorInfo } from './error-info.ts';

/** One record of the input, before any validation. */
export interface PushRecord {
  /** File name as given, `-` for standard input. */
  source: string;
  /** Position in its source, from 0. */
  index: number;
  /** Line on which it begins, from 1; null where it is not known. */
  line: number | null;
  /** Values as JSON has them; a number that a double would not keep as it was written is a NumberText. */
  fields: Record<string, unknown>;
  /** The values are text (CSV) and take their type from describe. */
  untyped: boolean;
  /** What its reader found wrong with this record alone (a name given twice); told with the faults against describe. */
  faults?: readonly RecordNote[];
}

export type RecordNote = Pick<RecordFault, 'field' | 'code' | 'message'>;

export interface PushOptions {
  org: string | null;
  /** In the order of the input, at most 1,000 a batch. Read once; what it throws ends the push with nothing stored. */
  records: AsyncIterable<readonly PushRecord[]>;
  upsertField: string | null;
  dryRun: boolean;
  /** Put into the outbox only; the next watch cycle or push sends. */
  queue: boolean;
  allOrNone: boolean;
  allowDuplicates: boolean;
}

export interface PushError {
  code: string;
  message: string;
  fields: string[];
}

export type PushStatus =
  | 'created'
  | 'updated'
  | 'deleted'
  | 'rejected'
  | 'queued'
  | 'in-doubt'
  | 'conflict'
  | 'held'
  | 'valid';

/** One per record, in the order of the input. */
export interface PushItem {
  index: number;
  source: string;
  line: number | null;
  /** The outbox entry's key; null in a dry run. */
  key: string | null;
  status: PushStatus;
  id: string | null;
  errors: PushError[];
}

export interface PushResult {
  instanceUrl: string;
  results: PushItem[];
  created: number;
  updated: number;
  deleted: number;
  rejected: number;
  queued: number;
  inDoubt: number;
  runId: string | null;
  /** Why sending ended before every entry was sent; null where it did not. */
  stopped: ErrorInfo | null;
}

/** A fault of one record against describe; INVALID_INPUT carries them all in `details.faults`. */
export interface RecordFault {
  source: string;
  index: number;
  line: number | null;
  field: string | null;
  code: string;
  message: string;
}

import type { CallOptions } from './call-options.ts';
import type { RecordError, WriteOptions } from './record-writes.ts';

export type IngestOperation = 'insert' | 'update' | 'upsert' | 'delete';

/** `Open` takes data; nothing is done of it before the job is closed, which makes it `UploadComplete`. */
export type IngestState = 'Open' | 'UploadComplete' | 'InProgress' | 'JobComplete' | 'Failed' | 'Aborted';

export interface NewIngestJob {
  operation: IngestOperation;
  /** External id field of an upsert, which has to be one of the columns. */
  upsertField?: string;
}

export interface IngestJob {
  id: string;
  state: IngestState;
  /** Rows that the org has worked off, those that failed included. */
  processed: number;
  failed: number;
  /** Why a job failed as a whole; null where it did not. */
  errorMessage: string | null;
  /** When its state was changed last, by the org's clock (SystemModstamp), ms since 1970; null where the org does not say. */
  changedAt: number | null;
}

/** `unprocessed`: not done by now, the job ended before them; rows of batches under way may be yet. */
export type IngestFile = 'successful' | 'failed' | 'unprocessed';

/** A row of a result file. It names what was sent by its cells alone, and stands in no promised place. */
export interface IngestRow {
  /** Of the record; null where there is none (a failed insert) or the file names none (`unprocessed`). */
  id: string | null;
  /** Of `successful`: whether the record was made. */
  created: boolean;
  /** Of `failed`: what Salesforce said. */
  error: RecordError | null;
  /** Of `failed`: nothing is wrong with the record, and sending it again later may do (a locked row). */
  passes: boolean;
  /** In the order of the columns that were asked for. */
  cells: string[];
}

/**
 * Bulk API 2.0 ingest jobs of one object. Errors are as `Remote` says. What only prepares or looks is repeated inside; data and
 * the word that starts the work are sent once, and where their answer is lost the job's state tells what came of it.
 */
export interface IngestJobs {
  /** Repeated where the answer is lost: a job that nobody closes does nothing, and Salesforce drops it after seven days. */
  create(job: NewIngestJob, options?: WriteOptions): Promise<IngestJob>;
  /**
   * The CSV (UTF-8, commas, LF, a header) of the whole job, once; at most 100 MB. Where it throws, the job must not be closed:
   * it may hold a part. `csv` is asked for its bytes anew where a token has to be renewed.
   */
  upload(jobId: string, csv: () => AsyncIterable<Uint8Array>, options?: WriteOptions): Promise<void>;
  /** Starts the work. Where it throws, it may have started; closing a job that is closed throws. */
  close(jobId: string, options?: WriteOptions): Promise<IngestJob>;
  /** Null where the org knows no such job: it was deleted, or is older than seven days. */
  info(jobId: string, options?: CallOptions): Promise<IngestJob | null>;
  /**
   * The rows of one result file of a job that has ended, some at a time; to be read to the end. Throws in the midst where the file
   * is cut or does not have these columns.
   */
  results(
    jobId: string,
    file: IngestFile,
    columns: readonly string[],
    options?: CallOptions,
  ): AsyncIterable<IngestRow[]>;
  /** An open job whose data are not wanted; what was already done of a closed one stays done. */
  abort(jobId: string, options?: CallOptions): Promise<void>;
  /** A job that has ended; none that is gone. */
  delete(jobId: string, options?: CallOptions): Promise<void>;
}

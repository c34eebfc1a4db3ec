import type { BulkFormat } from '../org/org.ts';

export const ingestOperations = ['insert', 'update', 'upsert', 'delete', 'hardDelete'] as const;
export type IngestOperation = (typeof ingestOperations)[number];
export type IngestState = 'Open' | 'UploadComplete' | 'InProgress' | 'JobComplete' | 'Failed' | 'Aborted';

/** What became of each uploaded row. */
export interface IngestResult {
  header: string[];
  successful: { id: string; created: boolean; row: string[] }[];
  failed: { id: string; error: string; row: string[] }[];
  unprocessed: string[][];
}

/** A Bulk API 2.0 ingest job: data is uploaded while it is open, and worked off when it is closed. */
export interface IngestJob {
  id: string;
  operation: IngestOperation;
  object: string;
  externalIdFieldName: string | undefined;
  createdById: string;
  createdMs: number;
  changedMs: number;
  apiVersion: string;
  format: BulkFormat;
  data: Buffer | undefined;
  phase: 'open' | 'closed' | 'running' | 'aborted' | 'done' | 'failed';
  /** From this instant the work is done; set when it is closed. */
  dueMs: number;
  result: IngestResult | undefined;
  errorMessage: string | undefined;
}

/** The queue's part of a job's time, before it is in progress. */
const queuedShare = 0.2;

/** A job that takes no time is in progress only while it is worked off. */
function isQueued({ changedMs, dueMs }: IngestJob, nowMs: number): boolean {
  return dueMs <= changedMs || nowMs < changedMs + (dueMs - changedMs) * queuedShare;
}

export function ingestJobState(job: IngestJob, nowMs: number): IngestState {
  switch (job.phase) {
    case 'open':
      return 'Open';
    case 'aborted':
      return 'Aborted';
    case 'failed':
      return 'Failed';
    case 'done':
      return 'JobComplete';
    case 'running':
      return 'InProgress';
    case 'closed':
      return isQueued(job, nowMs) ? 'UploadComplete' : 'InProgress';
  }
}

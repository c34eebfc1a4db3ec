import type { BulkFormat, BulkRows } from '../org/org.ts';

export type QueryJobState = 'UploadComplete' | 'InProgress' | 'JobComplete' | 'Failed' | 'Aborted';

/** How far the rendering of the rows has come. */
type Rendering =
  | { kind: 'running'; abort: AbortController }
  | { kind: 'ready'; rows: BulkRows }
  | { kind: 'failed'; message: string };

/** A Bulk API 2.0 query job. Its state follows from the org's clock and from the rendering. */
export interface QueryJob {
  id: string;
  operation: 'query' | 'queryAll';
  object: string;
  createdById: string;
  createdMs: number;
  changedMs: number;
  /** `62.0`; results are given in the same version only. */
  apiVersion: string;
  format: BulkFormat;
  /** From this instant it may be complete. */
  dueMs: number;
  /** Rows of a page where none are asked for; fixed at creation, so that locators stay true. */
  pageRows: number;
  aborted: boolean;
  rendering: Rendering;
}

/** The queue's part of a job's time, before it is in progress. */
const queuedShare = 0.2;

export function queryJobState(job: QueryJob, nowMs: number): QueryJobState {
  if (job.aborted) return 'Aborted';
  if (nowMs < job.createdMs + (job.dueMs - job.createdMs) * queuedShare) return 'UploadComplete';
  if (nowMs < job.dueMs || job.rendering.kind === 'running') return 'InProgress';
  return job.rendering.kind === 'failed' ? 'Failed' : 'JobComplete';
}

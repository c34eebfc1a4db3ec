import { parseUpload } from './ingest-csv.ts';
import type { IngestJob, IngestResult } from './ingest-job.ts';

/** How a job ends that is not worked off to its end. */
export interface IngestEnd {
  as: 'Aborted' | 'Failed';
  /** Why it failed. */
  message: string;
}

/** Ends a job that has not ended, by whoever may; what is done stays done, the rest is unprocessed from this moment on. */
export function endIngest(job: IngestJob, { as, message }: IngestEnd, now: number): void {
  if (job.phase === 'done' || job.phase === 'failed' || job.phase === 'aborted') return;
  leaveRest(job);
  job.phase = as === 'Aborted' ? 'aborted' : 'failed';
  if (as === 'Failed') job.errorMessage = message;
  job.changedMs = now;
}

/** Rows that are only shown are shown as they are, in whatever lines they came. */
export function unprocessedResult(job: IngestJob): IngestResult | undefined {
  try {
    const { header, rows } = parseUpload(job.data ?? Buffer.alloc(0), {
      ...job.format,
      lineEnding: undefined,
    });
    return { header, successful: [], failed: [], unprocessed: rows };
  } catch {
    // What is no CSV at all has no rows to show.
    return undefined;
  }
}

function leaveRest(job: IngestJob): void {
  const all = unprocessedResult(job);
  if (job.result === undefined || all === undefined) {
    job.result ??= all;
    return;
  }
  const { successful, failed } = job.result;
  job.result.unprocessed = all.unprocessed.slice(successful.length + failed.length);
}

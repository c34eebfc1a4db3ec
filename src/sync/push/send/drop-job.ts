import type { SyncContext } from '../../context.ts';

/** Without its closing a job does nothing, and Salesforce drops it after seven days: nothing depends on this. */
export async function dropJob(
  { records, log }: Pick<SyncContext, 'records' | 'log'>,
  jobId: string,
  signal: AbortSignal,
): Promise<void> {
  try {
    await records.ingest.abort(jobId, { signal });
    await records.ingest.delete(jobId, { signal });
  } catch (error) {
    log.debug('an ingest job that was never closed could not be removed', { jobId, why: String(error) });
  }
}

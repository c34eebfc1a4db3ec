import { isAbort } from '../../base/abort.ts';
import type { SyncContext } from '../context.ts';
import type { BackfillApi } from '../events.ts';
import { selectKeyPage } from '../soql.ts';
import { restPageRows } from './rest-chunks.ts';

/** Above this many contacts a bulk job is the faster and thriftier way. */
export const bulkAboveContacts = 20_000;
/** Salesforce stops at 16,384 bytes of URI and headers, the token included; the rest is kept free for growth. */
const restRequestBytes = 12_288;

export interface ApiChoice {
  api: BackfillApi;
  /** For people. */
  reason: string;
}

/** Chooses by count, by the size of the query, and by what the org's limits leave. */
export async function chooseApi(
  context: SyncContext,
  question: { asked: 'auto' | BackfillApi; total: number; fields: readonly string[]; signal?: AbortSignal },
): Promise<ApiChoice> {
  const { asked, total, fields, signal } = question;
  if (asked !== 'auto') return { api: asked, reason: 'asked for with --api' };
  const key = { stamp: '2000-01-01T00:00:00.000Z', id: '0'.repeat(18) };
  const stamp = '2000-01-01T00:00:00Z';
  const soql = selectKeyPage(
    fields,
    [`CreatedDate >= ${stamp}`, `CreatedDate < ${stamp}`],
    'CreatedDate',
    key,
    restPageRows,
  );
  const bytes = context.remote.queryRequestBytes(soql);
  if (bytes > restRequestBytes) {
    return { api: 'bulk', reason: `a REST query of all ${fields.length} fields would take ${bytes} bytes` };
  }
  if (total <= bulkAboveContacts) {
    return { api: 'rest', reason: `${total} contacts are few enough for REST queries` };
  }
  const jobsLeft = await bulkJobsLeft(context, signal);
  if (jobsLeft !== null && jobsLeft < 10) {
    return { api: 'rest', reason: `the org has only ${jobsLeft} bulk query jobs left today` };
  }
  return { api: 'bulk', reason: `${total} contacts are many` };
}

async function bulkJobsLeft({ remote, log }: SyncContext, signal?: AbortSignal): Promise<number | null> {
  try {
    const { all } = await remote.limits({ signal });
    return all.DailyBulkV2QueryJobs?.Remaining ?? null;
  } catch (error) {
    if (isAbort(error)) throw error;
    log.debug('the org does not tell its limits', { error: String(error) });
    return null;
  }
}

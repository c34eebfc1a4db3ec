import { isAbort } from '../../base/abort.ts';
import { AppError } from '../../base/errors.ts';
import { formatDuration } from '../../base/interval.ts';
import type { BatchSizes } from '../batch-sizes.ts';
import type { SyncContext } from '../context.ts';
import type { BackfillApi } from '../events.ts';
import { keyPageBytes, mostKeyPageBytes } from '../read/key-page.ts';

export interface ApiChoice {
  api: BackfillApi;
  /** For people. */
  reason: string;
}

/** Chooses by count, by the size of the query, and by what the org's limits leave. */
export async function chooseApi(
  context: SyncContext,
  question: {
    asked: 'auto' | BackfillApi;
    /** What it is for, as the first word of a sentence. */
    work?: string;
    total: number;
    fields: readonly string[];
    callsLeft: number | null;
    /** See PlanOptions. */
    fitsAfterMs?: ((calls: number) => Promise<number | null>) | undefined;
    signal?: AbortSignal;
  },
): Promise<ApiChoice> {
  const { asked, work = 'Copying', total, callsLeft, signal } = question;
  const choice: ApiChoice =
    asked === 'auto' ? await choose(context, question) : { api: asked, reason: 'asked for with --api' };
  const calls = callsOf(choice.api, total, context.sizes);
  if (callsLeft === null || calls <= callsLeft) return choice;
  const isBulkAffordable = asked === 'auto' && callsOf('bulk', total, context.sizes) <= callsLeft;
  const jobsLeft = isBulkAffordable ? await bulkJobsLeft(context, signal) : null;
  const lacksJobs = jobsLeft !== null && jobsLeft < jobsOf(total, context.sizes);
  if (isBulkAffordable && !lacksJobs) {
    return {
      api: 'bulk',
      reason: `REST queries would take ${calls} API calls, and ${callsLeft} are left of this tool's share`,
    };
  }
  const least =
    asked === 'auto' && !lacksJobs ? Math.min(calls, callsOf('bulk', total, context.sizes)) : calls;
  // Each try takes calls of the share itself: one that comes too soon too often would never find enough.
  const retryAfterMs = (await question.fitsAfterMs?.(least)) || null;
  const when =
    retryAfterMs === null
      ? ''
      : ` They fit into it in ${formatDuration(retryAfterMs)}, as old calls pass out of the 24 hours.`;
  throw new AppError(
    'API_BUDGET_EXHAUSTED',
    `${work} ${total} contacts takes about ${calls} API calls, and ${callsLeft} are left of this tool's share${lacksJobs ? `; the org has only ${jobsLeft} bulk query jobs left today` : ''}.${when}`,
    {
      hint: `Try again later, or raise the share with \`parahack-sync orgs set ORG --budget SHARE\` or PARAHACK_SYNC_API_BUDGET${lacksJobs ? '' : '; --api bulk takes the fewest calls'}.`,
      details: { calls, callsLeft, api: choice.api, retryAfterMs },
    },
  );
}

/** About how many calls a copy takes, with the closing cycle; measured at a million records. */
function callsOf(api: BackfillApi, total: number, { keyPageRows }: BatchSizes): number {
  return api === 'rest' ? 15 + Math.ceil(total / keyPageRows) : 20 + 3 * Math.ceil(total / 100_000);
}

/** One a span, and none of them lost. */
function jobsOf(total: number, { bulkSpanRows }: BatchSizes): number {
  return Math.max(1, Math.ceil(total / bulkSpanRows));
}

/** Fewer are left to the org's users. */
const leastJobsLeft = 10;

async function choose(
  context: SyncContext,
  { total, fields, signal }: { total: number; fields: readonly string[]; signal?: AbortSignal },
): Promise<ApiChoice> {
  const bytes = keyPageBytes(context, fields);
  if (bytes > mostKeyPageBytes) {
    return { api: 'bulk', reason: `a REST query of all ${fields.length} fields would take ${bytes} bytes` };
  }
  if (total <= context.sizes.bulkAboveRecords) {
    return { api: 'rest', reason: `${total} contacts are few enough for REST queries` };
  }
  const jobsLeft = await bulkJobsLeft(context, signal);
  if (jobsLeft !== null && jobsLeft < Math.max(leastJobsLeft, jobsOf(total, context.sizes))) {
    return { api: 'rest', reason: `the org has only ${jobsLeft} bulk query jobs left today` };
  }
  return { api: 'bulk', reason: `${total} contacts are many` };
}

async function bulkJobsLeft(
  { remote, log }: Pick<SyncContext, 'remote' | 'log'>,
  signal?: AbortSignal,
): Promise<number | null> {
  try {
    const { all } = await remote.usage.limits({ signal });
    return all.DailyBulkV2QueryJobs?.Remaining ?? null;
  } catch (error) {
    if (isAbort(error)) throw error;
    log.debug('the org does not tell its limits', { error: String(error) });
    return null;
  }
}

import { callDetailsOf } from '../../../base/call-details.ts';
import type { Clock } from '../../../base/clock.ts';
import { AppError, isAppError } from '../../../base/errors.ts';

/**
 * What a day's limit counts frees up over 24 hours, so that each further try costs requests, and an upload whole, for mostly
 * nothing.
 */
const againMs = 3_600_000;

/**
 * The error with the time from which jobs are worth while again, where the org takes no more bulk jobs, batches or rows for
 * now (`ExceededQuota`: "The job or batch you tried to create exceeds the allowed number for the past 24-hour period").
 * Source: Bulk API 2.0 Developer Guide, "Errors".
 */
export function withTimeOfQuota(error: AppError, { now }: Pick<Clock, 'now'>): AppError {
  const details = callDetailsOf(error);
  if (typeof details.retryAfterMs === 'number') return error;
  const until = new Date(now() + againMs).toISOString().replace(/\.\d+/, '');
  return new AppError(error.code, error.message, {
    hint: `A watch tries again from ${until} on, \`push\` at once. "parahack-sync limits" shows what the org has left of its bulk batches, and the same push again with \`--api collections\` needs none: it takes an API request for each 200 records. Nothing is lost meanwhile.`,
    details: { ...details, retryAfterMs: againMs },
    cause: error,
  });
}

/** A limit of the org's other than those that requests themselves count towards. */
export function isDayQuota(error: unknown): error is AppError {
  return isAppError(error, 'REQUEST_LIMIT_EXCEEDED') && callDetailsOf(error).limit === 'other';
}

import { AppError } from '../../base/errors.ts';
import type { ReportedUsage } from '../ports/call-ledger.ts';
import { type CallPurpose, pauseAt } from './share.ts';

/** `retryAfterMs`: until a call is back; null where no wait brings one. */
export function shareIsUsed(
  instanceUrl: string,
  {
    own,
    limit,
    purpose,
    share,
    retryAfterMs,
  }: { own: number; limit: number; purpose: CallPurpose; share: number; retryAfterMs: number | null },
): AppError {
  const rest = purpose === 'pull' ? ' beside what is kept for pushes' : '';
  return new AppError(
    'API_BUDGET_EXHAUSTED',
    `This tool has made ${own} API requests to ${instanceUrl} in the last 24 hours, and its share allows ${limit}${rest}.`,
    {
      hint: 'It goes on by itself as old calls pass out of the 24 hours; `parahack-sync orgs set ORG --budget SHARE` or PARAHACK_SYNC_API_BUDGET raises the share.',
      details: { own, allowed: limit, share, kind: purpose, retryAfterMs },
    },
  );
}

/** The org as a whole, or the quota that it gives this app, is used so far that the rest is left alone. */
export function orgRunsHigh(
  instanceUrl: string,
  {
    reported: { used, max, at, app },
    purpose,
    retryAfterMs,
  }: { reported: ReportedUsage; purpose: CallPurpose; retryAfterMs: number },
): AppError {
  const ofApp = app !== null && used < pauseAt[purpose] * max;
  const what = ofApp
    ? `The client app has used ${app.used} of the ${app.max} API requests that ${instanceUrl} gives it`
    : `${instanceUrl} has used ${used} of its ${max} daily API requests`;
  return new AppError('API_BUDGET_EXHAUSTED', `${what}; the rest is left to its users.`, {
    hint: 'Nothing is lost: the work goes on when the org has room again.',
    details: { used, max, at, app, kind: purpose, retryAfterMs },
  });
}

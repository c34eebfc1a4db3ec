import { callDetailsOf } from '../base/call-details.ts';
import type { ErrorCode } from '../base/error-codes.ts';
import { isAppError } from '../base/errors.ts';
import { failsAlone } from './fails-alone.ts';

const ofReading: readonly ErrorCode[] = [
  'BULK_JOB_FAILED',
  'BULK_JOB_INCOMPLETE',
  'BULK_JOB_SLOW',
  'COPY_DIFFERS',
  'CURSOR_IN_FUTURE',
  'CURSOR_OUT_OF_REACH',
  'EXCEEDED_ID_LIMIT',
  'INVALID_QUERY_LOCATOR',
  'INVALID_REPLICATION_DATE',
  'PAGE_INCOMPLETE',
  'PAGING_STUCK',
  'QUERY_TIMEOUT',
  'UNEXPECTED_COLUMN',
];

/**
 * Whether what a pull has failed of says nothing of pushes, not even that the org wants to be left alone for a while.
 * The share that pulls have used up still holds what is kept for pushes.
 */
export function failsReadingAlone(error: unknown): boolean {
  if (isAppError(error, 'API_BUDGET_EXHAUSTED')) return error.details?.kind === 'pull';
  const isAsked = (callDetailsOf(error).retryAfterMs ?? null) !== null;
  return (isAppError(error, ...ofReading) || failsAlone(error)) && !isAsked;
}

import { isAbort } from '../../../base/abort.ts';
import { isAppError } from '../../../base/errors.ts';

const notNow = [
  'API_BUDGET_EXHAUSTED',
  'LOGIN_DENIED',
  'LOGIN_FAILED',
  'LOGIN_REQUIRED',
  'NETWORK_UNREACHABLE',
  'ORG_UNAVAILABLE',
  'PAGE_INCOMPLETE',
  'QUERY_TIMEOUT',
  'REFUSED_FOR_NOW',
  'REQUEST_LIMIT_EXCEEDED',
  'TIMEOUT',
] as const;

/**
 * Whether a look at the org failed because the org cannot be asked now: a later look then tells what this one was to tell.
 * Whatever else a look fails of, a refusal of the question included, is a fault of this program or this machine and must come
 * out. An abort is none: it is heeded when the answers that are in hand are stored.
 */
export function cannotBeAsked(error: unknown): boolean {
  return isAbort(error) || isAppError(error, ...notNow);
}

import { type AppError, isAppError } from '../base/errors.ts';
import { networkFailure } from '../wire/network-failure.ts';
import { remoteError } from './remote-error.ts';

/** What a call without a whole answer ended with. `unsent`: whether the request surely never reached the org. */
export function networkError(
  thrown: unknown,
  request: string,
  host: string,
): { error: AppError; unsent: boolean } {
  if (isAppError(thrown)) return { error: thrown, unsent: false };
  const { code, message, hint, network, cause, unsent } = networkFailure(thrown, request, host);
  const details = { status: null, errorCode: null, retryAfterMs: null, request, ...(network && { network }) };
  return { error: remoteError(code, message, details, { hint, cause }), unsent };
}

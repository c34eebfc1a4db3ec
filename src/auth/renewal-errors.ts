import type { DetailsOf } from '../base/error-details.ts';
import { AppError } from '../base/errors.ts';
import type { Credential } from './credential.ts';

/**
 * The refresh lock was not to be had in time. Told not as an org that somebody else works on: whoever has taken the org
 * fails by this, and tries again. `holder`: who has the lock, where that is known.
 */
export function renewedForTooLong(
  instanceUrl: string,
  cause: AppError,
  holder: DetailsOf<'LOCK_TIMEOUT'>['holder'],
): AppError {
  const [other, hint] = holder?.isThisProcess
    ? ['call of this process', 'Wait for that call or end it, and try again.']
    : ['process', 'Look whether a parahack-sync process hangs, end it, and try again.'];
  return new AppError(
    'LOCK_TIMEOUT',
    `Another ${other} has been renewing the login of ${instanceUrl} for too long.`,
    { hint, details: { instanceUrl, holder }, cause },
  );
}

/** A renewal's answer names an address whose token the login host does not know. */
export function forgedAddress(instanceUrl: string, named: string, { loginUrl }: Credential): AppError {
  return new AppError(
    'LOGIN_FAILED',
    `A renewal of the login named another address, ${named}, and ${loginUrl} does not know its token.`,
    {
      hint: 'Nothing was sent there, and the former login is kept. Somebody may be tampering with the network: tell whoever runs it.',
      details: { instanceUrl, named, loginUrl },
    },
  );
}

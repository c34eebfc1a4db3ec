import { callDetailsOf } from '../../base/call-details.ts';
import { AppError } from '../../base/errors.ts';
import type { Credential } from '../credential.ts';
import { type OAuthRefusal, oauthError } from '../oauth-error.ts';
import { type LoginKind, loginCommand } from './login-command.ts';

/** The org's grant is gone or was never here: only a new login helps. `details` never holds a secret. */
export function loginRequired(
  instanceUrl: string,
  {
    login = { grant: 'refresh-token' },
    why,
    hint = `Run: ${loginCommand(instanceUrl, login)}`,
    details,
    cause,
  }: { login?: LoginKind; why?: string; hint?: string; details?: object; cause?: unknown } = {},
): AppError {
  return new AppError('LOGIN_REQUIRED', `A login is needed for ${instanceUrl}${why ? `: ${why}` : '.'}`, {
    hint,
    details: { instanceUrl, ...details },
    cause,
  });
}

/** What Salesforce said when it ended this credential's grant, now or earlier. */
export function grantRefused(
  { instanceUrl, refused, ...login }: Pick<Credential, 'instanceUrl' | 'refused'> & LoginKind,
  refusal: OAuthRefusal | null = null,
): AppError {
  const { error, description } = refused ?? { error: 'invalid_grant', description: null };
  const cause = oauthError(refusal ?? { error, description, status: null, during: 'refresh' });
  const details = callDetailsOf(cause);
  const command = loginCommand(instanceUrl, login);
  // What an admin has to change comes before any login.
  const hint = details.kind === 'admin' ? `${cause.hint} Or run: ${command}` : `Run: ${command}`;
  return loginRequired(instanceUrl, { login, why: cause.message, hint, details, cause });
}

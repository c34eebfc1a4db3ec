import { callDetailsOf } from '../../base/call-details.ts';
import { AppError } from '../../base/errors.ts';
import type { GrantKind } from '../../org/grant-kind.ts';
import type { Credential } from '../credential.ts';
import { type OAuthRefusal, oauthError } from '../oauth-error.ts';

const mends: Record<GrantKind, string> = {
  'refresh-token': 'parahack-sync login --instance-url URL',
  jwt: 'parahack-sync login --jwt-key-file FILE --username NAME --client-id ID --instance-url URL',
  'client-credentials': 'parahack-sync login --client-credentials --client-id ID --instance-url URL',
  'access-token': 'parahack-sync login --access-token-stdin --instance-url URL',
};

/** The org's grant is gone or was never here: only a new login helps. `details` never holds a secret. */
export function loginRequired(
  instanceUrl: string,
  {
    grant = 'refresh-token',
    why,
    hint = `Run: ${mends[grant].replace('URL', instanceUrl)}`,
    details,
    cause,
  }: { grant?: GrantKind; why?: string; hint?: string; details?: object; cause?: unknown } = {},
): AppError {
  return new AppError('LOGIN_REQUIRED', `A login is needed for ${instanceUrl}${why ? `: ${why}` : '.'}`, {
    hint,
    details: { instanceUrl, ...details },
    cause,
  });
}

/** What Salesforce said when it ended this credential's grant, now or earlier. */
export function grantRefused(
  { instanceUrl, grant, refused }: Pick<Credential, 'instanceUrl' | 'grant' | 'refused'>,
  refusal: OAuthRefusal | null = null,
): AppError {
  const { error, description } = refused ?? { error: 'invalid_grant', description: null };
  const cause = oauthError(refusal ?? { error, description, status: null, during: 'refresh' });
  const details = callDetailsOf(cause);
  const run = `Run: ${mends[grant].replace('URL', instanceUrl)}`;
  // What an admin has to change comes before any login.
  const hint = details.kind === 'admin' ? `${cause.hint} Or run: ${run.slice(5)}` : run;
  return loginRequired(instanceUrl, { grant, why: cause.message, hint, details, cause });
}

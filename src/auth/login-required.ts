import { AppError } from '../base/errors.ts';
import type { Credential, GrantKind } from './credential.ts';
import { oauthError } from './oauth-error.ts';

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
  status: number | null = null,
): AppError {
  const { error, description } = refused ?? { error: 'invalid_grant', description: null };
  const cause = oauthError({ error, description, status });
  return loginRequired(instanceUrl, { grant, why: cause.message, details: cause.details as object, cause });
}

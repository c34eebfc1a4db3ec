import { AppError } from '../base/errors.ts';
import { normaliseInstanceUrl } from '../org/instance-url.ts';
import type { OAuthRefusal } from './oauth-error.ts';
import { type OAuthRequestOptions, oauthRequest } from './oauth-request.ts';
import type { OAuthStep } from './refusals/known-refusal.ts';

export interface TokenAnswer {
  accessToken: string;
  /** Null where Salesforce gave none, as at a refresh without rotation. */
  refreshToken: string | null;
  /** Null where it was not sent or is no address that a token may be sent to. */
  instanceUrl: string | null;
  /** From the identity URL `…/id/<org>/<user>`; null where it was not sent. */
  orgId: string | null;
  userId: string | null;
  /** Milliseconds since 1970 by the org's clock; null where it was not sent. */
  issuedAt: number | null;
}

export type TokenResult = { ok: true; token: TokenAnswer } | { ok: false; refusal: OAuthRefusal };

/**
 * POST `/services/oauth2/token` with the given grant's form. A refusal is a value.
 * Source: RFC 6749 sections 5.1 and 5.2; Salesforce Help, "OAuth 2.0 Web Server Flow".
 */
export async function requestToken(
  loginUrl: string,
  form: Record<string, string> & { grant_type: string },
  { now, ...options }: OAuthRequestOptions & { now?: () => number },
): Promise<TokenResult> {
  const during = stepOf(form.grant_type);
  const answer = await oauthRequest(`${loginUrl}/services/oauth2/token`, { during, form, now }, options);
  if (!answer.ok) return answer;
  const { access_token, refresh_token, instance_url, id, issued_at } = answer.body;
  if (!isToken(access_token)) throw incomplete(loginUrl, 'a usable access_token');
  // Refused as a whole: a refresh token in whose place something else was kept would be lost for good.
  const givesRefreshToken = typeof refresh_token === 'string' && refresh_token !== '';
  if (givesRefreshToken && !isToken(refresh_token)) throw incomplete(loginUrl, 'a usable refresh_token');
  const [, orgId = null, userId = null] =
    /\/id\/([A-Za-z0-9]{15,18})\/([A-Za-z0-9]{15,18})\/?$/.exec(typeof id === 'string' ? id : '') ?? [];
  const issuedAt = Number(issued_at ?? Number.NaN);
  return {
    ok: true,
    token: {
      accessToken: access_token,
      refreshToken: givesRefreshToken ? refresh_token : null,
      instanceUrl: typeof instance_url === 'string' ? usable(instance_url) : null,
      orgId,
      userId,
      issuedAt: Number.isFinite(issuedAt) ? issuedAt : null,
    },
  };
}

function stepOf(grantType: string): OAuthStep {
  switch (grantType) {
    case 'refresh_token':
      return 'refresh';
    case 'client_credentials':
      return 'client-credentials';
    case 'authorization_code':
      return 'code';
    default:
      return 'jwt';
  }
}

/** Salesforce takes no header line that is longer. */
const maxTokenCharacters = 16_384;

/** Visible ASCII, as RFC 6749 appendix A.12 and A.17 have it, without the space, which no header line would keep. */
function isToken(value: unknown): value is string {
  return typeof value === 'string' && value.length <= maxTokenCharacters && /^[!-~]+$/.test(value);
}

function usable(instanceUrl: string): string | null {
  try {
    return normaliseInstanceUrl(instanceUrl);
  } catch {
    return null;
  }
}

export function incomplete(loginUrl: string, missing: string): AppError {
  return new AppError('LOGIN_FAILED', `${loginUrl} answered the login without ${missing}.`, {
    hint: 'Check that the login URL is a Salesforce host.',
  });
}

import type { Answer } from '../http/answer.ts';
import { emptyAnswer, textAnswer } from '../http/answer.ts';
import type { ApiRequest } from '../http/request.ts';
import { formOf } from '../http/request.ts';
import type { OAuthContext } from './oauth-context.ts';
import { formErrorAnswer, noStore, OAuthError } from './oauth-error.ts';

/**
 * `/services/oauth2/revoke` by POST or GET: an access token ends alone, a refresh token takes its sessions with
 * it (Revoke OAuth Tokens). A spent token of a live family counts as unknown.
 */
export function revoke(request: ApiRequest, { sessions, families }: OAuthContext): Answer {
  const params = formOf(request);
  const token = params.get('token') ?? '';
  const callback = params.get('callback');
  const found = families.lookUp(token);
  let revoked = false;
  if (found.kind === 'current') {
    sessions.closeFamily(found.family.id);
    revoked = families.revoke(found.family.id);
  } else {
    revoked = sessions.close(token);
  }
  if (revoked) {
    return callback && /^[\w.$]+$/.test(callback)
      ? textAnswer(200, `${callback}({});`, noStore)
      : emptyAnswer(200, noStore);
  }
  const code = token === '' ? 'unsupported_token_type' : 'invalid_token';
  return formErrorAnswer(
    new OAuthError(
      code,
      token === '' ? 'this token type is not supported' : 'invalid token: token not found',
    ),
  );
}

import { describe, expect, it } from 'vitest';
import { oauthError } from '../../src/auth/oauth-error.ts';

describe('what Salesforce says when it refuses a login', () => {
  it.each([
    ['access_denied', 'end-user denied authorization', 'LOGIN_DENIED', /press Allow/],
    ['access-denied', null, 'LOGIN_DENIED', /press Allow/],
    ['OAUTH_APP_BLOCKED', 'this app is blocked by admin', 'LOGIN_FAILED', /unblock/],
    ['OAUTH_APPROVAL_ERROR_GENERIC', 'An unexpected error', 'LOGIN_FAILED', /install/],
    ['OAUTH_APP_ACCESS_DENIED', 'user is not admin approved', 'LOGIN_FAILED', /profile/],
    ['invalid_client', 'app must be installed into org', 'LOGIN_FAILED', /install the app/],
    ['invalid_client', 'invalid client credentials', 'LOGIN_FAILED', /CLIENT_SECRET/],
    ['invalid_client_id', 'client identifier invalid', 'LOGIN_FAILED', /Consumer Key/],
    ['redirect_uri_mismatch', 'redirect_uri must match configuration', 'LOGIN_FAILED', /9717\/callback/],
    ['inactive_user', 'user is inactive', 'LOGIN_FAILED', /activate/],
    ['invalid_grant', 'inactive user', 'LOGIN_FAILED', /activate/],
    ['inactive_org', 'organization is not active', 'LOGIN_FAILED', /expired trial/],
    ['invalid_grant', 'ip restricted', 'LOGIN_FAILED', /login IP ranges/],
    ['invalid_grant', 'invalid login hours', 'LOGIN_FAILED', /hours/],
    ['invalid_grant', 'invalid code verifier', 'LOGIN_FAILED', /again/],
    ['invalid_request', 'code challenge required', 'LOGIN_FAILED', /proxy/],
    ['invalid_grant', 'expired authorization code', 'LOGIN_FAILED', /few minutes/],
    ['invalid_grant', "user hasn't approved this consumer", 'LOGIN_FAILED', /pre-authorized/],
    ['invalid_grant', 'audience is invalid', 'LOGIN_FAILED', /My Domain/],
    ['invalid_grant', 'invalid assertion', 'LOGIN_FAILED', /certificate/],
    ['invalid_grant', 'expired access/refresh token', 'LOGIN_FAILED', /Log in again/],
    ['invalid_grant', 'no client credentials user enabled', 'LOGIN_FAILED', /Run As/],
    ['invalid_scope', 'the requested scope is not allowed', 'LOGIN_FAILED', /refresh_token/],
    ['unsupported_grant_type', 'grant type not supported', 'LOGIN_FAILED', /Enable the flow/],
    ['rate_limit_exceeded', null, 'REQUEST_LIMIT_EXCEEDED', /Wait/],
    ['Bad_OAuth_Token', null, 'LOGIN_FAILED', /new token/],
    ['http_302', null, 'LOGIN_FAILED', /present address/],
    ['something_new', 'never seen', 'LOGIN_FAILED', /Login History/],
  ])('%s (%s) becomes a sentence and a hint', (error, description, code, hint) => {
    const explained = oauthError({ error, description, status: 400 });
    expect(explained).toMatchObject({
      code,
      details: { error, error_description: description, status: 400 },
    });
    expect(explained.message).toContain(error);
    expect(explained.message.length).toBeGreaterThan(error.length + 20);
    expect(explained.hint).toMatch(hint);
  });

  it('cuts and cleans what goes to the terminal', () => {
    const { message } = oauthError({ error: 'x\u001b[31m', description: 'y'.repeat(5_000), status: null });
    expect(message).not.toContain('\u001b');
    expect(message.length).toBeLessThan(400);
  });

  it('lets no line of its own, no turned direction and no endless details through', () => {
    const description = `fine\nError: forged\u202eneddih\u009b31m${'z'.repeat(100_000)}`;
    const { message, details } = oauthError({ error: 'x', description, status: null });
    expect(message).not.toMatch(/[\n\u202e\u009b]/);
    expect(JSON.stringify(details).length).toBeLessThan(1_000);
  });
});

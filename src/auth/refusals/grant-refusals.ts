import type { KnownRefusal } from './known-refusal.ts';

/** The grant that was offered (a code, an assertion, a token), and the request that offered it. */
export const grantRefusals: readonly KnownRefusal[] = [
  {
    error: /^(invalid_grant|invalid_request)$/i,
    description: /code[ _]verifier|code[ _]challenge|pkce/i,
    kind: 'login',
    message: 'Salesforce refused the proof key of this login (PKCE).',
    hint: 'Run the login again; if it stays, check that the app is not behind a proxy that rewrites requests.',
  },
  {
    error: /^(invalid_grant|invalid_assertion)$/i,
    description: /expired (authorization code|assertion)|assertion.*expired|\bexp\b/i,
    during: ['jwt'],
    kind: 'clock',
    message: 'Salesforce refused the JWT as out of date.',
    hint: "Set this machine's clock: an assertion is only taken within three minutes.",
  },
  {
    error: /^invalid_grant$/i,
    description: /authorization code/i,
    kind: 'login',
    message: "The login's code was already used or has expired.",
    hint: 'Run the login again and finish it within a few minutes.',
  },
  {
    error: /^invalid_grant$/i,
    description: /audience/i,
    kind: 'app',
    message: 'Salesforce refused the audience of the JWT.',
    hint: "Use --instance-url with the org's own My Domain, or --sandbox for a sandbox.",
  },
  {
    error: /^(invalid_grant|invalid_assertion|invalid_assertion_type|bad_jti_claim)$/i,
    description: /assertion|signature|jwt|algorithm/i,
    kind: 'app',
    orClock: true,
    message: 'Salesforce refused the JWT.',
    hint: "Check that the key file belongs to the certificate uploaded to the app, and this machine's clock.",
  },
  {
    error: /^(invalid_assertion|invalid_assertion_type|bad_jti_claim)$/i,
    kind: 'app',
    orClock: true,
    message: 'Salesforce refused the JWT.',
    hint: "Check that the key file belongs to the certificate uploaded to the app, and this machine's clock.",
  },
  {
    error: /^invalid_grant$/i,
    description:
      /expired access\/refresh token|token validity expired|\b(expired|revoked|invalid) refresh token|refresh token .{0,20}(expired|revoked|invalid)/i,
    kind: 'login',
    needsLogin: true,
    final: true,
    message: 'The refresh token has expired or was revoked.',
    hint: 'Log in again.',
  },
  {
    error: /^invalid_grant$/i,
    kind: 'login',
    orClock: true,
    message: 'Salesforce refused the grant.',
    hint: 'Log in again; the org\'s Setup, "Login History" says more.',
  },
  {
    error:
      /^(Bad_OAuth_Token|Missing_OAuth_Token|Wrong_Org|Bad_Id|INVALID_SESSION_ID|INVALID_AUTH_HEADER|invalid_token)$/i,
    kind: 'login',
    message: 'Salesforce does not accept the access token.',
    hint: 'It may have expired or belong to another org: check the instance URL and take a new token.',
  },
  {
    error: /^unsupported_token_type$/i,
    kind: 'login',
    message: 'Salesforce does not revoke this kind of token.',
    hint: 'An admin can end the session in Setup, "Session Management".',
  },
  {
    error: /^invalid_request$/i,
    kind: 'app',
    message: 'Salesforce did not take the login request.',
    hint: 'Check the app\'s OAuth settings and that no proxy rewrites requests; the org\'s Setup, "Login History" says more.',
  },
  {
    error: /^http_3\d\d$/,
    kind: 'login',
    message: 'Salesforce sends this login to another host, where secrets are not sent unasked.',
    hint: 'Give the org\'s present address with --instance-url (Setup, "My Domain").',
  },
];

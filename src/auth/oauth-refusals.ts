import type { ErrorCode } from '../base/error-codes.ts';
import type { RefusalKind } from '../base/refusal-kind.ts';

/** Which request was refused: the same words mean different things. */
export type OAuthStep =
  | 'authorize'
  | 'code'
  | 'refresh'
  | 'jwt'
  | 'client-credentials'
  | 'revoke'
  | 'userinfo';

export interface KnownRefusal {
  error: RegExp;
  /** Salesforce gives many causes one `error`, and tells them apart only in the description. */
  description?: RegExp;
  during?: readonly OAuthStep[];
  kind: RefusalKind;
  /** By its kind, unless told. */
  code?: ErrorCode;
  message: string;
  hint: string;
  /** Of an assertion: a clock that is minutes off explains it. */
  orClock?: true;
  /** Another refresh of the same token is under way: waited for, then asked again. */
  race?: true;
  /** In a renewal: a login helps. */
  needsLogin?: true;
  /** In a renewal: this refresh token will never be taken again, so that it is noted and not offered any more. */
  final?: true;
}

const appHint =
  "Ask an admin to install the app in the org, or register an external client app of your own and give its id with --client-id (README, 'Register the app').";
const clientIdHint =
  'Check --client-id (or PARAHACK_SYNC_CLIENT_ID) against the app\'s "Consumer Key"; a new app needs up to ten minutes to be known.';
const laterHint = 'Look at status.salesforce.com and try again later; nothing is lost.';
const inactiveUser = {
  kind: 'admin',
  message: 'The Salesforce user is deactivated or frozen.',
  hint: 'Ask an admin to activate the user, or log in as another one.',
} as const;
const inactiveOrg = {
  kind: 'admin',
  message: 'The Salesforce org is not active.',
  hint: 'The org may be locked, closed or an expired trial; check its instance URL and its status.',
} as const;
const appMissing = { kind: 'app', message: 'The app is not installed in this org.', hint: appHint } as const;
const network = {
  kind: 'admin',
  message: 'Salesforce does not accept this user from this network address or at this hour.',
  hint: 'Ask an admin to look at the profile\'s login IP ranges and hours, and at the app\'s "IP Relaxation".',
} as const;

/**
 * Everything that the authorize redirect and the token, revoke and userinfo endpoints are known to answer. First
 * match wins; the order is from the particular to the general.
 *
 * Sources: Salesforce Help, "OAuth 2.0 Authorization Errors" and the pages of each flow; its articles 005132365
 * (blocked apps), 005316711 (rotation) and 000312767 (login rate); the release notes of Summer and Winter '24 on
 * simultaneous refreshes; the names in Salesforce's Mobile SDK (OAuthErrorCode); RFC 6749 sections 4.1.2.1 and 5.2,
 * RFC 7009, RFC 8628.
 */
const knownRefusals: readonly KnownRefusal[] = [
  // Passing.
  {
    error: /^invalid_grant$/i,
    description: /already being processed/i,
    kind: 'passing',
    race: true,
    message: 'Salesforce is just renewing this login for somebody else.',
    hint: 'Try again in a minute; the login is kept.',
  },
  {
    // What the same race was answered with before Winter '24.
    error: /^invalid_grant$/i,
    description: /expired authorization code/i,
    during: ['refresh'],
    kind: 'passing',
    race: true,
    message: 'Salesforce is just renewing this login for somebody else.',
    hint: 'Try again in a minute; the login is kept.',
  },
  {
    error:
      /^(server_error|temporarily_unavailable|service_unavailable|system_down|unknown_error|app_attest_failed_retry|SERVER_UNAVAILABLE)$/i,
    kind: 'passing',
    message: 'Salesforce could not handle the login just now.',
    hint: laterHint,
  },
  {
    error: /^(slow_down|authorization_pending)$/i,
    kind: 'passing',
    message: 'Salesforce asks to wait before the login is asked for again.',
    hint: 'Try again in a minute.',
  },
  {
    error: /^(rate_limit_exceeded|login_rate_exceeded|REQUEST_LIMIT_EXCEEDED)$/i,
    kind: 'limit',
    message: 'Salesforce allows no more logins for now.',
    hint: 'Wait an hour and try again.',
  },
  {
    error: /./,
    description: /rate (limit )?exceeded|login rate|limit exceeded|too many (login|request|attempt)/i,
    kind: 'limit',
    message: 'Salesforce allows no more logins for now.',
    hint: 'Wait an hour and try again.',
  },

  // The user's own word.
  {
    error: /^access[_-]denied$/i,
    kind: 'login',
    code: 'LOGIN_DENIED',
    message: 'The login was refused in the browser.',
    hint: 'Run the login again and press Allow.',
  },

  // The app: not installed, blocked, unknown, wrongly set up.
  {
    error: /^(app_not_found|OAUTH_EC_APP_NOT_FOUND|ecapp_policy_not_found|oauth_policy_not_found)$/i,
    ...appMissing,
  },
  { error: /./, description: /not installed in (this|the) org|must be installed/i, ...appMissing },
  {
    error: /^(OAUTH_APPROVAL_ERROR_GENERIC|installation_error)$/i,
    kind: 'app',
    message:
      'Salesforce could not approve the app for this user, most often because it is not installed in the org.',
    hint: appHint,
  },
  {
    error: /^(OAUTH_APP_BLOCKED|OAUTH_AUTHORIZATION_BLOCKED|app_blocked|fail_close_app_blocked)$/i,
    kind: 'admin',
    message: 'An admin of this org has blocked the app.',
    hint: 'Ask an admin to unblock it in Setup, "Connected Apps OAuth Usage", or use an app of your own with --client-id.',
  },
  {
    error: /^(OAUTH_APP_ACCESS_DENIED|invalid_app_access|NO_ACCESS)$/i,
    kind: 'admin',
    message: 'This user is not among those that an admin has approved for the app.',
    hint: "Ask an admin to add the user's profile or permission set to the app's policies.",
  },
  {
    error: /^(API_DISABLED_FOR_ORG|API_CURRENTLY_DISABLED|INSUFFICIENT_ACCESS)$/i,
    kind: 'admin',
    message: 'The API is not enabled for this user or this org.',
    hint: 'Ask an admin to give the user the permission "API Enabled"; some editions have no API.',
  },
  {
    error: /^(invalid_client_id|invalid_client)$/i,
    description: /identifier|client id/i,
    kind: 'app',
    message: 'Salesforce does not know the client id.',
    hint: clientIdHint,
  },
  {
    error: /^invalid_client_id$/i,
    kind: 'app',
    message: 'Salesforce does not know the client id.',
    hint: clientIdHint,
  },
  {
    error: /^(invalid_client(_credentials)?|invalid_basic_auth_header)$/i,
    kind: 'app',
    message: 'Salesforce refused the client id or the client secret.',
    hint: 'Check both against the app; an app that requires a secret needs PARAHACK_SYNC_CLIENT_SECRET.',
  },
  {
    error: /^redirect_uri_(mismatch|missing)$/i,
    kind: 'app',
    message: "The app does not list this login's callback URL.",
    hint: 'Add http://localhost:9717/callback, http://localhost:9718/callback and http://localhost:9719/callback to the app, exactly so.',
  },
  {
    error: /./,
    description: /no valid scopes/i,
    kind: 'app',
    message: 'The app may not ask for the scopes that are needed.',
    hint: 'Give the app "Manage user data via APIs (api)" and "Perform requests at any time (refresh_token, offline_access)".',
  },
  {
    error: /^invalid_scope$/i,
    kind: 'app',
    message: 'The app may not ask for the scopes that are needed.',
    hint: 'Give the app "Manage user data via APIs (api)" and "Perform requests at any time (refresh_token, offline_access)".',
  },
  {
    error: /^(unsupported_grant_type|unsupported_response_type|unauthorized_client|oauth_flow_disabled)$/i,
    kind: 'app',
    message: 'This way to log in is not enabled for the app.',
    hint: "Enable the flow in the app's OAuth settings, or log in another way (parahack-sync login --help).",
  },
  {
    error: /^(invalid_dpop_proof|use_dpop_nonce|app_attest_failed)$/i,
    kind: 'app',
    message: 'The app asks for a proof that this program does not give (DPoP or app attestation).',
    hint: "Turn that requirement off in the app's OAuth settings, or register another app for this program.",
  },
  {
    error:
      /^(registration_error|failed_registration|exceeded_registration_limit|invalid_distribution_state|(invalid|unsupported)_expid)$/i,
    kind: 'app',
    message: "Salesforce could not use the app's registration in this org.",
    hint: appHint,
  },

  // The user, the org and the network, which an admin looks after.
  { error: /^inactive_user$/i, ...inactiveUser },
  {
    error: /./,
    description: /inactive user|user is (inactive|not available|frozen|locked)|deactivated/i,
    ...inactiveUser,
  },
  { error: /^inactive_org$/i, ...inactiveOrg },
  {
    error: /./,
    description: /inactive org|organi[sz]ation is (not active|inactive)|org is (locked|closed|suspended)/i,
    ...inactiveOrg,
  },
  { error: /./, description: /\bip\b.*restrict|restrict.*\bip\b|login hours|ip address/i, ...network },
  {
    error: /^(invalid_session_level|invalid_otp|otp_error|login_error)$/i,
    kind: 'login',
    message: 'Salesforce asks this user for a further proof of identity.',
    hint: 'Log in in the browser, where the second factor can be given.',
  },
  {
    error: /^immediate_unsuccessful$/i,
    kind: 'login',
    message: 'Salesforce wants to ask the user before it lets the app in.',
    hint: 'Run the login again and finish it in the browser.',
  },
  {
    error: /^invalid_grant$/i,
    description: /approved this consumer|admin approved/i,
    kind: 'admin',
    needsLogin: true,
    message: 'The user has not approved the app, and no admin has approved it for the user.',
    hint: 'In the app\'s policies set "Admin approved users are pre-authorized" and add the user\'s profile, or log in once in the browser.',
  },
  {
    error: /^(invalid_grant|invalid_request)$/i,
    description: /no client credentials user|client credentials/i,
    kind: 'admin',
    needsLogin: true,
    message: 'The app has no user to run as.',
    hint: 'Set "Run As" under the app\'s client credentials flow.',
  },

  // The grant that was offered.
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

/** For what nobody has met yet: told, and never noted as the end of a grant. */
export const unknownRefusal: Omit<KnownRefusal, 'error'> = {
  kind: 'login',
  message: 'Salesforce refused the login',
  hint: 'The org\'s Setup, "Login History" says more.',
};

export function knownRefusalOf({
  error,
  description,
  during,
}: {
  error: string;
  description: string | null;
  during: OAuthStep | null;
}): KnownRefusal | null {
  return (
    knownRefusals.find(
      (known) =>
        known.error.test(error) &&
        (known.description === undefined || known.description.test(description ?? '')) &&
        (known.during === undefined || (during !== null && known.during.includes(during))),
    ) ?? null
  );
}

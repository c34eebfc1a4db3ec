import { AppError } from '../base/errors.ts';

/** What Salesforce said when it refused, in its own words. */
export interface OAuthRefusal {
  error: string;
  description: string | null;
  /** HTTP status of a token or identity call; null where the refusal came back through the browser. */
  status: number | null;
}

interface Explanation {
  error: RegExp;
  /** Salesforce gives many causes one `error`, and tells them apart only in the description. */
  description?: RegExp;
  code?: string;
  /** The grant itself is sound and works again when this is over; no login mends it. */
  passing?: true;
  message: string;
  hint: string;
}

const appHint =
  "Ask an admin to install the app in the org, or register an external client app of your own and give its id with --client-id (README, 'Register the app').";

/**
 * Salesforce Help, "OAuth 2.0 Authorization Errors", and its articles 005132365 (blocked apps) and 005316711
 * (rotation). First match wins; the order is from the particular to the general.
 */
const explanations: readonly Explanation[] = [
  {
    error: /^access[_-]denied$/i,
    code: 'LOGIN_DENIED',
    message: 'The login was refused in the browser.',
    hint: 'Run the login again and press Allow.',
  },
  {
    error: /^OAUTH_APP_BLOCKED$|^OAUTH_AUTHORIZATION_BLOCKED$/i,
    message: 'An admin of this org has blocked the app.',
    hint: 'Ask an admin to unblock it in Setup, "Connected Apps OAuth Usage", or use an app of your own with --client-id.',
  },
  {
    error: /^OAUTH_APP_ACCESS_DENIED$/i,
    message: 'This user is not among those that an admin has approved for the app.',
    hint: "Ask an admin to add the user's profile or permission set to the app's policies.",
  },
  {
    error: /^OAUTH_APPROVAL_ERROR_GENERIC$/i,
    message:
      'Salesforce could not approve the app for this user, most often because it is not installed in the org.',
    hint: appHint,
  },
  {
    error: /^OAUTH_EC_APP_NOT_FOUND$/i,
    message: 'Salesforce does not know the app in this org.',
    hint: appHint,
  },
  {
    error: /^invalid_client$/i,
    description: /must be installed/i,
    message: 'The app is not installed in this org.',
    hint: appHint,
  },
  {
    error: /^invalid_client_id$|^invalid_client$/i,
    description: /identifier|client id/i,
    message: 'Salesforce does not know the client id.',
    hint: 'Check --client-id (or PARAHACK_SYNC_CLIENT_ID) against the app\'s "Consumer Key"; a new app needs up to ten minutes to be known.',
  },
  {
    error: /^invalid_client_id$/i,
    message: 'Salesforce does not know the client id.',
    hint: 'Check --client-id (or PARAHACK_SYNC_CLIENT_ID) against the app\'s "Consumer Key"; a new app needs up to ten minutes to be known.',
  },
  {
    error: /^invalid_client(_credentials)?$/i,
    message: 'Salesforce refused the client id or the client secret.',
    hint: 'Check both against the app; an app that requires a secret needs PARAHACK_SYNC_CLIENT_SECRET.',
  },
  {
    error: /^redirect_uri_mismatch$|^redirect_uri_missing$/i,
    message: "The app does not list this login's callback URL.",
    hint: 'Add http://localhost:9717/callback, http://localhost:9718/callback and http://localhost:9719/callback to the app, exactly so.',
  },
  {
    error: /^inactive_user$|^invalid_grant$/i,
    description: /inactive user/i,
    passing: true,
    message: 'The Salesforce user is deactivated or frozen.',
    hint: 'Ask an admin to activate the user, or log in as another one.',
  },
  {
    error: /^inactive_user$/i,
    passing: true,
    message: 'The Salesforce user is deactivated or frozen.',
    hint: 'Ask an admin to activate the user, or log in as another one.',
  },
  {
    error: /^inactive_org$/i,
    passing: true,
    message: 'The Salesforce org is not active.',
    hint: 'The org may be locked, closed or an expired trial; check its instance URL and its status.',
  },
  {
    error: /^rate_limit_exceeded$|^login_rate_exceeded$/i,
    code: 'REQUEST_LIMIT_EXCEEDED',
    message: 'Salesforce allows no more logins for now.',
    hint: 'Wait an hour and try again.',
  },
  {
    error: /./,
    description: /\bip\b.*restrict|restrict.*\bip\b|login hours|ip address/i,
    passing: true,
    message: 'Salesforce does not accept this user from this network address or at this hour.',
    hint: 'Ask an admin to look at the profile\'s login IP ranges and hours, and at the app\'s "IP Relaxation".',
  },
  {
    error: /^invalid_grant$|^invalid_request$/i,
    description: /code[ _]verifier|code[ _]challenge|pkce/i,
    message: 'Salesforce refused the proof key of this login (PKCE).',
    hint: 'Run the login again; if it stays, check that the app is not behind a proxy that rewrites requests.',
  },
  {
    error: /^invalid_grant$/i,
    description: /authorization code/i,
    message: "The login's code was already used or has expired.",
    hint: 'Run the login again and finish it within a few minutes.',
  },
  {
    error: /^invalid_grant$/i,
    description: /approved this consumer|admin approved/i,
    message: 'The user has not approved the app, and no admin has approved it for the user.',
    hint: 'In the app\'s policies set "Admin approved users are pre-authorized" and add the user\'s profile, or log in once in the browser.',
  },
  {
    error: /^invalid_grant$/i,
    description: /audience/i,
    message: 'Salesforce refused the audience of the JWT.',
    hint: "Use --instance-url with the org's own My Domain, or --sandbox for a sandbox.",
  },
  {
    error: /^invalid_grant$/i,
    description: /assertion|signature|jwt/i,
    message: 'Salesforce refused the JWT.',
    hint: "Check that the key file belongs to the certificate uploaded to the app, and this machine's clock.",
  },
  {
    error: /^invalid_grant$/i,
    description: /expired access\/refresh token|refresh token|token/i,
    message: 'The refresh token has expired or was revoked.',
    hint: 'Log in again.',
  },
  {
    error: /^invalid_grant$/i,
    description: /no client credentials user|client credentials/i,
    message: 'The app has no user to run as.',
    hint: 'Set "Run As" under the app\'s client credentials flow.',
  },
  {
    error: /^invalid_grant$/i,
    message: 'Salesforce refused the grant.',
    hint: 'Log in again; the org\'s Setup, "Login History" says more.',
  },
  {
    error: /^invalid_scope$/i,
    message: 'The app may not ask for the scopes that are needed.',
    hint: 'Give the app "Manage user data via APIs (api)" and "Perform requests at any time (refresh_token, offline_access)".',
  },
  {
    error: /^unsupported_grant_type$|^unsupported_response_type$|^unauthorized_client$/i,
    message: 'This way to log in is not enabled for the app.',
    hint: "Enable the flow in the app's OAuth settings, or log in another way (parahack-sync login --help).",
  },
  {
    error: /^http_3\d\d$/,
    message: 'Salesforce sends this login to another host, where secrets are not sent unasked.',
    hint: 'Give the org\'s present address with --instance-url (Setup, "My Domain").',
  },
  {
    error: /^Bad_OAuth_Token$|^INVALID_SESSION_ID$/i,
    message: 'Salesforce does not accept the access token.',
    hint: 'It may have expired or belong to another org: check the instance URL and take a new token.',
  },
];

/** Whether a refused renewal ends the grant: RFC 6749's `invalid_grant`, less what passes by itself. */
export function endsGrant(refusal: OAuthRefusal): boolean {
  return refusal.error === 'invalid_grant' && explanationOf(refusal)?.passing !== true;
}

function explanationOf({ error, description }: OAuthRefusal): Explanation | undefined {
  return explanations.find(
    (e) => e.error.test(error) && (e.description === undefined || e.description.test(description ?? '')),
  );
}

/** Finds the sentence and the hint for what Salesforce said. The original words stay in `details`. */
export function oauthError(refusal: OAuthRefusal, cause?: unknown): AppError {
  const { error, description, status } = refusal;
  const details = { error, error_description: description, status };
  const known = explanationOf(refusal);
  if (known) {
    return new AppError(known.code ?? 'LOGIN_FAILED', `${known.message} (${words(error, description)})`, {
      hint: known.hint,
      details,
      cause,
    });
  }
  return new AppError('LOGIN_FAILED', `Salesforce refused the login: ${words(error, description)}.`, {
    hint: 'The org\'s Setup, "Login History" says more.',
    details,
    cause,
  });
}

/** Foreign text goes to terminals and pages: cut, and without control characters. */
function words(error: string, description: string | null): string {
  const text = description ? `${error}: ${description}` : error;
  return Array.from(text, (c) => (c < ' ' || c === '\u007f' ? ' ' : c))
    .join('')
    .slice(0, 300);
}

import type { KnownRefusal } from './known-refusal.ts';

const appHint =
  "Ask an admin to install the app in the org, or register an external client app of your own and give its id with --client-id (README, 'Register the app').";
const clientIdHint =
  'Check --client-id (or PARAHACK_SYNC_CLIENT_ID) against the app\'s "Consumer Key"; a new app needs up to ten minutes to be known.';
const appMissing = { kind: 'app', message: 'The app is not installed in this org.', hint: appHint } as const;

/** The app: not installed, blocked, unknown, wrongly set up. */
export const appRefusals: readonly KnownRefusal[] = [
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
];

import type { KnownRefusal } from './known-refusal.ts';

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
const network = {
  kind: 'admin',
  message: 'Salesforce does not accept this user from this network address or at this hour.',
  hint: 'Ask an admin to look at the profile\'s login IP ranges and hours, and at the app\'s "IP Relaxation".',
} as const;
const password = {
  kind: 'login',
  needsLogin: true,
  message: "The user's password has expired or is locked, and a new one has to be set in Salesforce.",
  hint: 'Set a new password in Salesforce, then log in again.',
} as const;

/** The user, the org and the network, which an admin looks after, and the proofs that a user is asked for. */
export const userRefusals: readonly KnownRefusal[] = [
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
  // The API's own codes, by which the login host may answer too.
  { error: /^(INVALID_OPERATION_WITH_EXPIRED_PASSWORD|PASSWORD_LOCKOUT)$/i, ...password },
  {
    error: /^invalid_grant$/i,
    description: /expired password|password (has |is )?(expired|locked)/i,
    ...password,
  },
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
];

import type { KnownRefusal } from './known-refusal.ts';

const laterHint = 'Look at status.salesforce.com and try again later; nothing is lost.';

/** What passes by itself, within seconds or within the hour. */
export const passingRefusals: readonly KnownRefusal[] = [
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
];

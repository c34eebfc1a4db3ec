import type { Answer } from '../http/answer.ts';
import { jsonAnswer } from '../http/answer.ts';

/** An error of the OAuth endpoints, `{error, error_description}` (RFC 6749 section 5.2 in Salesforce's words). */
export class OAuthError extends Error {
  readonly error: string;
  readonly status: number;

  constructor(error: string, description: string, status = 400) {
    super(description);
    this.name = 'OAuthError';
    this.error = error;
    this.status = status;
  }
}

export function oauthErrorAnswer({ error, message, status }: OAuthError): Answer {
  return jsonAnswer(status, { error, error_description: message }, noStore);
}

export const noStore = { 'Cache-Control': 'no-cache, no-store', Pragma: 'no-cache' };

/** The form-encoded body that the authorize and revoke endpoints answer. */
export function formErrorAnswer({ error, message, status }: OAuthError): Answer {
  return {
    status,
    headers: { 'Content-Type': 'application/x-www-form-urlencoded;charset=UTF-8', ...noStore },
    body: new URLSearchParams({ error, error_description: message }).toString(),
  };
}

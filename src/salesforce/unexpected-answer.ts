import type { AppError } from '../base/errors.ts';
import type { ApiAnswer } from './api-call.ts';
import { remoteError } from './remote-error.ts';

/** An answer of status 2xx that does not have the documented shape. */
export function unexpectedAnswer(what: string, answer: ApiAnswer | null): AppError {
  return remoteError(
    'SALESFORCE_ERROR',
    `Salesforce’s answer to ${what} does not have the expected form.`,
    { status: answer?.status ?? null, errorCode: null, retryAfterMs: null, request: what },
    { hint: 'A proxy may have changed it; run again with --verbose to see what was asked.' },
  );
}

/** The answer's JSON as an object. Throws `unexpectedAnswer` for everything else. */
export function parseObject(text: string, what: string, answer: ApiAnswer): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return value as Record<string, unknown>;
    }
  } catch {
    // Told below, without the parser's words, which quote the body.
  }
  throw unexpectedAnswer(what, answer);
}

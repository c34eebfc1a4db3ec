import type { CallDetails } from './error-details.ts';
import { AppError } from './errors.ts';

/** However long an org asks to be left alone. */
const longestRetryAfterMs = 86_400_000;

/** The details of an error that a call to Salesforce ended with; empty for any other error. */
export function callDetailsOf(error: unknown): CallDetails {
  const details: unknown = error instanceof AppError ? error.details : null;
  return typeof details === 'object' && details !== null ? (details as CallDetails) : {};
}

/** How long the org asks to be left alone by this error, ms; a day at most. */
export function askedRestMs(error: unknown): number {
  return Math.min(callDetailsOf(error).retryAfterMs ?? 0, longestRetryAfterMs);
}

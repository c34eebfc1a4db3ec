import type { CallDetails } from './error-details.ts';
import { AppError } from './errors.ts';

/** The details of an error that a call to Salesforce ended with; empty for any other error. */
export function callDetailsOf(error: unknown): CallDetails {
  const details: unknown = error instanceof AppError ? error.details : null;
  return typeof details === 'object' && details !== null ? (details as CallDetails) : {};
}

import { isAppError } from '../base/errors.ts';

/** Whether a failed call says nothing of the next one: its answer speaks of this request alone. */
export function failsAlone(error: unknown): boolean {
  if (isAppError(error, 'SALESFORCE_ERROR', 'IN_DOUBT')) return true;
  const details = isAppError(error) ? (error.details as { ofRequest?: unknown } | null | undefined) : null;
  return details?.ofRequest === true;
}

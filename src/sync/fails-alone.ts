import { callDetailsOf } from '../base/call-details.ts';
import { isAppError } from '../base/errors.ts';

/** Whether a failed call says nothing of the next one: its answer speaks of this request alone. */
export function failsAlone(error: unknown): boolean {
  if (isAppError(error, 'SALESFORCE_ERROR', 'IN_DOUBT')) return true;
  return callDetailsOf(error).ofRequest === true;
}

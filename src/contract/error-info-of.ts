import { isAbort } from '../base/abort.ts';
import { AppError, firstError, messageOf } from '../base/errors.ts';
import type { ErrorInfo } from './error-info.ts';
import { usualHint } from './usual-hint.ts';

/** Anything that was thrown as the JSON output shows it: AppErrors as they are, an abort as INTERRUPTED. */
export function errorInfoOf(thrown: unknown): ErrorInfo {
  const error = firstError(thrown);
  if (error instanceof AppError) {
    const { code, message, hint, details } = error;
    return { code, message, hint: hint ?? usualHint(code), details: details ?? null };
  }
  if (isAbort(error)) return { code: 'INTERRUPTED', message: messageOf(error), hint: null, details: null };
  return { code: 'UNEXPECTED_ERROR', message: messageOf(error), hint: null, details: null };
}

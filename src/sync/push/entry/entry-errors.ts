import { isAbort } from '../../../base/abort.ts';
import { AppError } from '../../../base/errors.ts';
import type { RecordError } from '../../ports/record-writes.ts';

/** What an entry in doubt says of itself. */
export const noAnswer: RecordError = {
  code: 'IN_DOUBT',
  message: 'The request was sent and its answer never came; Salesforce may have carried it out.',
  fields: [],
};

/** The refusal of a repeat says nothing of the first request, which Salesforce may carry out long after it was cut. */
export const repeatRefused: RecordError = {
  code: 'IN_DOUBT',
  message:
    'Salesforce refused it when it was sent again; the answer to its first request never came, and that may still be carried out.',
  fields: [],
};

/** What stands in the way of its repeat stays with it. */
export function withNoAnswer(errors: readonly RecordError[]): RecordError[] {
  return errors.some(({ code }) => code === noAnswer.code) ? [...errors] : [...errors, noAnswer];
}

/** Whether it is in doubt though its last request was answered. */
export function isRefusedRepeat({ errors }: { errors: readonly RecordError[] }): boolean {
  return errors[0]?.message === repeatRefused.message;
}

export function errorOf(error: Error): RecordError {
  const unnamed = isAbort(error) ? 'INTERRUPTED' : 'UNEXPECTED_ERROR';
  return {
    code: error instanceof AppError ? error.code : unnamed,
    message: error.message,
    fields: [],
  };
}

export function keyRefused(): AppError {
  return new AppError('IN_DOUBT', 'The org does not take the Idempotency-Key that a contact was sent with.', {
    hint: 'The next push or cycle looks for the contact in Salesforce; `parahack-sync outbox settle` decides what that does not tell.',
  });
}

export function keyForgotten(): AppError {
  return new AppError(
    'IN_DOUBT',
    'Salesforce may have forgotten the Idempotency-Key that a contact was sent with.',
    {
      hint: 'The next push or cycle looks for the contact in Salesforce; `parahack-sync outbox settle` decides what that does not tell.',
    },
  );
}

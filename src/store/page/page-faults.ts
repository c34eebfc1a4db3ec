import { AppError } from '../../base/errors.ts';
import { runAgain } from '../../base/run-again.ts';

const hint = `Nothing of this page was stored, and the work goes on there: ${runAgain}.`;

/** The answer does not hold what it said, or ends in the middle. */
export function incomplete(what: string, details?: unknown): AppError {
  return new AppError('PAGE_INCOMPLETE', `An answer of Salesforce was not complete: ${what}.`, {
    hint,
    details,
  });
}

/** The answer names a column that was not asked for, or lacks one that was. */
export function unexpectedColumn(name: string, what: string): AppError {
  // A header line may be megabytes long.
  const column = name.slice(0, 80);
  return new AppError('UNEXPECTED_COLUMN', `An answer of Salesforce ${what} the field ${column}.`, {
    hint: 'The org’s fields may have changed just now; describe is asked again before the next try.',
    details: { column },
  });
}

/** A cell whose bytes have none of the forms that Salesforce writes its field's type in; the type may have changed just now. */
export function notOfItsType(column: string, bytes: Uint8Array, from: number, to: number): AppError {
  const text = new TextDecoder().decode(bytes.subarray(from, Math.min(to, from + 40)));
  const { code, message, hint } = malformed(`${column} holds ${JSON.stringify(text)}`);
  return new AppError(code, message, { hint, details: { column } });
}

/** The answer holds something that Salesforce never sends; asked again it would be the same. */
export function malformed(what: string): AppError {
  return new AppError(
    'SALESFORCE_ERROR',
    `An answer of the org is not as Salesforce documents it: ${what}.`,
    {
      hint: 'Nothing of this page was stored. Check that nothing between this machine and Salesforce changes answers.',
    },
  );
}

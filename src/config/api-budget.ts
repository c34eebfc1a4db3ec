import { AppError } from '../base/errors.ts';

/** A quarter leaves the org's users three quarters of what they pay for. */
export const defaultApiBudget = 0.25;

/** A share over 0 and up to 1 out of `origin` (a variable's or flag's name). Throws AppError `INVALID_INPUT`. */
export function parseApiBudget(text: string, origin: string): number {
  const share = /^\d*\.?\d+$/.test(text.trim()) ? Number(text) : Number.NaN;
  if (!(share > 0 && share <= 1)) {
    throw new AppError('INVALID_INPUT', `${origin} is "${text}", which is no share of the API requests.`, {
      hint: `Write a number over 0 and up to 1, such as ${defaultApiBudget} for a quarter.`,
    });
  }
  return share;
}

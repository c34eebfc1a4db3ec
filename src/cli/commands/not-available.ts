import { AppError } from '../../base/errors.ts';

/** What a command says that is in the contract and not built yet. */
export function notAvailable(what: string, instead: string): AppError {
  return new AppError('NOT_AVAILABLE', `${what} is not part of this version yet.`, { hint: instead });
}

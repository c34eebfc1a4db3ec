import type { Command } from 'commander';
import { AppError } from '../../base/errors.ts';
import type { CommandHost } from './command-host.ts';

/** What a command says that is in the contract and not built yet. */
export function notAvailable(what: string, instead: string): AppError {
  return new AppError('NOT_AVAILABLE', `${what} is not part of this version yet.`, { hint: instead });
}

/** The action of a command that can only say so. Commander hands an action the command as its last argument. */
export function sayNotAvailable(
  run: CommandHost['run'],
  what: string,
  instead: string,
): (...given: unknown[]) => void {
  return (...given) =>
    run(given.at(-1) as Command, async () => {
      throw notAvailable(what, instead);
    });
}

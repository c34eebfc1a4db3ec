import { CommanderError } from 'commander';
import { AppError } from '../base/errors.ts';

/** Commander's complaint about the arguments as one sentence and a hint, or null for any other error. */
export function usageErrorOf(error: unknown): AppError | null {
  if (!(error instanceof CommanderError)) return null;
  const [first = '', ...rest] = error.message.replace(/^error:\s*/i, '').split('\n');
  const sentence = first.trim().replace(/\.?$/, '.');
  const suggestion = /\(Did you mean (?:one of )?([^)]*)\?\)/.exec(rest.join(' '))?.[1];
  return new AppError('INVALID_INPUT', sentence.charAt(0).toUpperCase() + sentence.slice(1), {
    hint: suggestion ? `Did you mean ${suggestion}?` : 'See the command with --help for what it takes.',
    details: { usage: error.code.replace('commander.', '') },
    cause: error,
  });
}

/** Commander ends `--help` and `--version` by an error too; those are no failures. */
export function isHelpOrVersion(error: unknown): boolean {
  return error instanceof CommanderError && error.exitCode === 0;
}

export function isVersion(error: unknown): boolean {
  return error instanceof CommanderError && error.code === 'commander.version';
}

/** A command that only groups others was called without one of them. */
export function isMissingCommand(error: unknown): boolean {
  return error instanceof CommanderError && error.code === 'commander.help';
}

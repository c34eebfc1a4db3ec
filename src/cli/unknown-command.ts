import type { Command } from 'commander';
import { AppError } from '../base/errors.ts';
import { childOf } from './command-words.ts';
import { similarName } from './similar-name.ts';

/**
 * What is wrong with the command that `words` name, or null. Commander shows a page of help for `help nope` and
 * `nope --help`, and counts arguments where a group's command is misspelt; all of that is a name that there is none of.
 */
export function unknownCommand(program: Command, words: readonly string[]): AppError | null {
  const asksForHelp = words[0] === 'help';
  let command = program;
  if (words.join(' ') === 'help help') return null;
  for (const word of asksForHelp ? words.slice(1) : words) {
    const next = childOf(command, word);
    if (next === undefined) {
      // Without subcommands, or where it takes an argument beside them, a word is one.
      const takesWords = command.registeredArguments.length > 0 || command.commands.length === 0;
      return takesWords && !asksForHelp ? null : unknown(command, word);
    }
    command = next;
  }
  return null;
}

function unknown(command: Command, name: string): AppError {
  const names = command.commands.map((child) => child.name()).filter((each) => !each.startsWith('_'));
  const similar = similarName(name, names);
  return new AppError('INVALID_INPUT', `Unknown command '${name}'.`, {
    hint:
      similar !== null
        ? `Did you mean ${similar}?`
        : names.length > 0
          ? `There are: ${names.join(', ')}.`
          : `\`${command.name()}\` has no commands of its own; see \`parahack-sync ${command.name()} --help\`.`,
    details: { usage: 'unknownCommand' },
  });
}

import type { Command } from 'commander';
import { AppError } from '../base/errors.ts';
import type { GlobalFlags } from '../config/global-flags.ts';
import { commandWords } from './command-words.ts';
import type { Handler } from './invocation.ts';
import type { TypedOrgs } from './org-names.ts';
import { buildProgram } from './program.ts';
import { unknownCommand } from './unknown-command.ts';
import { isHelpOrVersion, isMissingCommand, isVersion } from './usage-error.ts';

export type ParsedArguments =
  | { kind: 'run'; flags: GlobalFlags; handler: Handler; typed: TypedOrgs }
  /** `--help`, `--version`. */
  | { kind: 'text'; flags: GlobalFlags; text: string }
  | { kind: 'wrong'; flags: GlobalFlags; error: unknown };

/** Finds the command that `argv` (without node and script) names. Starts nothing. */
export function parseArguments(argv: readonly string[]): ParsedArguments {
  let text = '';
  let found: ParsedArguments | null = null;
  const program = buildProgram({
    run(command, handler) {
      const typed = { program, orgs: orgsTyped(command), words: argv };
      found = { kind: 'run', flags: command.optsWithGlobals<GlobalFlags>(), handler, typed };
    },
    write(more) {
      text += more;
    },
  });
  const words = commandWords(program, argv);
  const unknown = unknownCommand(program, words);
  if (unknown !== null) return { kind: 'wrong', flags: flagsAsWritten(argv), error: unknown };
  try {
    // Commander's own `help` looks no further than one name.
    program.parse(words[0] === 'help' && words.length > 2 ? [...words.slice(1), '--help'] : argv, {
      from: 'user',
    });
  } catch (error) {
    const flags = flagsAsWritten(argv);
    if (isVersion(error) && flags.json)
      return { kind: 'text', flags, text: `${JSON.stringify({ version: text.trim() })}\n` };
    if (isHelpOrVersion(error)) return { kind: 'text', flags, text };
    if (!isMissingCommand(error)) return { kind: 'wrong', flags, error };
    // A person who types the bare name wants to know what there is; a script has forgotten something.
    if (flags.json) return { kind: 'wrong', flags, error: missingCommand() };
    program.outputHelp();
    return { kind: 'text', flags, text };
  }
  if (found === null) throw new Error('No command has taken the arguments.');
  return found;
}

/** By `--org`, or as the argument of that name. */
function orgsTyped(command: Command): string[] {
  const { org } = command.opts<{ org?: string }>();
  const given = command.registeredArguments.flatMap((argument, at) =>
    argument.name() === 'org' ? [command.processedArgs[at] as string | string[] | undefined].flat() : [],
  );
  return [org, ...given].filter((each) => each !== undefined);
}

function missingCommand(): AppError {
  return new AppError('INVALID_INPUT', 'No command is given.', { hint: 'See what there is with --help.' });
}

/** How to complain about arguments that could not be parsed. */
function flagsAsWritten(argv: readonly string[]): GlobalFlags {
  const end = argv.indexOf('--');
  const flags = end < 0 ? argv : argv.slice(0, end);
  return {
    json: flags.includes('--json'),
    quiet: flags.includes('--quiet'),
    color: !flags.includes('--no-color'),
  };
}

import type { Command, Option } from 'commander';

export type Completes = 'org' | 'file' | 'choices' | 'nothing';

export interface CompletedOption {
  /** `--json`, `-q` */
  flags: string[];
  description: string;
  takesValue: boolean;
  completes: Completes;
  choices: readonly string[];
}

export interface CompletedCommand {
  /** Names below the program: empty for the program itself, `contacts list`. */
  path: string;
  description: string;
  subcommands: { name: string; description: string }[];
  options: CompletedOption[];
  argument: Completes;
  argumentChoices: readonly string[];
}

/** What can be typed where, taken from the program itself. Hidden commands stay hidden. */
export function completionModel(program: Command): CompletedCommand[] {
  return walk(program, []);
}

function walk(command: Command, path: string[]): CompletedCommand[] {
  const help = command.createHelp();
  const subcommands = command.commands.filter((sub) => help.visibleCommands(command).includes(sub));
  const options = [...help.visibleOptions(command), ...help.visibleGlobalOptions(command)];
  const [argument] = command.registeredArguments;
  const own: CompletedCommand = {
    path: path.join(' '),
    description: help.commandDescription(command),
    subcommands: subcommands.map((sub) => ({
      name: sub.name(),
      description: help.subcommandDescription(sub),
    })),
    options: options.map(completedOption),
    argument: argument?.argChoices ? 'choices' : completesBy(argument?.name()),
    argumentChoices: argument?.argChoices ?? [],
  };
  return [own, ...subcommands.flatMap((sub) => walk(sub, [...path, sub.name()]))];
}

function completedOption(option: Option): CompletedOption {
  const value = /[<[]([\w-]+)/.exec(option.flags)?.[1];
  return {
    flags: [option.short, option.long].filter((flag) => flag !== undefined && flag !== null),
    description: option.description,
    takesValue: value !== undefined,
    completes: option.argChoices ? 'choices' : completesBy(value),
    choices: option.argChoices ?? [],
  };
}

function completesBy(placeholder: string | undefined): Completes {
  if (placeholder === 'org') return 'org';
  return placeholder !== undefined && ['file', 'files', 'dir'].includes(placeholder) ? 'file' : 'nothing';
}

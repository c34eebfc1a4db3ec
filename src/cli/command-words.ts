import type { Command } from 'commander';

/** What stands in `argv` beside options and their values: names of commands, then arguments. */
export function commandWords(program: Command, argv: readonly string[]): string[] {
  const words: string[] = [];
  let command = program;
  for (let at = 0; at < argv.length && argv[at] !== '--'; at++) {
    const word = argv[at]!;
    if (word.startsWith('-') && word !== '-') {
      const options = [...command.options, ...program.options];
      const option = options.find(({ short, long }) => [short, long].includes(word.split('=', 1)[0]));
      // Whether a word behind an option that nobody knows belongs to it is not known either.
      if (option === undefined && word !== '--help' && word !== '-h') break;
      if (option?.required && !word.includes('=')) at++;
      continue;
    }
    words.push(word);
    command = childOf(command, word) ?? command;
  }
  return words;
}

export function childOf(command: Command, name: string): Command | undefined {
  return command.commands.find((child) => child.name() === name || child.aliases().includes(name));
}

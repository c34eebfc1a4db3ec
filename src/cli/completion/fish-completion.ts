import type { CompletedCommand, CompletedOption } from './completion-model.ts';

/** A completion script for fish 3 and later. */
export function fishCompletion(commands: readonly CompletedCommand[]): string {
  const steps = commands.flatMap(({ path, subcommands }) =>
    subcommands.map(({ name }) => quote(`${path}/${name}`)),
  );
  return `# parahack-sync completion for fish. Load it with: parahack-sync completion fish | source
function __parahack_sync_orgs
  parahack-sync __complete orgs 2>/dev/null
end
function __parahack_sync_at
  set -l at ''
  for word in (commandline -opc)[2..-1]
    if contains -- "$at/$word" ${steps.join(' ')}
      set at (string trim -- "$at $word")
    end
  end
  test "$at" = "$argv[1]"
end
complete -c parahack-sync -f
${commands.flatMap(linesOf).join('\n')}
`;
}

function linesOf(command: CompletedCommand): string[] {
  const here = `complete -c parahack-sync -n ${quote(`__parahack_sync_at ${quote(command.path)}`)}`;
  const { argument, argumentChoices } = command;
  const lines = command.subcommands.map(
    ({ name, description }) => `${here} -a ${quote(name)} -d ${quote(description)}`,
  );
  if (argumentChoices.length > 0) lines.push(`${here} -a ${quote(argumentChoices.join(' '))}`);
  if (argument === 'org') lines.push(`${here} -a '(__parahack_sync_orgs)'`);
  if (argument === 'file') lines.push(`${here} -F`);
  return [...lines, ...command.options.map((option) => `${here} ${optionText(option)}`)];
}

function optionText({ flags, description, takesValue, completes, choices }: CompletedOption): string {
  const names = flags.map((flag) => (flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`));
  const value = !takesValue
    ? []
    : {
        org: ["-x -a '(__parahack_sync_orgs)'"],
        file: ['-r -F'],
        choices: [`-x -a ${quote(choices.join(' '))}`],
        nothing: ['-x'],
      }[completes];
  return [...names, ...value, `-d ${quote(description)}`].join(' ');
}

/** In fish's single quotes, backslash and quote are escaped. */
function quote(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

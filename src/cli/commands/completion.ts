import { Argument } from 'commander';
import type { Invocation, Outcome } from '../invocation.ts';
import type { CommandHost } from './command-host.ts';
import { examples } from './examples.ts';

const shells = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof shells)[number];

export function addCompletionCommand({ program, run }: CommandHost): void {
  program
    .command('completion')
    .summary('a completion script for your shell')
    .description('Writes a completion script to stdout.')
    .addArgument(new Argument('<shell>', 'which shell').choices(shells))
    .addHelpText(
      'after',
      examples(
        'completion bash > ~/.local/share/bash-completion/completions/parahack-sync',
        'completion fish | source',
      ),
    )
    .action((shell: Shell, _flags, command) =>
      run(command, async () => {
        const script = await scriptFor(shell, program);
        return { document: { shell, script }, text: () => script };
      }),
    );
  program
    .command('__complete', { hidden: true })
    .description('Names of connected orgs, one a line, for the completion scripts.')
    .addArgument(new Argument('<what>').choices(['orgs']))
    .action((_what, _flags, command) => run(command, orgNames));
}

async function scriptFor(shell: Shell, program: CommandHost['program']): Promise<string> {
  const { completionModel } = await import('../completion/completion-model.ts');
  const commands = completionModel(program);
  switch (shell) {
    case 'bash':
      return (await import('../completion/bash-completion.ts')).bashCompletion(commands);
    case 'zsh':
      return (await import('../completion/zsh-completion.ts')).zshCompletion(commands);
    case 'fish':
      return (await import('../completion/fish-completion.ts')).fishCompletion(commands);
    default:
      return shell satisfies never;
  }
}

/** Whoever presses Tab wants names or nothing, never an error. */
async function orgNames(call: Invocation): Promise<Outcome> {
  try {
    const app = await call.app();
    const names = (await app.orgNames()).flatMap(({ alias, instanceUrl }) => [
      ...(alias === null ? [] : [alias]),
      new URL(instanceUrl).host,
    ]);
    return { text: () => names.join('\n') };
  } catch {
    return {};
  }
}

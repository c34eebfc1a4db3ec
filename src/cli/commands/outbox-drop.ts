import type { Command } from 'commander';
import { AppError } from '../../base/errors.ts';
import type { DroppableState, OutboxDropResult } from '../../contract/outbox.ts';
import { droppableStates } from '../../contract/outbox-states.ts';
import type { Invocation, Outcome } from '../invocation.ts';
import { collectList } from '../options/list-option.ts';
import { count, counted } from '../render/quantity.ts';
import type { CommandHost } from './command-host.ts';
import { examples } from './examples.ts';

interface DropFlags {
  org?: string;
  all?: boolean;
  state?: string[];
  inDoubt?: boolean;
}

export function addDropCommand(outbox: Command, { run }: Pick<CommandHost, 'run'>): void {
  outbox
    .command('drop')
    .description(
      'Gives entries up, such as one in doubt whose contact you found in Salesforce. Salesforce stays as it is.',
    )
    .argument('[key...]', 'keys of entries, or their beginnings')
    .option('--org <org>', 'alias, instance URL, host or username')
    .option('--all', 'every refused entry, or with --state every one in these states')
    .option('--state <states>', `with --all: ${droppableStates.join(', ')}`, collectList)
    .option('--in-doubt', 'with --all: every entry in doubt too')
    .addHelpText(
      'after',
      examples('outbox drop 3f2a91c4', 'outbox drop --all --in-doubt', 'outbox drop --all --state held'),
    )
    .action((keys: string[], flags: DropFlags, command) => run(command, (call) => drop(call, keys, flags)));
}

async function drop(call: Invocation, keys: string[], flags: DropFlags): Promise<Outcome> {
  const { org = null, all = false, inDoubt = false } = flags;
  const states = statesOf(flags.state ?? []);
  if (all === keys.length > 0) {
    throw new AppError('INVALID_INPUT', all ? 'Both keys and --all are given.' : 'No entry is named.', {
      hint: inDoubt
        ? 'Give the keys that `parahack-sync outbox list` shows, or `parahack-sync outbox drop --all --in-doubt` for every refused entry and every one in doubt.'
        : 'Give the keys that `parahack-sync outbox list` shows, or --all for every refused entry; `parahack-sync outbox drop --all --state pending,held` gives up what waits or is held.',
    });
  }
  if (states.length > 0 && !all) {
    throw new AppError('INVALID_INPUT', '--state is given with keys.', {
      hint: 'A key means its entry in whatever state it is; --state goes with --all.',
    });
  }
  const app = await call.app();
  const given = states.length === 0 ? {} : { states };
  const result = await app.outbox.drop({ org, keys, all, inDoubt, ...given });
  return { document: result, text: () => droppedText(result, call, states.length === 0) };
}

function statesOf(named: readonly string[]): DroppableState[] {
  return named.map((name) => {
    const state = droppableStates.find((known) => known === name);
    if (state !== undefined) return state;
    const hints: Record<string, string> = {
      'in-doubt': 'Look in Salesforce first; then `parahack-sync outbox drop --all --in-doubt`.',
      sent: 'It is on its way: the next `watch` cycle or `push` finds out what became of it.',
    };
    throw new AppError('INVALID_INPUT', `Entries that are "${name}" cannot be dropped by --state.`, {
      hint: hints[name] ?? `Use ${droppableStates.join(', ')}.`,
    });
  });
}

/** Of all that was dropped without a word on states, what was left as well: who wanted it gone would not know. */
function droppedText(
  { instanceUrl, keys, left }: OutboxDropResult,
  { orgNames }: Invocation,
  tellsLeft: boolean,
): string {
  const said = `${orgNames.of(instanceUrl)}: ${counted(keys.length, 'entry', 'entries')} dropped.`;
  const waits = left.filter(({ state }) => state !== 'in-doubt');
  if (!tellsLeft || waits.length === 0) return said;
  const numbers = waits.map(({ state, entries }) => `${count(entries)} ${wordOf[state]}`).join(', ');
  const states = waits.map(({ state }) => state).join(',');
  const drops = `\`parahack-sync outbox drop --all --state ${states}\``;
  return `${said} Left: ${numbers}; ${orgNames.inCommands(drops, instanceUrl)} gives them up.`;
}

const wordOf: Record<OutboxDropResult['left'][number]['state'], string> = {
  pending: 'pending',
  rejected: 'refused',
  held: 'held',
  conflict: 'in conflict',
  'in-doubt': 'in doubt',
};

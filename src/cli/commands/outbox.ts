import { Option } from 'commander';
import { AppError } from '../../base/errors.ts';
import { bounds, defaults } from '../../contract/defaults.ts';
import type { OutboxMoveResult, OutboxState } from '../../contract/outbox.ts';
import { outboxStates } from '../../contract/outbox-states.ts';
import type { Invocation, Outcome } from '../invocation.ts';
import { listDocument } from '../list-document.ts';
import { collectList } from '../options/list-option.ts';
import { wholeNumber } from '../options/number-option.ts';
import type { OrgNames } from '../org-names.ts';
import { counted } from '../render/quantity.ts';
import type { CommandHost } from './command-host.ts';
import { examples } from './examples.ts';
import { addDropCommand } from './outbox-drop.ts';
import { addSettleCommand } from './outbox-settle.ts';
import { entryText, outboxTable } from './outbox-text.ts';
import { waitsText } from './outbox-waits-text.ts';
import { requireSubcommand } from './require-subcommand.ts';

interface ListFlags {
  org?: string;
  state?: string[];
  conflicts?: boolean;
  limit: number;
}

interface MoveFlags {
  org?: string;
  all?: boolean;
  inDoubt?: boolean;
  take?: 'local' | 'salesforce';
}

interface ShowFlags {
  org?: string;
  live?: boolean;
}

type MoveVerb = 'retry' | 'approve';

const orgOption = ['--org <org>', 'alias, instance URL, host or username'] as const;

export function addOutboxCommand({ program, run }: CommandHost): void {
  const outbox = program
    .command('outbox')
    .summary('what waits to be pushed, was refused or is in doubt')
    .description('The local writes that wait to be pushed, were refused, are in doubt or were held back.');
  requireSubcommand(outbox);
  outbox
    .command('list')
    .description('Lists open entries, the oldest first.')
    .option(...orgOption)
    .option('--state <states>', `only these: ${outboxStates.join(', ')}`, collectList)
    .option(
      '--conflicts',
      'only entries whose field Salesforce has changed too, or with --state those besides',
    )
    .option('--limit <n>', 'how many', wholeNumber(...bounds.outboxEntries), defaults.outboxEntries)
    .addHelpText('after', examples('outbox list', 'outbox list --state rejected,in-doubt --json'))
    .action((flags: ListFlags, command) => run(command, (call) => list(call, flags)));
  outbox
    .command('show')
    .description('Shows an entry with its values, and why it was refused or is in doubt.')
    .argument('<key>', "the entry's key, or its beginning")
    .option(...orgOption)
    .option('--live', 'ask Salesforce what it has now')
    .addHelpText('after', examples('outbox show 3f2a91c4', 'outbox show 3f2a91c4 --live'))
    .action((key: string, flags: ShowFlags, command) => run(command, (call) => show(call, key, flags)));
  outbox
    .command('retry')
    .description('Lets refused entries wait to be sent again.')
    .argument('[key...]', 'keys of entries, or their beginnings')
    .option(...orgOption)
    .option('--all', 'every refused entry')
    .option(
      '--in-doubt',
      'entries in doubt too: look for creates in Salesforce first, they may be there already',
    )
    .addOption(
      new Option(
        '--take <side>',
        'decide conflicts, with --all every one: send the local change again, or let Salesforce keep its own',
      ).choices(['local', 'salesforce']),
    )
    .addHelpText(
      'after',
      examples('outbox retry --all', 'outbox retry 3f2a91c4', 'outbox retry 3f2a91c4 --take local'),
    )
    .action((keys: string[], flags: MoveFlags, command) =>
      run(command, (call) => move(call, 'retry', keys, flags)),
    );
  addDropCommand(outbox, { run });
  outbox
    .command('approve')
    .description('Lets entries go that were held back because they are many at once.')
    .argument('[key...]', 'keys of entries, or their beginnings')
    .option(...orgOption)
    .option('--all', 'every entry that is held back')
    .addHelpText('after', examples('outbox list --state held', 'outbox approve --all'))
    .action((keys: string[], flags: MoveFlags, command) =>
      run(command, (call) => move(call, 'approve', keys, flags)),
    );
  addSettleCommand(outbox, { run });
}

async function list(call: Invocation, flags: ListFlags): Promise<Outcome> {
  const named = flags.state ?? [];
  const unknown = named.find((state) => !outboxStates.some((known) => known === state));
  if (unknown !== undefined) {
    throw new AppError('INVALID_INPUT', `"${unknown}" is no state of an entry.`, {
      hint: `Use ${outboxStates.join(', ')}.`,
    });
  }
  const wanted = [...(named as OutboxState[]), ...(flags.conflicts ? (['conflict'] as const) : [])];
  const app = await call.app();
  const result = await app.outbox.list({ org: flags.org ?? null, states: wanted, limit: flags.limit });
  const { total, batches } = result;
  return {
    documentParts: (_error, infoOf) =>
      listDocument(
        { head: { total }, name: 'entries', batches: batches(), pretty: call.terminal.columns !== null },
        infoOf,
      ),
    textParts: () => outboxTable(result, call, { filtered: wanted.length > 0 }),
  };
}

async function show(call: Invocation, key: string, { org, live }: ShowFlags): Promise<Outcome> {
  const app = await call.app();
  const result = await app.outbox.show({ org: org ?? null, key, live: live ?? false });
  return { document: result, text: () => entryText(result, call) };
}

async function move(call: Invocation, verb: MoveVerb, keys: string[], flags: MoveFlags): Promise<Outcome> {
  const all = flags.all ?? false;
  const inDoubt = flags.inDoubt ?? false;
  if (all === keys.length > 0) {
    throw new AppError('INVALID_INPUT', all ? 'Both keys and --all are given.' : 'No entry is named.', {
      hint: `Give the keys that \`parahack-sync outbox list\` shows, or ${allOf(verb, flags)}.`,
    });
  }
  const { take } = flags;
  if (take !== undefined && inDoubt) {
    throw new AppError('INVALID_INPUT', 'Both --take and --in-doubt are given.', {
      hint: 'An entry is in conflict or in doubt: decide them in two calls.',
    });
  }
  const app = await call.app();
  const options = { org: flags.org ?? null, keys, all, inDoubt, ...(take === undefined ? {} : { take }) };
  const result = await app.outbox[verb](options);
  const done = take === 'salesforce' ? 'take salesforce' : verb;
  return { document: result, text: () => moved(result, call.orgNames, done) };
}

/** What --all means beside the other flags. */
function allOf(verb: MoveVerb, { inDoubt, take }: MoveFlags): string {
  if (inDoubt)
    return '`parahack-sync outbox retry --all --in-doubt` for every refused entry and every one in doubt';
  if (take !== undefined)
    return '--all for every conflict: `parahack-sync outbox retry --all --take local` sends the local changes, `parahack-sync outbox retry --all --take salesforce` leaves what Salesforce has';
  return `--all for every ${verb === 'approve' ? 'held' : 'refused'} entry`;
}

function moved(
  { instanceUrl, keys, waitsFor }: OutboxMoveResult,
  orgNames: OrgNames,
  verb: MoveVerb | 'take salesforce',
): string {
  const org = orgNames.of(instanceUrl);
  const entries = counted(keys.length, 'entry', 'entries');
  switch (verb) {
    case 'take salesforce':
      return `${org}: ${entries} decided for Salesforce.`;
    default:
      if (waitsFor.length > 0)
        return `${org}: ${entries} to be sent. ${orgNames.inCommands(waitsText(waitsFor), instanceUrl)}`;
      return `${org}: ${entries} to be sent by the next \`watch\` cycle or \`push\`.`;
  }
}

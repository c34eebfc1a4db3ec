import type { Command } from 'commander';
import { AppError } from '../../base/errors.ts';
import type { OutboxSettleResult } from '../../contract/outbox.ts';
import type { Invocation, Outcome } from '../invocation.ts';
import { counted } from '../render/quantity.ts';
import type { CommandHost } from './command-host.ts';
import { examples } from './examples.ts';
import { settledText } from './outbox-doubt-text.ts';

interface SettleFlags {
  org?: string;
  as?: string;
  notSent?: boolean;
  auto?: boolean;
}

export function addSettleCommand(outbox: Command, { run }: Pick<CommandHost, 'run'>): void {
  outbox
    .command('settle')
    .description('Decides what became of entries in doubt, or asks the org.')
    .argument('[key...]', 'keys of entries, or their beginnings')
    .option('--org <org>', 'alias, instance URL, host or username')
    .option('--as <id>', 'the entry became the contact of this Id')
    .option(
      '--not-sent',
      'the entries never reached Salesforce and are sent again: look there first, or they exist twice; also ends the wait for a request without an answer that will not be carried out',
    )
    .option('--auto', 'asks the org once more; without a key about every entry in doubt')
    .addHelpText(
      'after',
      examples(
        'outbox settle --auto',
        'outbox settle 3f2a91c4 --as 003000000000001AAA',
        'outbox settle 3f2a91c4 --not-sent',
      ),
    )
    .action((keys: string[], flags: SettleFlags, command) =>
      run(command, (call) => settle(call, keys, flags)),
    );
}

async function settle(call: Invocation, keys: string[], flags: SettleFlags): Promise<Outcome> {
  const { as = null, notSent = false, auto = false } = flags;
  const ways = [as !== null, notSent, auto].filter(Boolean).length;
  if (ways !== 1) {
    throw new AppError(
      'INVALID_INPUT',
      ways === 0
        ? 'How the entry is to be settled is not told.'
        : 'Only one of --as, --not-sent and --auto can be.',
      {
        hint: 'Give --as ID where you found its contact, --not-sent where there is none, --auto to ask the org.',
      },
    );
  }
  if (keys.length === 0 && !auto) {
    throw new AppError('INVALID_INPUT', 'No entry is named.', {
      hint: '`parahack-sync outbox list --state in-doubt` shows the keys.',
    });
  }
  if (as !== null && keys.length > 1) {
    throw new AppError('INVALID_INPUT', 'Several entries cannot be one contact.', {
      hint: 'Settle each with the Id of its own contact.',
    });
  }
  const app = await call.app();
  const options = { org: flags.org ?? null, keys, as, notSent, auto };
  const result = await app.outbox.settle(options, (event) => {
    if (event.event === 'push:waiting')
      call.messages.say(
        `${call.orgNames.of(event.instanceUrl)}: waiting for another process that is sending.`,
      );
  });
  return { document: result, text: () => settledText(result, call), failure: failureOf(result) };
}

function failureOf({ inDoubt }: OutboxSettleResult): AppError | null {
  if (inDoubt.length === 0) return null;
  const is = inDoubt.length === 1 ? 'is' : 'are';
  return new AppError('IN_DOUBT', `${counted(inDoubt.length, 'entry', 'entries')} ${is} still in doubt.`, {
    hint: '`parahack-sync outbox show KEY` tells why, and which contacts it may have become; `parahack-sync outbox settle KEY --as ID` or `--not-sent` decides it.',
    details: { inDoubt: inDoubt.length },
  });
}

import { Option } from 'commander';
import { AppError } from '../../base/errors.ts';
import { formatDuration } from '../../base/interval.ts';
import type { BackfillItem, BackfillOptions } from '../../contract/backfill.ts';
import { bounds } from '../../contract/defaults.ts';
import { isSmallDifference } from '../../contract/small-difference.ts';
import type { Invocation, Outcome } from '../invocation.ts';
import { collectList } from '../options/list-option.ts';
import { wholeNumber } from '../options/number-option.ts';
import { failureOfRuns } from '../org-failure.ts';
import { openProgress } from '../progress/open-progress.ts';
import { count, counted } from '../render/quantity.ts';
import type { CommandHost } from './command-host.ts';
import { examples } from './examples.ts';
import { orgRunsTable } from './org-runs-table.ts';

interface BackfillFlags {
  all?: boolean;
  api: BackfillOptions['api'];
  concurrency?: number;
  fresh?: boolean;
  force?: boolean;
  fields?: string[];
}

export function addBackfillCommand({ program, run }: CommandHost): void {
  program
    .command('backfill')
    .summary('copy all contacts of an org, resumable')
    .description(
      'The first full copy of an org into its mirror. Interrupted, the same command goes on where it stopped. ' +
        'Without ORG: all connected orgs with sync on.',
    )
    .argument('[org...]', 'aliases, instance URLs, hosts or usernames')
    .option('--all', 'orgs with sync off too')
    .addOption(
      new Option('--api <api>', 'REST queries, the Bulk API, or by the number of contacts')
        .choices(['auto', 'rest', 'bulk'])
        .default('auto'),
    )
    .option(
      '--concurrency <n>',
      'requests at a time, in place of an adaptive number',
      wholeNumber(...bounds.concurrency),
    )
    .option(
      '--fresh',
      'copy the org anew beside the mirror, which is archived and replaced when the copy is complete',
    )
    .option('--force', 'with --fresh: although the outbox has open entries')
    .option('--fields <names>', 'only these fields, by commas or repeated', collectList)
    .addHelpText(
      'after',
      examples('backfill', 'backfill prod --api bulk', 'backfill prod --fields Email,Phone,LastName'),
    )
    .action((orgs: string[], flags: BackfillFlags, command) =>
      run(command, (call) => backfill(call, orgs, flags)),
    );
}

async function backfill(call: Invocation, orgs: string[], flags: BackfillFlags): Promise<Outcome> {
  if (flags.all && orgs.length > 0) {
    throw new AppError('INVALID_INPUT', 'Both orgs and --all are given.', { hint: 'Give one of them.' });
  }
  const app = await call.app();
  const progress = await openProgress(call);
  try {
    const result = await app.backfill(
      {
        orgs,
        all: flags.all ?? false,
        api: flags.api,
        concurrency: flags.concurrency ?? null,
        fresh: flags.fresh ?? false,
        force: flags.force ?? false,
        fields: flags.fields ?? null,
      },
      (event) => progress.show(event),
    );
    for (const { instanceUrl, compared } of result.orgs) {
      if (compared === null || compared.org === compared.mirror) continue;
      call.messages.warn(
        `${call.orgNames.of(instanceUrl)} counts ${counted(compared.org, 'contact')}, its mirror ${count(compared.mirror)}. ` +
          call.orgNames.inCommands(explanationOf(compared), instanceUrl),
      );
    }
    return {
      document: result,
      text: () => textOf(result.orgs, call),
      failure: failureOfRuns(result.orgs, 'backfill'),
    };
  } finally {
    progress.stop();
  }
}

function explanationOf(compared: { org: number; mirror: number }): string {
  return isSmallDifference(compared)
    ? 'Contacts that change meanwhile explain a small difference, which `parahack-sync watch --once` closes; one that stays after it is closed by `parahack-sync reconcile`.'
    : 'That is more than changes meanwhile explain: if it stays after `parahack-sync watch --once`, `parahack-sync reconcile` compares all contacts.';
}

function textOf(orgs: readonly BackfillItem[], call: Invocation): string {
  const [only] = orgs;
  if (only === undefined) return 'No org to backfill.';
  if (orgs.length === 1) return sentenceOf(only, call.orgNames.of(only.instanceUrl));
  return orgRunsTable(
    orgs,
    {
      CONTACTS: ({ contacts }) => count(contacts),
      'PER SECOND': ({ contactsPerSecond }) => (contactsPerSecond === null ? '-' : count(contactsPerSecond)),
    },
    call,
  );
}

function sentenceOf(org: BackfillItem, name: string): string {
  const stored = org.inserted + org.updated;
  if (org.status !== 'complete') {
    const after = stored === 0 ? '.' : ` after ${counted(stored, 'contact')}; run it again to go on.`;
    return `${name}: ${org.status}${after}`;
  }
  // Nothing where a resumed run had only its end left to do.
  const speed = (org.contactsPerSecond ?? 0) === 0 ? '' : ` (${count(org.contactsPerSecond)} a second)`;
  return (
    `${name}: ${count(org.contacts)} contacts in the mirror, ${count(org.inserted)} new and ` +
    `${count(org.updated)} changed, in ${formatDuration(org.durationMs)}${speed} with ${counted(org.apiCalls, 'API call')}.` +
    (org.archived === null ? '' : ` The old mirror was put aside as ${org.archived}.`)
  );
}

import { AppError } from '../../base/errors.ts';
import { formatDuration } from '../../base/interval.ts';
import type { ReconcileItem } from '../../contract/reconcile.ts';
import type { ReconcileTotals } from '../../contract/reconcile-totals.ts';
import type { Invocation, Outcome } from '../invocation.ts';
import { failureOfRuns, onlyOrg } from '../org-failure.ts';
import { openProgress } from '../progress/open-progress.ts';
import { count, counted } from '../render/quantity.ts';
import type { CommandHost } from './command-host.ts';
import { examples } from './examples.ts';
import { orgRunsTable } from './org-runs-table.ts';

interface ReconcileFlags {
  dryRun?: boolean;
  force?: boolean;
  wait?: boolean;
}

export function addReconcileCommand({ program, run }: CommandHost): void {
  program
    .command('reconcile')
    .summary('compare all contacts with the org and repair the mirror')
    .description(
      'Compares every Id and SystemModstamp with the org, reads what is missing or stale, and removes what Salesforce ' +
        'does not have any more. A watch does so by itself when it must, and once a week. Interrupted, the same command ' +
        'goes on where it stopped, within a day. Else the whole is compared as it is from then on: an older one that lay ' +
        'interrupted comes to its end before, where it has read half at least. Where a watch runs, it is left to that one and followed to its end. Without ORG: all connected orgs with sync on.',
    )
    .argument('[org...]', 'aliases, instance URLs, hosts or usernames')
    .option('--dry-run', 'compare and change nothing; with --verbose or --json the Ids, 1,000 of a kind')
    .option('--force', 'remove rows that Salesforce does not know even where they are suspiciously many')
    .option('--no-wait', 'where a watch runs, leave it to that one and end at once')
    .addHelpText(
      'after',
      examples('reconcile', 'reconcile prod --dry-run --verbose', 'reconcile prod --force'),
    )
    .action((orgs: string[], flags: ReconcileFlags, command) =>
      run(command, (call) => reconcile(call, orgs, flags)),
    );
}

async function reconcile(call: Invocation, orgs: string[], flags: ReconcileFlags): Promise<Outcome> {
  const app = await call.app();
  const progress = await openProgress(call);
  try {
    const result = await app.reconcile(
      { orgs, dryRun: flags.dryRun ?? false, force: flags.force ?? false, wait: flags.wait ?? true },
      (event) => progress.show(event),
    );
    return {
      document: result,
      text: () => textOf(result.orgs, call),
      failure: failureOfRuns(result.orgs, 'reconcile') ?? failureOfHeld(result.orgs),
    };
  } finally {
    progress.stop();
  }
}

/** All else is done; a dry run only tells. */
function failureOfHeld(orgs: readonly ReconcileItem[]): AppError | null {
  const holding = orgs.filter(({ held, dryRun }) => held > 0 && !dryRun);
  if (holding.length === 0) return null;
  const held = holding.reduce((sum, org) => sum + org.held, 0);
  return new AppError(
    'PARTIAL',
    `${counted(held, 'contact')} of the mirror ${held === 1 ? 'is' : 'are'} not found in the org and ${held === 1 ? 'stays' : 'stay'}: so many are not believed to be gone. All else is repaired.`,
    {
      hint: 'Look whether this user may still see them in Salesforce. Where they are really gone, `parahack-sync reconcile --force` removes them.',
      details: {
        ...onlyOrg(holding),
        orgs: holding.map(({ instanceUrl, held: n }) => ({ instanceUrl, held: n })),
      },
    },
  );
}

function textOf(orgs: readonly ReconcileItem[], call: Invocation): string {
  const { orgNames, output } = call;
  const [only] = orgs;
  if (only === undefined) return 'No org to compare.';
  const named = output.verbosity > 0 ? orgs.flatMap((org) => idLines(org)).join('\n') : '';
  const ids = named === '' ? '' : `\n${named}`;
  const former = (org: ReconcileItem, name: string) =>
    org.former === null ? '' : formerSentence(org.former, name);
  if (orgs.length === 1) return sentenceOf(only, orgNames.of(only.instanceUrl)) + former(only, '') + ids;
  const table = orgRunsTable(
    orgs,
    {
      CHECKED: ({ checked }) => count(checked),
      MISSING: ({ missing }) => count(missing),
      STALE: ({ stale }) => count(stale),
      GHOSTS: ({ ghosts }) => count(ghosts),
      HELD: ({ held }) => count(held),
      REPAIRED: ({ repaired }) => count(repaired),
    },
    call,
  );
  const formers = orgs.map((org) => former(org, orgNames.of(org.instanceUrl))).join('');
  return table + formers + ids;
}

function sentenceOf(org: ReconcileItem, name: string): string {
  const { checked, missing, stale, ghosts, held, repaired, recalculated, dryRun } = org;
  if (org.status === 'queued')
    return `${name}: left to the watch that runs; \`runs\` shows what it comes to.`;
  // One that did not even begin, beside a watch for one, has nothing to go on with.
  if (org.status === 'failed' && checked === 0) return `${name}: failed.`;
  if (org.status !== 'complete') return `${name}: ${org.status}; run it again to go on.`;
  const cost = ` in ${formatDuration(org.durationMs)} with ${counted(org.apiCalls, 'API call')}`;
  const compared = `${name}: ${counted(checked, 'contact')} compared${cost}`;
  if (missing + stale + ghosts + recalculated === 0) return `${compared}; the mirror is as the org.`;
  const found = foundText(org);
  const formulas =
    recalculated === 0 ? '' : ` Formulas of ${counted(recalculated, 'contact')} were read anew.`;
  const staying = held === 0 ? '' : ` ${count(held)} ${dryRun ? 'would be' : 'are'} held.`;
  return dryRun
    ? `${compared}: ${found}. Nothing was changed.${staying}`
    : `${compared}: ${found}; ${count(repaired)} repaired.${staying}${formulas}`;
}

function foundText({ missing, stale, ghosts }: ReconcileTotals): string {
  return `${count(missing)} missing, ${count(stale)} stale, ${counted(ghosts, 'ghost')}`;
}

/** `name`: where others are told of too. */
function formerSentence(former: ReconcileTotals, name: string): string {
  const of = name === '' ? '' : `${name}: `;
  return `\n${of}An older comparison that lay interrupted came to its end before: ${foundText(former)}; ${count(former.repaired)} repaired.`;
}

/** One line an Id, the first of each kind; how many more there are is said. */
function idLines({ ids, missing, stale, ghosts, held }: ReconcileItem): string[] {
  if (ids === null) return [];
  const lines = (kind: string, named: readonly string[], total: number) => {
    const more = total - named.length;
    return [
      ...named.map((id) => `${kind} ${id}`),
      ...(more > 0 ? [`${kind}: ${count(more)} more are not named`] : []),
    ];
  };
  return [
    ...lines('missing', ids.missing, missing),
    ...lines('stale', ids.stale, stale),
    ...lines('ghost', ids.ghosts, ghosts - held),
    ...lines('held', ids.held, held),
  ];
}

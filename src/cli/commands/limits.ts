import type { LimitsItem } from '../../contract/limits.ts';
import type { Invocation, Outcome } from '../invocation.ts';
import { failureOfOrgs } from '../org-failure.ts';
import { renderFacts } from '../render/facts.ts';
import { count } from '../render/quantity.ts';
import type { CommandHost } from './command-host.ts';
import { examples } from './examples.ts';
import { shareFacts } from './share-text.ts';

/** Those that this tool spends, of the sixty or so that an org reports. */
const ofInterest = [
  'DailyBulkV2QueryJobs',
  'DailyBulkV2QueryFileStorageMB',
  'DailyBulkApiBatches',
  'DataStorageMB',
];

export function addLimitsCommand({ program, run }: CommandHost): void {
  program
    .command('limits')
    .summary("the org's API limits, and this tool's share")
    .description("Asks Salesforce for the org's API limits and shows the share that this tool may use.")
    .argument('[org]', 'alias, instance URL, host or username')
    .addHelpText('after', examples('limits', 'limits prod --json'))
    .action((org: string | undefined, _flags, command) => run(command, (call) => limits(call, org ?? null)));
}

async function limits(call: Invocation, org: string | null): Promise<Outcome> {
  const app = await call.app();
  const result = await app.limits({ org });
  return {
    document: result,
    text: () =>
      result.orgs.length === 0
        ? 'No org is connected. Connect one with `parahack-sync login --client-id ID`.'
        : result.orgs.map((item) => textOf(item, call)).join('\n'),
    failure: failureOfOrgs(result.orgs),
  };
}

function textOf(item: LimitsItem, { terminal, output, orgNames }: Invocation): string {
  const { api, share } = item;
  const name = terminal.style.bold(orgNames.of(item.instanceUrl, item.alias));
  const failed = item.error === null ? '' : `  ${item.error.message} (${item.error.code})\n`;
  if (item.error !== null && api.max === null) return `${name}\n${failed}`;
  const all = Object.entries(item.limits).filter(
    ([limit]) => output.verbosity > 0 || ofInterest.includes(limit),
  );
  const facts = [
    ['API requests', `${count(api.used)} of ${count(api.max)} used in the last 24 hours`],
    ...shareFacts(share, { app: api.app, stretched: item.stretched }),
    ...all.map(
      ([limit, { max, remaining }]) => [limit, `${count(remaining)} of ${count(max)} left`] as const,
    ),
  ] as [string, string][];
  return `${name}\n${failed}${renderFacts(facts, terminal.style)}`;
}

import { Option } from 'commander';
import { AppError } from '../../base/errors.ts';
import { parseApiBudget } from '../../config/api-budget.ts';
import type { OrgSet, OrgView } from '../../contract/orgs.ts';
import { type ConflictPolicy, conflictPolicies } from '../../org/conflict-policy.ts';
import type { Invocation, Outcome } from '../invocation.ts';
import { counted, percent } from '../render/quantity.ts';
import { renderTable } from '../render/table.ts';
import type { CommandHost } from './command-host.ts';
import { examples } from './examples.ts';

interface OrgSettingsFlags {
  twoWay?: 'on' | 'off';
  conflicts?: ConflictPolicy;
  budget?: string;
}

export function addOrgsCommand({ program, run }: CommandHost): void {
  const orgs = program
    .command('orgs')
    .summary('list connected orgs and change their settings')
    .description('Lists the connected orgs; its commands change one.')
    .addHelpText(
      'after',
      examples(
        'orgs',
        'orgs disable sandbox',
        'orgs alias acme.my.salesforce.com prod',
        'orgs set prod --budget 0.1',
      ),
    )
    .action((_flags, command) => run(command, listOrgs));
  for (const [name, sync] of [
    ['enable', true],
    ['disable', false],
  ] as const) {
    orgs
      .command(name)
      .description(
        `Turns the org's sync ${sync ? 'on' : 'off'}: \`watch\` and \`backfill\` ${sync ? 'take it up' : 'leave it alone'}.`,
      )
      .argument('<org>', 'alias, instance URL, host or username')
      .addHelpText('after', examples(`orgs ${name} prod`))
      .action((org: string, _flags, command) =>
        run(command, async (call) => changed(await (await call.app()).orgs.setSync({ org, sync }), call)),
      );
  }
  orgs
    .command('alias')
    .description('Gives the org a short name; an empty name takes it away.')
    .argument('<org>', 'alias, instance URL, host or username')
    .argument('<name>', 'the new alias')
    .addHelpText('after', examples('orgs alias acme.my.salesforce.com prod', "orgs alias prod ''"))
    .action((org: string, name: string, _flags, command) =>
      run(command, async (call) =>
        aliased(await (await call.app()).orgs.setAlias({ org, alias: name.trim() || null }), call),
      ),
    );
  orgs
    .command('set')
    .description("Changes the org's settings.")
    .argument('<org>', 'alias, instance URL, host or username')
    .option(
      '--budget <share>',
      "share of the org's daily API requests that this tool may take, 0.25 by default",
    )
    .addOption(
      new Option(
        '--two-way <state>',
        'on: programs may write to the view contacts of the mirror, and it is pushed',
      ).choices(['on', 'off']),
    )
    .addOption(
      new Option('--conflicts <policy>', 'whose value stays where both sides have changed a field').choices(
        conflictPolicies,
      ),
    )
    .addHelpText(
      'after',
      examples('orgs set prod --budget 0.1', 'orgs set prod --two-way on --conflicts manual'),
    )
    .action((org: string, flags: OrgSettingsFlags, command) =>
      run(command, (call) => setOrg(call, org, flags)),
    );
}

async function listOrgs(call: Invocation): Promise<Outcome> {
  const app = await call.app();
  const result = await app.orgs.list();
  return {
    document: result,
    text: () =>
      result.orgs.length === 0
        ? 'No org is connected. Connect one with `parahack-sync login --client-id ID`.'
        : tableOf(result.orgs, call),
  };
}

async function setOrg(call: Invocation, org: string, flags: OrgSettingsFlags): Promise<Outcome> {
  const { twoWay, conflicts } = flags;
  if (flags.budget === undefined && twoWay === undefined && conflicts === undefined) {
    throw new AppError('INVALID_INPUT', 'No setting is given.', {
      hint: 'Give at least one, such as --budget 0.1.',
    });
  }
  const budget = flags.budget === undefined ? undefined : parseApiBudget(flags.budget, '--budget');
  const app = await call.app();
  const result = await app.orgs.set({
    org,
    budget,
    ...(twoWay === undefined ? {} : { twoWay: twoWay === 'on' }),
    ...(conflicts === undefined ? {} : { conflicts }),
  });
  const set = [
    ...(twoWay === undefined ? [] : [`two-way ${twoWay}`]),
    ...(conflicts === undefined ? [] : [`conflicts ${conflicts}`]),
    ...(budget === undefined ? [] : [`up to ${percent(budget)} of its API requests`]),
  ];
  return {
    document: result,
    text: () =>
      `${call.orgNames.of(result.org.instanceUrl, result.org.alias)}: ${set.join(', ')}.${call.orgNames.inCommands(leftOver(result), result.org.instanceUrl)}`,
  };
}

/** Whoever turns it off may think that nothing is sent any more. */
function leftOver({ org, openEdits }: OrgSet): string {
  if (org.twoWay || openEdits === null || openEdits === 0) return '';
  const edits = counted(openEdits, 'edit', 'edits');
  return ` ${edits} from before still ${openEdits === 1 ? 'waits and is' : 'wait and are'} sent; \`parahack-sync outbox list\` shows them, \`parahack-sync outbox drop --all --state pending,held,conflict\` gives up all that waits.`;
}

function aliased({ org }: { org: OrgView }, { orgNames }: Invocation): Outcome {
  const now = org.alias === null ? 'no alias any more' : `alias ${org.alias}`;
  return {
    document: { org },
    text: () => `${orgNames.of(org.instanceUrl)}: ${now}.`,
  };
}

function changed({ org }: { org: OrgView }, { orgNames }: Invocation): Outcome {
  const budget = org.budget === null ? '' : `, up to ${percent(org.budget)} of its API requests`;
  return {
    document: { org },
    text: () => `${orgNames.of(org.instanceUrl, org.alias)}: sync ${org.sync ? 'on' : 'off'}${budget}.`,
  };
}

function tableOf(orgs: readonly OrgView[], { terminal, messages, orgNames }: Invocation): string {
  for (const { instanceUrl, auth, authReason } of orgs) {
    if (authReason !== null) messages.warn(`${orgNames.of(instanceUrl)}: ${auth}, ${authReason.message}`);
  }
  const hasTwoWay = orgs.some(({ twoWay }) => twoWay);
  return renderTable(
    [
      { title: 'ALIAS', key: true },
      { title: 'INSTANCE URL', key: true },
      { title: 'USERNAME' },
      { title: 'SYNC' },
      ...(hasTwoWay ? [{ title: 'TWO-WAY' }] : []),
      { title: 'LOGIN' },
    ],
    orgs.map((org) => [
      org.alias ?? '-',
      org.instanceUrl,
      org.username,
      org.sync ? 'on' : 'off',
      ...(hasTwoWay ? [org.twoWay ? org.conflicts : 'off'] : []),
      org.auth,
    ]),
    terminal,
  );
}

import { AppError } from '../../base/errors.ts';
import { parseApiBudget } from '../../config/api-budget.ts';
import type { OrgView } from '../../contract/orgs.ts';
import type { Invocation, Outcome } from '../invocation.ts';
import { percent } from '../render/quantity.ts';
import { renderTable } from '../render/table.ts';
import type { CommandHost } from './command-host.ts';
import { examples } from './examples.ts';

interface OrgSettingsFlags {
  /** Else this version says no. */
  twoWay?: 'off';
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
        run(command, async (call) => changed(await (await call.app()).orgs.setSync({ org, sync }))),
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
        aliased(await (await call.app()).orgs.setAlias({ org, alias: name.trim() || null })),
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
    .addHelpText('after', examples('orgs set prod --budget 0.1'))
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
        ? 'No org is connected. Connect one with `parahack-sync login`.'
        : tableOf(result.orgs, call),
  };
}

async function setOrg(call: Invocation, org: string, flags: OrgSettingsFlags): Promise<Outcome> {
  if (flags.budget === undefined && flags.twoWay === undefined) {
    throw new AppError('INVALID_INPUT', 'No setting is given.', {
      hint: 'Give at least one, such as --budget 0.1.',
    });
  }
  const budget = flags.budget === undefined ? undefined : parseApiBudget(flags.budget, '--budget');
  const app = await call.app();
  const result = await app.orgs.set({ org, budget });
  const set = [
    ...(flags.twoWay === undefined ? [] : [`two-way ${flags.twoWay}`]),
    ...(budget === undefined ? [] : [`up to ${percent(budget)} of its API requests`]),
  ];
  return { document: result, text: () => `${nameOf(result.org)}: ${set.join(', ')}.` };
}

function aliased({ org }: { org: OrgView }): Outcome {
  const host = new URL(org.instanceUrl).host;
  return {
    document: { org },
    text: () => (org.alias === null ? `${host}: no alias any more.` : `${host}: alias ${org.alias}.`),
  };
}

function changed({ org }: { org: OrgView }): Outcome {
  const budget = org.budget === null ? '' : `, up to ${percent(org.budget)} of its API requests`;
  return {
    document: { org },
    text: () => `${nameOf(org)}: sync ${org.sync ? 'on' : 'off'}${budget}.`,
  };
}

function nameOf({ alias, instanceUrl }: OrgView): string {
  return alias ?? new URL(instanceUrl).host;
}

function tableOf(orgs: readonly OrgView[], { terminal, messages, orgNames }: Invocation): string {
  for (const { instanceUrl, auth, authReason } of orgs) {
    if (authReason !== null) messages.warn(`${orgNames.of(instanceUrl)}: ${auth}, ${authReason.message}`);
  }
  return renderTable(
    [
      { title: 'ALIAS', key: true },
      { title: 'INSTANCE URL', key: true },
      { title: 'USERNAME' },
      { title: 'SYNC' },
      { title: 'LOGIN' },
    ],
    orgs.map((org) => [org.alias ?? '-', org.instanceUrl, org.username, org.sync ? 'on' : 'off', org.auth]),
    terminal,
  );
}

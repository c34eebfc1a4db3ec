import type { CommandHost } from './command-host.ts';
import { sayNotAvailable } from './not-available.ts';
import { requireSubcommand } from './require-subcommand.ts';

const instead =
  'Let a program of yours read `parahack-sync watch --json` and post after each `cycle:complete` line.';

const byId = {
  remove: 'Removes a webhook',
  test: 'Posts a change to a webhook, to try it',
  resume: 'Goes on with a webhook that was paused',
};

export function addWebhooksCommand({ program, run }: CommandHost): void {
  const refuse = sayNotAvailable(run, '`webhooks`', instead);
  const webhooks = program
    .command('webhooks')
    .summary('changes by HTTP POST (not yet)')
    .description('Changes by HTTP POST, signed as Standard Webhooks. Not part of this version yet.');
  requireSubcommand(webhooks);
  webhooks
    .command('add')
    .description('Posts changes to a URL from now on (not yet).')
    .argument('<url>', 'where to')
    .option('--org <org>', 'alias, instance URL, host or username')
    .action(refuse);
  webhooks.command('list').description('Lists the webhooks (not yet).').action(refuse);
  for (const [verb, what] of Object.entries(byId)) {
    webhooks
      .command(verb)
      .description(`${what} (not yet).`)
      .argument('<id>', "the webhook's id")
      .action(refuse);
  }
}

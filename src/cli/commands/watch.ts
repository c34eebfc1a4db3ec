import { Option } from 'commander';
import { bounds, defaults } from '../../contract/defaults.ts';
import type { Invocation, Outcome } from '../invocation.ts';
import { duration } from '../options/duration-option.ts';
import { every, never } from '../options/every-option.ts';
import { failureOfOrgs } from '../org-failure.ts';
import type { CommandHost } from './command-host.ts';
import { createEventLog } from './event-log.ts';
import { examples } from './examples.ts';
import { failureOfPushes } from './watch-failure.ts';
import { createWatchLog } from './watch-log.ts';

interface WatchFlags {
  interval: number;
  once?: boolean;
  push: boolean;
  reconcileEvery: number | typeof never;
  logFormat: 'text' | 'json';
}

export function addWatchCommand({ program, run }: CommandHost): void {
  program
    .command('watch')
    .summary('keep mirrors up to date, for as long as it runs')
    .description(
      'Polls each org that has sync on and sends what waits in its outbox. Ends gracefully on SIGINT, SIGTERM or SIGHUP. ' +
        'An org without a complete backfill is backfilled first, and one that has been left alone too long is compared as a whole.',
    )
    .argument('[org...]', 'aliases, instance URLs, hosts or usernames')
    .addOption(
      new Option('--interval <duration>', 'from 30s to 1d')
        .argParser(duration(...bounds.watchIntervalMs))
        .default(defaults.watchIntervalMs, '5m'),
    )
    .option('--once', 'one cycle per org, then exit')
    .addOption(
      new Option(
        '--reconcile-every <duration>',
        'how often all contacts are compared with the org, from 1h to 365d, or off',
      )
        .argParser(every(...bounds.reconcileEveryMs))
        .default(defaults.reconcileEveryMs, '7d'),
    )
    .option('--no-push', 'leave the outbox alone')
    .option('--no-events', 'poll alone, as every watch of this version does')
    .addOption(
      new Option('--log-format <format>', 'how events are written').choices(['text', 'json']).default('text'),
    )
    .addHelpText('after', examples('watch', 'watch prod --interval 1m', 'watch --once --json'))
    .action((orgs: string[], flags: WatchFlags, command) => run(command, (call) => watch(call, orgs, flags)));
}

async function watch(call: Invocation, orgs: string[], flags: WatchFlags): Promise<Outcome> {
  const asJson = call.output.json || flags.logFormat === 'json';
  const log = asJson ? await call.jsonLog() : null;
  // Only whoever asks for a log has messages among the events.
  if (log !== null && flags.logFormat === 'json') call.messages.setLog(log);
  const app = await call.app({ exactEvents: asJson });
  const everyCycle = (flags.once ?? false) || call.output.verbosity > 0;
  const show =
    log === null ? createWatchLog(call, { everyCycle }) : createEventLog(log, call.io, { everyCycle });
  const result = await app.watch(
    {
      orgs,
      intervalMs: flags.interval,
      once: flags.once ?? false,
      push: flags.push,
      reconcileEveryMs: flags.reconcileEvery === never ? null : flags.reconcileEvery,
    },
    show,
  );
  // A signal is how a watch ends; the troubles of its orgs are in its events. One that ends by itself tells why, and
  // one that was to make one cycle is interrupted like any command.
  if (call.signal.aborted && !flags.once) return { failure: null };
  return { failure: failureOfOrgs(result.orgs) ?? failureOfPushes(result.orgs) };
}

import { Option } from 'commander';
import { AppError } from '../../base/errors.ts';
import { formatDuration } from '../../base/interval.ts';
import type { RunView } from '../../contract/runs.ts';
import type { FailingWatch, StatusItem, StatusResult } from '../../contract/status.ts';
import type { Invocation, Outcome } from '../invocation.ts';
import { duration } from '../options/duration-option.ts';
import type { OrgNames } from '../org-names.ts';
import { renderFacts } from '../render/facts.ts';
import { count, counted, percent } from '../render/quantity.ts';
import { relativeTime } from '../render/relative-time.ts';
import type { CommandHost } from './command-host.ts';
import { examples } from './examples.ts';
import { shareFacts } from './share-text.ts';

const longestLagMs = 366 * 86_400_000;

export function addStatusCommand({ program, run }: CommandHost): void {
  program
    .command('status')
    .summary('how each org stands')
    .description(
      'Shows how each org stands: login, contacts, lag, outbox, API use, last runs; and whether a watch runs.',
    )
    .argument('[org]', 'alias, instance URL, host or username')
    .addOption(
      new Option(
        '--max-lag <duration>',
        'exit 4 where an org with sync on is further behind, or none is connected: 90s, 5m, 1h, 1d',
      ).argParser(duration(1_000, longestLagMs)),
    )
    .addHelpText('after', examples('status', 'status prod --json', 'status --max-lag 1h'))
    .action((org: string | undefined, { maxLag = null }: { maxLag?: number | null }, command) =>
      run(command, (call) => status(call, org ?? null, maxLag)),
    );
}

async function status(call: Invocation, org: string | null, maxLagMs: number | null): Promise<Outcome> {
  const app = await call.app();
  const result = await app.status({ org });
  return {
    document: result,
    text: () => textOf(result, call),
    failure: maxLagMs === null ? null : behind(result, maxLagMs, call.orgNames),
  };
}

/** Nothing keeps up an org whose sync is off. One of which the lag is not known is not known to be near either. */
function behind({ orgs }: StatusResult, maxLagMs: number, orgNames: OrgNames): AppError | null {
  if (orgs.length === 0)
    return new AppError('MIRROR_BEHIND', 'No org is connected, so that nothing is kept up.', {
      hint: 'Check --data-dir and PARAHACK_SYNC_DATA_DIR, or connect an org with `parahack-sync login --client-id ID`.',
      details: { behind: [] },
    });
  const late = orgs.filter(
    ({ sync, lagSeconds }) => sync && (lagSeconds === null || lagSeconds * 1_000 > maxLagMs),
  );
  if (late.length === 0) return null;
  const named = (orgs: readonly StatusItem[], what: string, hint: string) =>
    orgs.length === 0
      ? []
      : [
          {
            what: `${what}: ${orgs.map((org) => orgNames.of(org.instanceUrl, org.alias)).join(', ')}.`,
            hint: orgs.length === 1 ? orgNames.inCommands(hint, orgs[0]!.instanceUrl) : hint,
          },
        ];
  const bare = late.filter(
    (org) => org.lagSeconds === null && org.coveredUntil === null && org.error === null,
  );
  const unknown = late.filter((org) => org.lagSeconds === null && !bare.includes(org));
  const behindBy = late.filter(({ lagSeconds }) => lagSeconds !== null);
  const reasons = [
    ...named(
      behindBy,
      `More than ${formatDuration(maxLagMs)} behind`,
      'Check that `parahack-sync watch` runs; `parahack-sync watch --once` catches up, or says why it cannot.',
    ),
    ...named(
      bare,
      'Without a complete first copy, so that nothing is covered yet',
      'Run `parahack-sync backfill`.',
    ),
    ...named(unknown, 'How far behind is not known', '`parahack-sync doctor` says why.'),
  ];
  return new AppError('MIRROR_BEHIND', reasons.map(({ what }) => what).join(' '), {
    hint: reasons.map(({ hint }) => hint).join(' '),
    details: { behind: late.map(({ instanceUrl, lagSeconds }) => ({ instanceUrl, lagSeconds })) },
  });
}

function textOf({ orgs, watch }: StatusResult, { terminal, io, orgNames }: Invocation): string {
  const now = io.now();
  if (orgs.length === 0) return 'No org is connected. Connect one with `parahack-sync login --client-id ID`.';
  const running = watch.running
    ? `A watch runs (process ${watch.pid}, since ${relativeTime(watch.since, now)}).`
    : 'No watch runs.';
  const blocks = orgs.map((org) => {
    const name = orgNames.of(org.instanceUrl, org.alias);
    return `${terminal.style.bold(name)}\n${renderFacts(factsOf(org, now, orgNames), terminal.style)}`;
  });
  return `${blocks.join('\n')}\n${running}\n`;
}

function factsOf(org: StatusItem, now: number, orgNames: OrgNames): [string, string][] {
  const { outbox, api } = org;
  const lag =
    org.lagSeconds === null
      ? " (in the future by this machine's clock: see `parahack-sync doctor`)"
      : ` (${formatDuration(org.lagSeconds * 1_000)} behind)`;
  const waiting = Object.entries({
    pending: outbox.pending,
    rejected: outbox.rejected,
    'in doubt': outbox.inDoubt,
    held: outbox.held,
    'in conflict': outbox.conflicts,
  }).filter(([, n]) => n !== 0);
  const unread = org.error === null ? null : 'unknown';
  const used =
    api.used === null || api.max === null
      ? 'unknown'
      : `${count(api.used)} of ${count(api.max)} (${percent(api.used / api.max)}), ${relativeTime(api.at, now)}`;
  const facts: [string, string][] = [
    ['instance URL', org.instanceUrl],
    ['login', `${org.username ?? 'by PARAHACK_SYNC_ACCESS_TOKEN'}, ${org.auth}${reasonOf(org.authReason)}`],
    ['sync', org.sync ? 'on' : 'off'],
    ...(org.twoWay ? [['two-way', `on, ${org.conflicts}`] satisfies [string, string]] : []),
    [
      'contacts',
      org.contacts === null
        ? (unread ?? 'no mirror yet')
        : `${count(org.contacts)}, ${count(org.deleted)} deleted`,
    ],
    ['covered until', org.coveredUntil === null ? (unread ?? 'nothing yet') : `${org.coveredUntil}${lag}`],
    ['agreed in full', unread ?? agreedText(org, now)],
    ['last backfill', unread ?? runText(org.lastBackfill, now)],
    ['last cycle', unread ?? runText(org.lastCycle, now)],
    ['last reconcile', unread ?? `${runText(org.lastReconcile, now)}${heldText(org, orgNames)}`],
    [
      'outbox',
      unread ??
        (waiting.length === 0 ? 'empty' : waiting.map(([state, n]) => `${count(n)} ${state}`).join(', ')),
    ],
    ['API requests', used],
    ...(api.share === null ? [] : shareFacts(api.share, { app: api.app, stretched: api.stretched })),
    ['database', org.database ?? unread ?? 'none'],
    ...(org.failing === null
      ? []
      : [['watch fails', failingText(org.failing, now)] satisfies [string, string]]),
  ];
  return org.error === null ? facts : [...facts, ['error', `${org.error.message} (${org.error.code})`]];
}

function runText(run: RunView | null, now: number): string {
  if (run === null) return 'none';
  return `${run.status}, ${relativeTime(run.finishedAt ?? run.startedAt, now)}${reasonOf(run.error)}`;
}

function agreedText({ agreedAt, lastReconcile }: StatusItem, now: number): string {
  const held = lastReconcile?.counts.held ?? 0;
  return agreedAt === null && held > 0 ? `no, ${counted(held, 'row')} held` : relativeTime(agreedAt, now);
}

/** What a reconcile has kept, as nobody but a person can tell whether it is gone. */
function heldText({ instanceUrl, agreedAt, lastReconcile }: StatusItem, orgNames: OrgNames): string {
  const held = lastReconcile?.counts.held ?? 0;
  // A mirror that agrees is a copy made since, which has none of them.
  if (held === 0 || agreedAt !== null) return '';
  const rows = held === 1 ? 'row that the org does not show is' : 'rows that the org does not show are';
  const removed = orgNames.inCommands('`parahack-sync reconcile --force`', instanceUrl);
  return `, ${count(held)} ${rows} held (where really gone: ${removed})`;
}

/** A time that has come is that of a try under way, or of one that waits for its place. */
function failingText(failing: FailingWatch, now: number): string {
  const { failures, since, lastAt, retryAt } = failing;
  const untilMs = retryAt === null ? null : Date.parse(retryAt) - now;
  const again =
    untilMs === null ? '' : `; tried again ${untilMs < 1_000 ? 'now' : `in ${formatDuration(untilMs)}`}`;
  const tries =
    failures === 1
      ? `once, ${relativeTime(lastAt, now)}`
      : `${count(failures)} times since ${since}, last ${relativeTime(lastAt, now)}`;
  return `${tries}${again}${reasonOf(failing)}`;
}

function reasonOf(error: { code: string; message: string } | null): string {
  return error === null ? '' : `: ${error.message} (${error.code})`;
}

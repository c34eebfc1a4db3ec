import { deletedFrom, tombstoneOfAbsent } from '../absent-tombstone.ts';
import { isUnbelievable, type LiveRows } from '../brake.ts';
import { confirmGone } from '../confirm-gone.ts';
import type { SyncContext } from '../context.ts';
import { deletedSince } from '../deleted-since.ts';
import { futureMs } from '../future-cursor.ts';
import type { Effect } from '../ports/effect.ts';
import type { Tombstone } from '../ports/page.ts';
import type { SweptDue, SweptMark, SweptRow } from '../ports/sweep.ts';
import type { RunRecorder } from '../run-recorder.ts';
import type { ReconcileState } from './reconcile-state.ts';

/** More than so many that are not believed are not asked for one by one: it would take thousands of calls. */
const mostAsked = 20_000;

export interface ConfirmOptions {
  run: RunRecorder;
  state: ReconcileState;
  /** Lifts the brake. */
  force: boolean;
  note: (text: string) => void;
  signal: AbortSignal;
}

/**
 * Settles rows that the mirror has live and the sweep does not. Each is asked for by queryAll on its Id: what Salesforce
 * calls deleted is, what lives is read again, and what it does not know is purged or hidden, within the brake. Answers
 * how many were held by it, and until when deletions of these are unheard (`CompleteReconcile`).
 */
export async function confirmGhosts(
  context: SyncContext,
  options: ConfirmOptions,
): Promise<{ held: number; unheardUntil: number }> {
  const { sweep } = context.mirror;
  const { state, force } = options;
  // Where it was interrupted, cycles have gone on.
  await context.mirror.commit({ effects: [{ kind: 'settle-swept' }] }, { signal: options.signal });
  await askEach(context, 'deleted', options);
  const judge = judgeOnce(context, options.signal);
  await settleHidden(context, options, judge);
  const absent = await sweep.count('absent');
  const isAsked = force || absent <= mostAsked || !isUnbelievable(absent, await liveRows(context, state));
  if (isAsked) await askEach(context, 'absent', options);
  if ((await sweep.count('unknown')) + (await sweep.count('absent')) === 0) return nothingHeld;
  const known = await judge();
  if (!isAsked) await askEach(context, 'absent', options, known.isNamed);
  await settle(context, options, known, known.isNamed);
  const left = (await sweep.count('unknown')) + (await sweep.count('absent'));
  if (force || !isUnbelievable(left, await liveRows(context, state))) {
    await settle(context, options, known, () => true);
    return nothingHeld;
  }
  await hold(context, options, left);
  return { held: left, unheardUntil: known.unheardUntil };
}

/** What is stated has gone already, in a dry run by its mark alone. */
async function liveRows({ mirror }: SyncContext, { live }: ReconcileState): Promise<LiveRows> {
  const { contacts } = await mirror.contacts.counts();
  return { before: live, remaining: contacts - (await mirror.sweep.count('stated')) };
}

const nothingHeld = { held: 0, unheardUntil: 0 };

interface Judge {
  /** Whether `deleted` states it. */
  isNamed(row: SweptRow): boolean;
  tombstoneOf(row: SweptRow): Tombstone;
  /** See `Journal.unheardUntil`, as it will be once the cursor has passed the list. */
  unheardUntil: number;
}

/** The list is asked for where somebody needs it, and once. */
function judgeOnce(context: SyncContext, signal: AbortSignal): () => Promise<Judge> {
  let judge: Promise<Judge> | null = null;
  return () => {
    judge ??= judgeOf(context, signal);
    return judge;
  };
}

/**
 * What the cycles have heard of deletions until now is in the mirror, so that no deletion of its rows bears a time before
 * that, but for those that a reconcile has held whose list did not go back so far.
 */
async function judgeOf(context: SyncContext, signal: AbortSignal): Promise<Judge> {
  const now = context.remote.clock.told();
  const { journal } = context.mirror;
  const { deleted } = await journal.cursors();
  const unheardUntil = await journal.unheardUntil();
  const heardUntil = deleted === null || deleted > now + futureMs ? 0 : deleted;
  const list = await deletedSince(context, Math.min(heardUntil, now), { signal });
  return {
    isNamed: ({ id }) => list.ids.has(id),
    tombstoneOf: ({ id, readAt, evidenceAt }) => {
      const from = deletedFrom(readAt);
      const unheardFrom = from < unheardUntil ? from : Math.max(from, heardUntil);
      return tombstoneOfAbsent({ id, deletedFrom: unheardFrom, evidenceAt }, list);
    },
    unheardUntil: list.since > heardUntil ? Math.max(list.since, unheardUntil) : unheardUntil,
  };
}

/** Asks Salesforce for the rows of a kind that are `wanted`; none of them is of that kind any more then. */
async function askEach(
  context: SyncContext,
  due: 'deleted' | 'absent',
  options: ConfirmOptions,
  wanted: (row: SweptRow) => boolean = () => true,
): Promise<void> {
  await eachPage(context, due, async (rows) => {
    const ids = rows.filter(wanted).map(({ id }) => id);
    if (ids.length > 0) await ask(context, ids, options);
  });
}

async function ask(
  context: SyncContext,
  ids: readonly string[],
  { run, state: { dryRun }, signal }: ConfirmOptions,
): Promise<void> {
  const { tombstones, live } = await confirmGone(context, ids, { signal });
  const stated = tombstones.filter(({ gone }) => gone !== 'purged');
  const marks = [
    ...stated.map(({ id }): SweptMark => ({ id, due: dryRun ? 'stated' : null })),
    ...tombstones
      .filter(({ gone }) => gone === 'purged')
      .map(({ id, evidenceAt }): SweptMark => ({ id, due: 'unknown', evidenceAt })),
    // It came back, or was shown again, since the sweep.
    ...live.map((id): SweptMark => ({ id, due: 'stale' })),
  ];
  await commit(context, run.id, dryRun ? [] : stated, marks, signal, {
    ghosts: tombstones.length,
    stale: live.length,
  });
}

/** Removes the rows of those that Salesforce does not know, as far as they are `wanted`. */
async function settle(
  context: SyncContext,
  { run, state: { dryRun }, signal }: ConfirmOptions,
  { tombstoneOf }: Judge,
  wanted: (row: SweptRow) => boolean,
): Promise<void> {
  await eachPage(context, 'unknown', async (rows) => {
    const settled = rows.filter(wanted);
    if (settled.length === 0) return;
    const marks = settled.map(({ id }): SweptMark => ({ id, due: dryRun ? 'stated' : null }));
    await commit(context, run.id, dryRun ? [] : settled.map(tombstoneOf), marks, signal);
  });
}

/**
 * Of a hidden record `deleted` alone tells that it was erased, and the cursor is about to pass that list. Its values must
 * not stay then, nor where the list does not reach back to what the cycles have heard.
 */
async function settleHidden(
  context: SyncContext,
  { run, state: { dryRun }, signal }: ConfirmOptions,
  judge: () => Promise<Judge>,
): Promise<void> {
  if (dryRun) return;
  await eachPage(context, 'hidden', async (rows) => {
    const { tombstoneOf } = await judge();
    const gone = rows.map(tombstoneOf).filter(({ gone }) => gone === 'purged');
    const ids = gone.map(({ id }) => id);
    const { tombstones, live } = await confirmGone(context, ids, { signal });
    const marks = live.map((id): SweptMark => ({ id, due: 'stale' }));
    if (ids.length > 0) await commit(context, run.id, tombstones, marks, signal);
  });
}

async function eachPage(
  { mirror, sizes: { rowsPerPass } }: SyncContext,
  due: SweptDue,
  work: (rows: readonly SweptRow[]) => Promise<void>,
): Promise<void> {
  for (let after = ''; ; ) {
    const rows = await mirror.sweep.due(due, { after, limit: rowsPerPass });
    if (rows.length > 0) await work(rows);
    if (rows.length < rowsPerPass) return;
    after = rows.at(-1)!.id;
  }
}

async function commit(
  { mirror }: SyncContext,
  runId: string,
  tombstones: readonly Tombstone[],
  marks: readonly SweptMark[],
  signal: AbortSignal,
  counts: Record<string, number> = {},
): Promise<void> {
  const effects: Effect[] = [
    { kind: 'mark-swept', runId, marks },
    { kind: 'count-run', runId, delta: { counts, apiCalls: 0 } },
  ];
  await mirror.commit({ tombstones, effects }, { signal });
}

/** They are counted with the end of the run, which is stored once. */
async function hold(
  { mirror, log, remote }: SyncContext,
  { run, state: { live }, note }: ConfirmOptions,
  left: number,
): Promise<void> {
  run.count('held', left);
  // Those that were not even asked for.
  run.count('ghosts', await mirror.sweep.count('absent'));
  const text = `${left.toLocaleString('en-US')} of ${live.toLocaleString('en-US')} contacts in the mirror are not found in the org, and Salesforce does not say that they were deleted: they stay.`;
  note(text);
  log.warn(
    `${remote.instanceUrl}: ${text} Where they are really gone, \`parahack-sync reconcile --force\` removes them.`,
  );
}

import { isAbort, throwIfAborted } from '../../base/abort.ts';
import { messageOf } from '../../base/errors.ts';
import { Grace } from '../../base/grace.ts';
import type { SyncContext } from '../context.ts';
import type { Lease } from '../ports/leases.ts';
import type { RunRecorder } from '../run-recorder.ts';
import type { Undecided } from './entry/blocked-contacts.ts';
import { LostOfDrain } from './plan/lost-of-drain.ts';
import { waitsForJob } from './plan/waits-for-job.ts';
import { DrainProgress, type LeftEntries } from './progress/drain-progress.ts';
import type { OnSettled } from './progress/tell-settled.ts';
import { isReadBackDue, readBack } from './read-back/read-back.ts';
import { ReadBehind } from './read-back/read-behind.ts';
import { recoverJobs, sendByJobs } from './send/run-job.ts';
import { sendAll } from './send/send-all.ts';
import { SendBeside } from './send/send-beside.ts';
import type { SendOptions } from './send/send-options.ts';
import { leaveInDoubt, recover, recoverAgain } from './settle/recover.ts';
import { noteEnds } from './settle/settle-creates.ts';

export interface DrainOptions {
  run: RunRecorder;
  /** Lends the org's drain lease, or throws; absent where the context's mirror is under it already. */
  withLease?: <T>(work: (lease: Lease) => Promise<T>) => Promise<T>;
  onSettled?: OnSettled;
  /** How long all waits and repeats may take together; a minute unless told. The rest is left to the next drain. */
  patienceMs?: number;
  /** What an earlier drain could not send is left alone, and what follows of the same contacts; null or absent: it is tried. */
  leave?: LeftEntries | null;
  /** Why no ingest job is to be tried yet, where an earlier drain was told so; null or absent: they are tried. */
  noJobs?: Error | null;
  /** Whether all that this drain is for has an end, so that it need not wait for the jobs of others; absent: it waits. */
  isServed?: () => boolean;
  signal: AbortSignal;
}

export interface DrainReport {
  /** Entries that this drain was to send and that still wait, those behind them included; none of `behind`. */
  unsent: number;
  /** Keys of entries that wait until a person decides about an earlier one of their contact, by that one's state. */
  behind: Readonly<Record<Undecided, readonly string[]>>;
  /** Entries that are in doubt at its end, whoever sent them. */
  doubts: number;
  /** Entries of programs that this drain has held, as they are much at once. */
  held: number;
  /** Why sending ended before everything was tried: the org as a whole, or this machine. Null where it did not. */
  stopped: Error | null;
  /** What the next drain may `leave`; null where nothing is, and where others would fare no better: sending was stopped, or nothing was written and answers did not come. */
  left: LeftEntries | null;
  /** The first reason of an entry's own for still waiting, or for being in doubt, else `noJobs`; the others were sent. */
  stuck: Error | null;
  /** Why what only an ingest job is to carry waits; null where nothing does. */
  noJobs: Error | null;
  /** Why contacts that were written are not in the mirror yet; they are read by the next drain or cycle. */
  readBack: Error | null;
}

/** Somebody looks at a push. */
const defaultPatienceMs = 60_000;

/**
 * Sends what waits in the outbox, in order, and reads the contacts back. One drain an org at a time. Throws an abort
 * and what `withLease` throws; everything else is in the report, and whatever was settled is stored.
 */
export async function drainOutbox(context: SyncContext, options: DrainOptions): Promise<DrainReport> {
  const { withLease, signal } = options;
  const { outbox } = context.mirror;
  // A cycle whose pull failed while it was told to end comes here with that error, and not with the abort.
  throwIfAborted(signal);
  const counts = await outbox.counts();
  const open = counts.pending + counts.sent + counts['in-doubt'];
  const due = open > 0 || (await isReadBackDue(context));
  const behind = { conflict: [], held: [], 'in-doubt': [] };
  const none = { stopped: null, left: null, stuck: null, noJobs: null, readBack: null };
  if (!due) return { unsent: 0, behind, doubts: 0, held: 0, ...none };
  if (withLease === undefined) return drain(context, options, undefined);
  return withLease(async (lease) => {
    const mirror = await context.mirror.under(lease);
    return drain({ ...context, mirror }, options, () => lease.confirm());
  });
}

async function drain(
  context: SyncContext,
  options: DrainOptions,
  confirm: SendOptions['confirm'],
): Promise<DrainReport> {
  const { patienceMs = defaultPatienceMs, leave = null } = options;
  const progress = new DrainProgress(options.run, { patienceMs, leave });
  progress.noJobs = options.noJobs ?? null;
  using grace = new Grace(
    options.signal,
    context.stopBudgetMs,
    'The work was ended before Salesforce answered.',
  );
  let stopped: Error | null = null;
  try {
    const lost = new LostOfDrain();
    const sending = { ...options, lost, jobPatienceMs: options.patienceMs, grace: grace.signal, confirm };
    await using behind = new ReadBehind(context, options);
    const beside = () => new SendBeside(context, progress, { ...sending, behind });
    await recoverJobs(context, progress, { ...sending, beside: beside() });
    await recover(context, progress, options);
    await sendByJobs(context, progress, { ...sending, beside: beside() });
    if (progress.noJobs !== null) progress.waitsForJob = await waitsForJob(context);
    await recoverAgain(context, progress, options);
    stopped = await sendAll(context, progress, { ...sending, behind });
  } catch (error) {
    // What cannot be stored now is found by the next drain.
    if (isAbort(error)) {
      await leaveInDoubt(context).catch(() => {});
      throw error;
    }
    stopped = error as Error;
  }
  let doubtful = 0;
  try {
    doubtful = await leaveInDoubt(context);
  } catch (error) {
    if (isAbort(error)) throw error;
    stopped ??= error as Error;
  }
  if (stopped === null) await noteEndsOfDoubts(context, options);
  // Nothing was tried of what is left, and all of it waits for the same reason.
  const counts = await context.mirror.outbox.counts();
  const unsent = stopped === null ? Math.max(0, progress.unsent - doubtful) : counts.pending;
  const doubts = counts['in-doubt'];
  const { behind, held } = progress;
  const noJobs = stopped !== null || progress.hasWaitedForJob ? progress.noJobs : null;
  const stuck = progress.stuck ?? noJobs;
  const isDone = stopped === null && !progress.isFutile;
  const left = isDone && stuck !== null ? { places: progress.left, reason: stuck } : null;
  const waits = { unsent, behind, doubts, held, left };
  return { ...waits, stopped, stuck, noJobs, readBack: await readBackAll(context, options) };
}

/** Only makes the next drain quicker. */
async function noteEndsOfDoubts(context: SyncContext, { signal }: DrainOptions): Promise<void> {
  if ((await context.mirror.outbox.counts())['in-doubt'] === 0) return;
  try {
    await noteEnds(context, { signal });
  } catch (error) {
    if (isAbort(error)) throw error;
    context.log.debug('the end of requests in doubt could not be asked for', { reason: messageOf(error) });
  }
}

/** A contact that was written and cannot be read now is written all the same. */
async function readBackAll(context: SyncContext, options: DrainOptions): Promise<Error | null> {
  try {
    await readBack(context, options);
    return null;
  } catch (error) {
    if (isAbort(error)) throw error;
    context.log.warn(
      `${context.remote.instanceUrl}: ${context.object.nouns.many} that were pushed could not be read back yet: ${(error as Error).message}`,
    );
    return error as Error;
  }
}

import { isAbort, throwIfAborted } from '../../base/abort.ts';
import { CloseStack } from '../../base/close-stack.ts';
import { AppError, isAppError } from '../../base/errors.ts';
import { withFinally } from '../../base/finally.ts';
import type { SyncContext } from '../context.ts';
import type { SendApi } from '../ports/outbox-entry.ts';
import type {
  CommitOutcome,
  OutboxStaging,
  OutcomeTally,
  Resumption,
  StagingCounts,
} from '../ports/outbox-staging.ts';
import type { IgnoredColumn } from './check/ignored-columns.ts';
import { drainForPush, type PushDrain } from './drain-for-push.ts';
import { type PushPlan, planPush } from './plan/plan-push.ts';
import { tellHeld } from './plan/tell-held.ts';
import type { PushJob } from './push-job.ts';
import { refuseUnlike } from './refuse-unlike.ts';
import { timeOf } from './send/job-rest.ts';
import { pastEndMs } from './settle/open-doubts.ts';
import { takeIn } from './take-in.ts';

export interface PushReport extends PushDrain, AsyncDisposable {
  /** Where `isTold` is false, the disposal does not end the push: nobody knows yet what became of it. */
  telling: { isTold: boolean };
  /** What became of each record, to be read in pages until the report is disposed. */
  staging: OutboxStaging;
  counts: StagingCounts;
  ignored: IgnoredColumn[];
  /** `invalid`: some record has a fault, so nothing was stored or sent. */
  kind: 'invalid' | 'checked' | 'queued' | 'sent';
  /** How the records would be sent, of a dry run. */
  plan: PushPlan | null;
  /** How many records have come to what when this ended. */
  tally: OutcomeTally[];
  /** When the equal push that this one goes on with was begun, ms; null where it is a new one. */
  resumedFrom: number | null;
  /** How many records of that push had no end yet. */
  resumedOpen: number;
  /** How many of its changes are of contacts that a later push or edit came to change: what came later stays. */
  overtaken: number;
  /** Refused entries that gave way to the records that mend them. */
  replaced: number;
  /** Open entries of others in the outbox. */
  olderEntries: number;
}

/**
 * For so long the same records are the same push, though none of them waits: whoever tries again does so within a day, and
 * nobody who has been told the end is meant.
 */
const resumableMs = 86_400_000;

/**
 * Checks all records against describe; where none has a fault, they become entries of the outbox in one
 * transaction, what waits there is sent, and the report tells what became of each. Whatever ends this before that
 * transaction leaves nothing behind. The caller disposes the report.
 */
export function push(context: SyncContext, job: PushJob): Promise<PushReport> {
  return CloseStack.opening(async (opened) =>
    pushThrough(context, job, opened.use(await context.mirror.outbox.openStaging())),
  );
}

async function pushThrough(context: SyncContext, job: PushJob, staging: OutboxStaging): Promise<PushReport> {
  const sentBefore = context.remote.usage.sent();
  const ignored = await takeIn(context, job, staging);
  await staging.refuseReplaced(resumption(context, job));
  const counts = await staging.counts();
  const telling = { isTold: true };
  const report: PushReport = {
    telling,
    staging,
    counts,
    ignored,
    kind: 'invalid',
    plan: null,
    tally: [],
    resumedFrom: null,
    resumedOpen: 0,
    overtaken: 0,
    replaced: 0,
    olderEntries: 0,
    runId: null,
    behind: { conflict: 0, held: 0, 'in-doubt': 0 },
    stopped: null,
    [Symbol.asyncDispose]: () => staging[Symbol.asyncDispose](),
  };
  if (counts.faults > 0) return report;
  if (
    job.allOrNone &&
    [counts.creates, counts.updates, counts.deletes, counts.upserts].filter(Boolean).length > 1
  ) {
    throw new AppError('INVALID_INPUT', '--all-or-none takes creates, updates or deletes, not a mixture.', {
      hint: 'Push them in separate calls.',
    });
  }
  if (job.dryRun) {
    const draft = await staging.draft(context.sizes.outgoingBrake, resumption(context, job), chosenApi(job));
    refuseUnlike(job, draft.unlike);
    const tally = await staging.tally();
    const checks = context.remote.usage.sent() - sentBefore;
    const plan = await planPush(context, draft, { checks, overBefore: timeOf(context) - pastEndMs });
    const { resumedFrom, resumedOpen, overtaken, replaced } = draft;
    return { ...report, kind: 'checked', tally, plan, resumedFrom, resumedOpen, overtaken, replaced };
  }
  throwIfAborted(job.signal);
  const { refused, held, ...committed } = await commit(context, staging, job);
  if (refused > 0) return { ...report, counts: await staging.counts() };
  Object.assign(report, committed);
  if (job.queue || counts.records === 0) {
    const ending = endingWith(staging, telling, { queued: counts.records > 0 });
    const tally = await staging.tally();
    // Whoever pushes nothing may believe that this sends what waits.
    const older = job.queue ? 0 : await olderEntries(context, tally);
    return { ...report, kind: 'queued', tally, ...ending, olderEntries: older };
  }
  const isNew = report.resumedFrom === null;
  const sent = await drainForPush(context, job, staging, {
    total: counts.records,
    isNew,
    held,
  });
  // Whoever ends a push by a signal is to run it again, also where all was sent by then.
  if (isAbort(sent.stopped)) telling.isTold = false;
  const tally = await staging.tally();
  const ending = isUnderWay(tally) ? {} : endingWith(staging, telling, { queued: false });
  const done = { ...report, kind: 'sent' as const, ...sent, tally, ...ending };
  if (tally.some(isLost)) return { ...done, stopped: withoutOutbox(sent.stopped) };
  return { ...done, olderEntries: await olderEntries(context, tally) };
}

/**
 * The report's disposal ends the push: whoever asked has been told by then. Until then the same records, pushed again
 * by a script that met exit 5 or by one whose process was killed, are this push, and nothing of it is sent twice.
 */
function endingWith(
  staging: OutboxStaging,
  telling: PushReport['telling'],
  how: { queued: boolean },
): AsyncDisposable {
  return {
    [Symbol.asyncDispose]: () =>
      withFinally(
        async () => {
          if (telling.isTold) await staging.end(how);
        },
        async () => staging[Symbol.asyncDispose](),
      ),
  };
}

/** Whether some entry is not settled: it has no answer yet, waits for a person, or went with its mirror. */
function isUnderWay(tally: readonly OutcomeTally[]): boolean {
  const waiting = ['pending', 'sent', 'in-doubt', 'conflict', 'held'];
  return tally.some((entries) => isLost(entries) || waiting.includes(entries.state!));
}

function isLost({ state }: OutcomeTally): boolean {
  return state === null;
}

/** To run the command again would make what is there a second time. */
function withoutOutbox(stopped: unknown): unknown {
  if (!isAppError(stopped, 'MIRROR_REPLACED', 'MIRROR_CORRUPT', 'NO_MIRROR')) return stopped;
  const { code, message, details } = stopped;
  const hint =
    'What was being sent may be in Salesforce, and nothing here knows of it any more: look there before you push the same records again.';
  return new AppError(code, message, { hint, details, cause: stopped });
}

async function commit(
  context: Pick<SyncContext, 'clock' | 'log' | 'remote' | 'sizes'>,
  staging: OutboxStaging,
  job: PushJob,
): Promise<
  Pick<CommitOutcome, 'resumedFrom' | 'resumedOpen' | 'overtaken' | 'replaced' | 'refused'> & { held: number }
> {
  const { heldDeletes, heldEdits, renewed, unlike, ...committed } = await staging.commit(
    context.sizes.outgoingBrake,
    resumption(context, job),
    chosenApi(job),
  );
  refuseUnlike(job, unlike);
  tellHeld(context, { heldDeletes, heldEdits });
  if (renewed > 0) {
    const sent = renewed === 1 ? '1 change is sent' : `${renewed.toLocaleString('en-US')} changes are sent`;
    context.log.warn(`${sent} again: others of the same contacts came behind the first try.`);
  }
  return { ...committed, held: heldDeletes + heldEdits };
}

function resumption({ clock }: Pick<SyncContext, 'clock'>, { fresh }: PushJob): Resumption {
  const now = clock.now();
  return { now, since: fresh ? null : now - resumableMs };
}

function chosenApi({ api }: PushJob): SendApi | null {
  return api === 'auto' ? null : api;
}

/** What waits in the outbox besides the entries of this push. */
async function olderEntries(
  { mirror }: Pick<SyncContext, 'mirror'>,
  tally: readonly OutcomeTally[],
): Promise<number> {
  const open = ['pending', 'sent', 'in-doubt', 'held', 'conflict'] as const;
  const counts = await mirror.outbox.counts();
  const all = open.reduce((sum, state) => sum + counts[state], 0);
  const own = tally.filter(({ state }) => open.some((one) => one === state));
  return Math.max(0, all - own.reduce((sum, { records }) => sum + records, 0));
}

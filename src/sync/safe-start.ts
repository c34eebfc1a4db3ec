import { AppError, isAppError } from '../base/errors.ts';
import { runAgain } from '../base/run-again.ts';
import type { SyncContext } from './context.ts';
import { coveredBy } from './coverage.ts';
import { isToldSince } from './deleted-reach.ts';
import { floorMinute, minuteMs } from './minute.ts';
import type { DeletedAnswer, UpdatedAnswer, Window } from './ports/record-changes.ts';

const dayMs = 86_400_000;
/** So many minutes are waited for a list of deletions that has just been cut short to begin before T0 again. */
const mostWaits = 3;

/**
 * T0: an instant such that every transaction stamped before it is committed and will be seen by reads that
 * begin now, and from which cycles can go on. The clock cannot say that (a transaction stamped before "now" may commit
 * after its page was read); only the org's `latestDateCovered` can. It may lie days back while a long transaction runs.
 * Salesforce may drop its list of deletions up to this very minute; the next ones are waited for then. Throws
 * `REFUSED_FOR_NOW` where they bring no such instant.
 *
 * Source: sObject Get Updated / Get Deleted, "latestDateCovered".
 */
export async function findSafeStart(
  context: SyncContext,
  { signal }: { signal?: AbortSignal } = {},
): Promise<number> {
  const { remote, clock, log } = context;
  for (let waits = 0; ; waits++) {
    const start = await startNow(context, signal);
    if (start.t0 !== null) return start.t0;
    if (waits === mostWaits) throw noStart(start.why, start.cause);
    log.warn(`${remote.instanceUrl}: ${start.why}; the next minute is waited for`);
    await clock.sleep(minuteMs - (remote.clock.now() % minuteMs) + 1_000, { signal });
  }
}

type Start = { t0: number } | { t0: null; why: string; cause?: unknown };

async function startNow(context: SyncContext, signal: AbortSignal | undefined): Promise<Start> {
  const { remote, records } = context;
  let updated: Coverage;
  let deleted: Coverage;
  try {
    updated = await coverage(remote.clock.now(), (w) => records.changes.updated(w, { signal }));
    deleted = await coverage(remote.clock.now(), (w) => records.changes.deleted(w, { signal }));
  } catch (error) {
    if (!isAppError(error, 'INVALID_REPLICATION_DATE')) throw error;
    return { t0: null, why: `Salesforce names no changes of this minute: ${error.message}`, cause: error };
  }
  const t0 = Math.min(updated.to, deleted.to);
  // A day that was answered begins before T0, but for where a transaction has been open for longer.
  const isDoubtful = deleted.isCut && deleted.from > t0;
  if (!isDoubtful || (await isToldSince(context, t0, { now: remote.clock.now(), signal }))) return { t0 };
  return {
    t0: null,
    why: `Salesforce has dropped its list of deleted contacts of before ${new Date(deleted.from).toISOString()}, and is still writing what began before that`,
  };
}

function noStart(why: string, cause: unknown): AppError {
  return new AppError(
    'REFUSED_FOR_NOW',
    `There is no instant yet from which all changes can be told. ${why}.`,
    {
      hint: `In some minutes, ${runAgain}; nothing was changed.`,
      cause,
    },
  );
}

interface Coverage {
  to: number;
  /** Since when the org surely tells. */
  from: number;
  /** It does not tell all of a day. */
  isCut: boolean;
}

async function coverage(
  now: number,
  call: (window: Window) => Promise<UpdatedAnswer | DeletedAnswer>,
): Promise<Coverage> {
  let end = floorMinute(now) + minuteMs;
  let span = dayMs;
  let isCut = false;
  // Without a word about coverage what is older than a day alone is believed, however short the span that was answered: a
  // transaction may be open since before it. An org that refuses a day is not as old.
  const untold = (start: number) => (isCut ? start : end - dayMs);
  let takenEnd: number | null = null;
  /** The shortest span tells whether an end is what is refused, in one call in place of all the halves of a day. */
  const isEndTaken = async () => {
    if (end === takenEnd) return true;
    try {
      await call({ start: end - minuteMs, end });
    } catch (error) {
      if (isAppError(error, 'INVALID_REPLICATION_DATE')) return false;
      if (!isAppError(error, 'EXCEEDED_ID_LIMIT')) throw error;
    }
    takenEnd = end;
    return true;
  };
  for (;;) {
    const start = end - span;
    try {
      const answer = await call({ start, end });
      const earliest = 'earliestDateAvailable' in answer ? floorMinute(answer.earliestDateAvailable ?? 0) : 0;
      return {
        to: Math.min(coveredBy(answer) ?? untold(start), floorMinute(now)),
        from: Math.max(start, earliest),
        isCut: isCut || earliest > start,
      };
    } catch (error) {
      const tooMany = isAppError(error, 'EXCEEDED_ID_LIMIT');
      // A young org refuses a start before it was born; a shorter span mends that too.
      const refused = isAppError(error, 'INVALID_REPLICATION_DATE');
      if (!tooMany && !refused) throw error;
      isCut ||= refused;
      if (span > minuteMs && (tooMany || (await isEndTaken()))) {
        span = Math.max(minuteMs, floorMinute(span / 2));
        continue;
      }
      if (tooMany) return { to: untold(start), from: start, isCut };
      if (end <= floorMinute(now)) throw error;
      // No span with an end in the future is accepted: this org wants an end in the past.
      end = floorMinute(now);
      span = dayMs;
      isCut = false;
    }
  }
}

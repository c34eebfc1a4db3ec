import type { SyncContext } from '../../context.ts';
import type { OutboxEntry, Settlement } from '../../ports/outbox-entry.ts';
import { keyRefused } from '../entry/entry-errors.ts';
import type { PlannedRequest } from '../plan/plan-requests.ts';
import type { DrainProgress } from '../progress/drain-progress.ts';
import type { AnswerKind } from '../progress/send-width.ts';
import { tellSettled } from '../progress/tell-settled.ts';
import { kindOfAnswer } from './answer-kind.ts';
import { goneMeanwhile } from './gone-meanwhile.ts';
import { oneWithParted, waitingAgain } from './leave-out-gone.ts';
import { markSent } from './mark-sent.ts';
import { mayRepeat, waitMs } from './may-repeat.ts';
import { withoutOwnDuplicates } from './own-duplicates.ts';
import { readyAgain } from './ready-again.ts';
import type { SendOptions } from './send-options.ts';
import { sendRequest } from './send-request.ts';
import { stopOf } from './stop-of.ts';
import { backToLine, keepKeyless, type Standing, storeAnswer, withoutForgotten } from './store-answer.ts';

/** How often what was not taken, or whose answer never came, is tried again within a drain. */
const maxRepeats = 3;

const unfinished: ReadonlySet<Settlement['state']> = new Set(['pending', 'in-doubt', 'conflict']);

export interface SentRequest {
  /** Entries that wait, are in doubt or in conflict: what follows of their contacts must not overtake them. */
  unfinished: OutboxEntry[];
  /** Those of them that are in conflict, and wait for a person. */
  conflicts: OutboxEntry[];
  /** How many wait for another pass. */
  deferred: number;
}

/**
 * Sends one planned request and stores what became of its entries; `progress.stopped` tells where no other would fare
 * better (an org out of reach, a limit). What Salesforce did not take for now, and what
 * may safely be sent again, is tried a few times more. `onGoodAnswer`: the next request may begin; what it stores before it
 * leaves is stored with or after the outcomes of this one.
 */
export async function sendPlanned(
  context: SyncContext,
  planned: PlannedRequest,
  progress: DrainProgress,
  { signal, grace, confirm, onSettled, onGoodAnswer }: SendOptions & { onGoodAnswer?: () => void },
): Promise<SentRequest> {
  const standings = new Map<string, Standing>();
  const conflicts: OutboxEntry[] = [];
  // An earlier sending may have done its work.
  const mayExist = new Set(planned.entries.filter(({ sentAt }) => sentAt !== null).map(({ key }) => key));
  let { way, entries: left } = planned;
  const number = progress.beginRequest();
  for (let attempt = 0; ; attempt++) {
    if (way === 'ui-api' && !progress.idempotent) {
      // Only the key could tell whether the contact exists, and the org does not take it (any more).
      const lost = left.filter(({ key }) => mayExist.has(key));
      await storeAnswer(
        context,
        lost,
        lost.map(() => ({ kind: 'unknown', error: keyRefused() })),
        mayExist,
        standings,
      );
      await keepKeyless(context, lost);
      left = left.filter(({ key }) => !mayExist.has(key));
      if (left.length === 0) break;
      way = 'collection';
    }
    const sentAt = context.clock.monotonicMs();
    const leave = await progress.width.enter(signal).catch(() => null);
    // What others have met meanwhile may have ended the sending.
    if (leave === null || progress.stopped !== null) {
      leave?.('other');
      break;
    }
    let kind: AnswerKind = 'other';
    try {
      left = await withoutForgotten(context, left, mayExist, standings);
      left = await markSent(context, { ...planned, way, entries: left });
      if (left.length === 0) break;
      // Told to end, or nothing of others was answered, while this was being stored.
      if (progress.stopped !== null || signal.aborted) {
        await backToLine(context, left, mayExist);
        break;
      }
      const request = { ...planned, way, entries: left };
      const answer = await sendRequest(context, request, { grace, confirm });
      if (answer === 'forgotten') continue;
      if (answer === 'unsupported') {
        progress.idempotent = false;
        await backToLine(context, left, mayExist);
        continue;
      }
      const told = { entries: left, outcomes: answer };
      const open = await withoutOwnDuplicates(context, way, told, {
        mayExist,
        standings,
        runId: progress.runId,
        signal,
      });
      kind = kindOfAnswer(answer);
      const stored = storeAnswer(context, open.entries, open.outcomes, mayExist, standings);
      if (kind === 'good') {
        leave(kind);
        onGoodAnswer?.();
      }
      await stored.catch((error: Error) => {
        // What has taken its place may be marked by now, and must not leave.
        progress.stopped ??= error;
        throw error;
      });
      progress.noteLost(number, kind === 'lost');
    } finally {
      leave(kind);
    }
    // Where others are lost too, the next drain repeats this one: the stop shall not take long.
    if (attempt >= maxRepeats || progress.isTroubled(number) || signal.aborted) break;
    const again = left.filter(({ key }) => mayRepeat(standings.get(key), way, attempt));
    if (again.length === 0) break;
    progress.spend(context.clock.monotonicMs() - sentAt);
    if (!(await progress.wait(context, waitMs(again, standings, attempt), signal))) break;
    if (progress.stopped !== null) break;
    const repeated = await readyAgain(context, again, way, { mayExist, standings, progress, signal });
    left = repeated.ready;
    conflicts.push(...repeated.conflicts);
    if (signal.aborted) break;
    if (left.length === 0 || (planned.allOrNone && left.length < planned.entries.length)) break;
  }
  const answered = planned.entries
    .map(({ key }) => standings.get(key))
    .filter((standing) => standing !== undefined);
  const again = new Set([
    ...(await waitingAgain(context, answered, { signal })),
    ...(await goneMeanwhile(context, answered, { signal })),
  ]);
  const last = answered.filter(({ entry }) => !again.has(entry.key));
  const deferred = again.size;
  if (last.length === 0) return { unfinished: [], conflicts, deferred };
  const counted = await oneWithParted(context, last, progress);
  for (const { entry, settlement } of last) {
    if (!counted.has(entry.key)) progress.count(entry, settlement);
    if (settlement.state === 'pending') progress.left.add(entry.seq);
  }
  await tellSettled(
    last.map(({ settlement }) => settlement),
    onSettled,
  );
  for (const { outcome } of last) {
    if (outcome.kind === 'unknown') progress.meetTrouble(outcome.error);
    // The reason of an entry's own for still waiting.
    else if (outcome.kind === 'not-done' && outcome.ofRecord === true) progress.stuck ??= outcome.error;
  }
  const open = last.filter(({ settlement }) => unfinished.has(settlement.state));
  progress.stopped ??= stopOf(last, way, { progress, number });
  return {
    deferred,
    unfinished: open.map(({ entry }) => entry),
    conflicts: [
      ...conflicts,
      ...open.filter(({ settlement }) => settlement.state === 'conflict').map(({ entry }) => entry),
    ],
  };
}

import type { WatchEvent } from '../contract/watch.ts';
import { type BackfillReport, backfill, isBackfilled } from '../sync/backfill/backfill.ts';
import type { ConnectedOrg } from './connect-org.ts';
import { reconcileAfterCopy } from './reconcile-after-copy.ts';

/** Copies the org, or goes on with that, and compares it where the copy calls for it. Throws what either failed with. */
export async function firstCopy(
  connected: ConnectedOrg,
  tell: (event: WatchEvent) => void,
  signal: AbortSignal,
): Promise<void> {
  const { context, budget } = connected;
  const copied = await backfill(context, {
    callsLeft: () => budget.remaining(),
    fitsAfterMs: (calls) => budget.fitsAfterMs(calls),
    signal,
  });
  if (copied.failure === null) tell(copyCompleted(copied));
  const report = await reconcileAfterCopy(connected, copied, { tell, signal });
  if (report.failure !== null) {
    // It is whole where only what was to follow failed, and the next turn is a cycle.
    if (copied.failure !== null && (await isBackfilled(context))) tell(copyCompleted(copied));
    signal.throwIfAborted();
    throw report.failure;
  }
  if (copied.failure !== null) tell(copyCompleted(report));
}

function copyCompleted({ instanceUrl, contacts, durationMs, apiCalls, runId }: BackfillReport): WatchEvent {
  return {
    event: 'backfill:complete',
    instanceUrl,
    contacts: contacts ?? 0,
    durationMs,
    apiCalls,
    runId: runId ?? '',
  };
}

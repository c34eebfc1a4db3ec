import type { ReconcileCompleteEvent } from '../contract/progress.ts';
import type { BackfillReport } from '../sync/backfill/backfill.ts';
import { runCycle } from '../sync/cycle/cycle.ts';
import type { ReconcileCause } from '../sync/events.ts';
import { reconcile } from '../sync/reconcile/reconcile.ts';
import type { ConnectedOrg } from './connect-org.ts';
import { reasonClause } from './reason-clause.ts';
import { completeEventOf } from './reconcile-items.ts';

/**
 * Where the org still counts other contacts than the mirror holds after a complete copy and the cycle that closes
 * its gap, or that cycle is out of Salesforce's reach, both are compared row by row, and counted anew. The copy itself
 * stays as it is whatever comes of that.
 */
export async function reconcileAfterCopy(
  { context, budget }: Pick<ConnectedOrg, 'context' | 'budget'>,
  copied: BackfillReport,
  { tell, signal }: { tell: (event: ReconcileCompleteEvent) => void; signal: AbortSignal },
): Promise<BackfillReport> {
  const cause = causeOf(copied);
  if (cause === null) return copied;
  const callsBefore = context.remote.usage.sent();
  const report = await reconcile(context, {
    ...cause,
    dryRun: false,
    force: false,
    callsLeft: () => budget.remaining(),
    fitsAfterMs: (calls) => budget.fitsAfterMs(calls),
    signal,
  });
  if (report.failure !== null) {
    context.log.warn(
      `what differs after the copy of ${report.instanceUrl} could not be compared: ${report.error?.message}`,
    );
    return copied;
  }
  tell(completeEventOf(report));
  await runCycle(context, { push: false, signal });
  const { contacts } = await context.mirror.contacts.counts();
  const org = await context.records.count(null, { signal });
  const apiCalls = copied.apiCalls + context.remote.usage.sent() - callsBefore;
  return {
    ...copied,
    status: 'complete',
    error: null,
    failure: null,
    contacts,
    apiCalls,
    compared: { org, mirror: contacts },
  };
}

function causeOf({ status, error, compared }: BackfillReport): { cause: ReconcileCause; why: string } | null {
  // A copy over a mirror that has cursors leaves them where they are, and behind a copy that was interrupted Salesforce
  // may have dropped its lists since T0.
  if (error?.code === 'CURSOR_OUT_OF_REACH')
    return { cause: 'out-of-reach', why: reasonClause(error.message) };
  if (status !== 'complete' || compared === null || compared.org === compared.mirror) return null;
  const why = `after the copy the org counts ${compared.org} contacts and the mirror ${compared.mirror}`;
  return { cause: 'count-differs', why };
}

import type { SyncContext } from '../context.ts';
import { type ReconcileOptions, type ReconcileReport, reconcile } from './reconcile.ts';
import type { ReconcileRequest } from './resumable-reconcile.ts';

export interface AskedOptions extends Omit<ReconcileOptions, 'request'> {
  request: ReconcileRequest;
  /** Called with an older one that has come to its end, before the whole is compared. */
  onFormer: (former: ReconcileReport) => Promise<void>;
}

/**
 * Compares all of the org as it is since somebody asked for that. An older comparison that lies interrupted has not seen
 * whom sharing has hidden or shown since in what it has swept, and no other reading tells of it. Where it is worth its
 * end it comes to that, so that what it has found is repaired, and the whole is compared behind it, as a run of its own.
 * Throws only what `onFormer` throws.
 */
export async function reconcileAsked(context: SyncContext, options: AskedOptions): Promise<ReconcileReport> {
  const first = await reconcile(context, options);
  if (!first.isFormer || first.failure !== null) return first;
  await options.onFormer(first);
  return reconcile(context, options);
}

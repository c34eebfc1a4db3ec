import { throwIfAborted } from '../../base/abort.ts';
import { readBulkChunks } from '../backfill/bulk-chunks.ts';
import type { SpanPages } from '../backfill/copy-reading.ts';
import { defaultConcurrency } from '../backfill/default-concurrency.ts';
import { pendingChunks } from '../backfill/first-copy-run.ts';
import { BackfillProgress } from '../backfill/progress.ts';
import { readRestChunks } from '../backfill/rest-chunks.ts';
import { Turn } from '../backfill/turn.ts';
import type { SyncContext } from '../context.ts';
import type { RunRecorder } from '../run-recorder.ts';
import { withCurrentFields } from '../schema.ts';
import type { ReconcileState } from './reconcile-state.ts';
import { sweptFields } from './swept-fields.ts';

/** Rows that are compared and not stored; the fields that no stamp tells of are filled where they differ. */
function comparedRecords(dryRun: boolean): SpanPages {
  return { deleted: true, partial: true, effects: [{ kind: 'note-swept', mends: !dryRun }] };
}

/**
 * Reads Id and SystemModstamp of all records, deleted ones too, in the spans that are not read yet, and keeps what
 * differs. Another process may go on where this one ends.
 */
export async function sweepAll(
  context: SyncContext,
  run: RunRecorder,
  { api, total, dryRun, begunAt, fruitless }: ReconcileState,
  signal: AbortSignal,
): Promise<void> {
  const { mirror } = context;
  const chunks = await mirror.journal.chunks(run.id);
  const progress = new BackfillProgress(context, run, { chunks, total, type: 'reconcile:progress' });
  const reading = {
    runId: run.id,
    pages: comparedRecords(dryRun),
    concurrency: defaultConcurrency[api],
    progress,
    turn: new Turn(context.clock, 'end'),
    signal,
  };
  const read = async (isDescribed: boolean) => {
    const fields = await sweptFields(context, { api, dryRun });
    const pending = await pendingChunks(context, run.id);
    progress.tell();
    if (api === 'bulk') await readBulkChunks(context, pending, { ...reading, fields, isDescribed });
    else await readRestChunks(context, pending, { ...reading, fields, isDescribed, fruitless });
    throwIfAborted(signal);
  };
  await run.step('sweep', async () => {
    await withCurrentFields(context, { signal }, read);
    await mirror.commit({ effects: [{ kind: 'close-sweep', runId: run.id, before: begunAt }] }, { signal });
  });
}

import { AppError } from '../../base/errors.ts';
import type { SyncContext } from '../context.ts';
import { fromCursor } from '../replication-window.ts';
import type { RunRecorder } from '../run-recorder.ts';
import { refreshSchema, withCurrentFields } from '../schema.ts';
import { CycleTime } from './cycle-time.ts';
import { readDeleted } from './read-deleted.ts';
import { readUpdated } from './read-updated.ts';

/** Brings what changed since the cursors. Columns that are new are left unfilled. Throws `NOT_BACKFILLED` without cursors. */
export async function pull(
  context: SyncContext,
  run: Pick<RunRecorder, 'count' | 'step' | 'later'>,
  { signal }: { signal: AbortSignal },
): Promise<void> {
  // The instant before: what is asked in this very millisecond counts as asked in this cycle.
  const beforeMs = context.clock.now() - 1;
  await run.step('describe', () => refreshSchema(context, { signal }));
  const { updated, deleted } = await context.mirror.journal.cursors();
  if (updated === null || deleted === null) {
    throw new AppError('NOT_BACKFILLED', 'This org has not had its first full copy yet.', {
      hint: 'Run `parahack-sync backfill` first.',
    });
  }
  const time = new CycleTime(context, { updated, deleted });
  if (time.isKnown) await time.check({ signal });
  await run.step('updated', () =>
    withCurrentFields(context, { signal }, () =>
      fromCursor('updated', updated, () =>
        readUpdated(context, updated, { run, time, describedSince: beforeMs, signal }),
      ),
    ),
  );
  await run.step('deleted', () =>
    fromCursor('deleted', deleted, () => readDeleted(context, deleted, { run, signal })),
  );
}

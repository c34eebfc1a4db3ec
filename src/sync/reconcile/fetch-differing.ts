import type { SyncContext } from '../context.ts';
import type { PageOutcome } from '../ports/page.ts';
import type { SweptMark } from '../ports/sweep.ts';
import { retrieveIds } from '../read/by-ids.ts';
import type { RunRecorder } from '../run-recorder.ts';
import { readableFields } from '../schema.ts';

/** Pages of ids that are asked for between two looks at what is left; one of them is asked for ahead. */
const pagesPerPass = 3;

/**
 * Reads what the mirror lacks or has older. What Salesforce does not show any more by now is settled too: the cycles
 * that begin at T0 tell what became of it.
 */
export async function fetchDiffering(
  context: SyncContext,
  run: RunRecorder,
  signal: AbortSignal,
): Promise<void> {
  const { sweep } = context.mirror;
  const limit = pagesPerPass * context.sizes.retrieveRows;
  const fields = await readableFields(context);
  const took = ({ inserted, updated, undeleted }: PageOutcome) => {
    run.count('inserted', inserted);
    run.count('refreshed', updated);
    run.count('undeleted', undeleted);
  };
  for (const due of ['missing', 'stale'] as const) {
    for (;;) {
      const rows = await sweep.due(due, { after: '', limit });
      if (rows.length === 0) break;
      const marks = rows.map(({ id }): SweptMark => ({ id, due: null }));
      const ids = rows.map(({ id }) => id);
      await retrieveIds({ context, fields, took, signal }, ids, [
        { kind: 'mark-swept', runId: run.id, marks },
      ]);
    }
  }
}

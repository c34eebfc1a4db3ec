import type { SyncContext } from '../context.ts';
import type { PageOutcome } from '../ports/page.ts';
import type { SweptMark } from '../ports/sweep.ts';
import { retrieveIds, retrieveRows } from '../read/by-ids.ts';
import type { RunRecorder } from '../run-recorder.ts';
import { readableFields } from '../schema.ts';

/** Ids that are asked for between two looks at what is left: some pages, one of which is asked for ahead. */
const idsPerPass = 3 * retrieveRows;

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
  const fields = await readableFields(context);
  const took = ({ inserted, updated, undeleted }: PageOutcome) => {
    run.count('inserted', inserted);
    run.count('refreshed', updated);
    run.count('undeleted', undeleted);
  };
  for (const due of ['missing', 'stale'] as const) {
    for (;;) {
      const rows = await sweep.due(due, { after: '', limit: idsPerPass });
      if (rows.length === 0) break;
      const marks = rows.map(({ id }): SweptMark => ({ id, due: null }));
      const ids = rows.map(({ id }) => id);
      await retrieveIds({ context, fields, took, signal }, ids, [
        { kind: 'mark-swept', runId: run.id, marks },
      ]);
    }
  }
}

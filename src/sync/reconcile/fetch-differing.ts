import type { SyncContext } from '../context.ts';
import type { Effect } from '../ports/effect.ts';
import type { PageOutcome } from '../ports/page.ts';
import type { SweptMark } from '../ports/sweep.ts';
import { retrieveIds } from '../read/by-ids.ts';
import type { RowReader } from '../read/row-reader.ts';
import { readOrConfirm } from '../read-or-confirm.ts';
import type { RunRecorder } from '../run-recorder.ts';
import { readableFields } from '../schema.ts';

/** Pages of ids that are asked for between two looks at what is left; one of them is asked for ahead. */
const pagesPerPass = 3;

/**
 * Reads what the mirror lacks or has older, and settles what Salesforce does not show any more by now: it is deleted, or
 * its row becomes `unknown`, to be judged with the ghosts. Answers how many rows became so. Throws `PAGE_INCOMPLETE`
 * where it is shown by one way of asking and not by the other.
 */
export async function fetchDiffering(
  context: SyncContext,
  run: RunRecorder,
  signal: AbortSignal,
): Promise<number> {
  const { sweep } = context.mirror;
  const limit = pagesPerPass * context.sizes.retrieveRows;
  const took = ({ inserted, updated, undeleted }: PageOutcome) => {
    run.count('inserted', inserted);
    run.count('refreshed', updated);
    run.count('undeleted', undeleted);
  };
  // Only now is it known which of them had changed.
  const tookAgain = (outcome: PageOutcome) => {
    took(outcome);
    run.count('stale', outcome.updated);
    run.count('repaired', outcome.updated);
  };
  const reader = { context, fields: await readableFields(context), took, signal };
  let unknown = 0;
  for (const due of ['missing', 'stale', 'reread'] as const) {
    for (;;) {
      const rows = await sweep.due(due, { after: '', limit });
      if (rows.length === 0) break;
      const ids = rows.map(({ id }) => id);
      const since = context.remote.clock.now();
      const settled: Effect = { kind: 'mark-swept', runId: run.id, marks: ids.map(done) };
      const how = due === 'reread' ? { ...reader, took: tookAgain } : reader;
      const absent = await retrieveIds(how, ids, [settled], { ifAllFound: true });
      if (absent > 0) unknown += await settleNotShown(reader, run, { ids, since });
    }
  }
  return unknown;
}

const done = (id: string): SweptMark => ({ id, due: null });

/** `since`: the org's time before they were asked for, ms. */
async function settleNotShown(
  reader: RowReader,
  run: RunRecorder,
  { ids, since }: { ids: readonly string[]; since: number },
): Promise<number> {
  const { context, signal } = reader;
  const { mirror } = context;
  const { contacts } = mirror;
  const notReadYet = (some: readonly string[]) => contacts.notReadSince(some, since);
  const absent = await readOrConfirm(reader, await notReadYet(ids), {
    notReadYet,
    async bury(tombstones) {
      const { buried } = await mirror.commit({ tombstones }, { signal });
      run.count('ghosts', buried);
    },
  });
  // What the mirror does not have, or has gone, is none of it.
  const states = await contacts.states(absent.map(({ id }) => id));
  const unknown = absent.filter(({ id }) => states.get(id)?.gone === null);
  run.count('ghosts', unknown.length);
  const open = new Set(unknown.map(({ id }) => id));
  const marks = [
    ...ids.filter((id) => !open.has(id)).map(done),
    ...unknown.map(({ id, evidenceAt }): SweptMark => ({ id, due: 'unknown', evidenceAt })),
  ];
  await mirror.commit({ effects: [{ kind: 'mark-swept', runId: run.id, marks }] }, { signal });
  return unknown.length;
}

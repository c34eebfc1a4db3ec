import type { SyncContext } from '../context.ts';
import type { PageOutcome } from '../ports/page.ts';
import { readByBulk } from '../read/by-bulk.ts';
import { readByKey } from '../read/by-key.ts';
import { keyPageBytes, mostKeyPageBytes } from '../read/key-page.ts';
import type { RunRecorder } from '../run-recorder.ts';
import { withCurrentFields } from '../schema.ts';
import { select } from '../soql.ts';
import { withRun } from '../with-run.ts';

/**
 * Fills columns that came to a mirror after its first copy (new fields, or fields readable again) for all
 * records, as a run of its own. Which they are stands in the mirror, so a fill that was interrupted or failed is taken up
 * again behind a later cycle.
 */
export function fillNewFields(context: SyncContext, { signal }: { signal: AbortSignal }): Promise<void> {
  return withCurrentFields(context, { signal }, () => fillUnfilled(context, { signal }));
}

async function fillUnfilled(context: SyncContext, { signal }: { signal: AbortSignal }): Promise<void> {
  const { object, mirror, records, remote, sizes } = context;
  const names = await mirror.schema.toFill();
  if (names.length === 0) return;
  const at = remote.clock.now();
  const fill = async (run: RunRecorder) => {
    const fields = [...new Set(['Id', 'CreatedDate', 'SystemModstamp', ...names])];
    const took = (page: PageOutcome) => {
      run.count('rows', page.rows);
      run.count('updated', page.updated);
    };
    const reader = { context, fields, signal, partial: true, took };
    const total = await records.count(null, { signal });
    await run.step('fill', async (note) => {
      note(`Filled ${names.join(', ')}.`);
      // A profile that shows hundreds of fields at once makes a query longer than Salesforce takes.
      if (total > sizes.bulkAboveRecords || keyPageBytes(context, fields) > mostKeyPageBytes)
        await readByBulk(reader, select(object.name, fields, []));
      else await readByKey(reader, []);
    });
    await run.end([{ kind: 'mark-filled', fields: names, at }]);
  };
  await withRun(context, 'backfill', fill, { state: { fields: names, fill: true } });
}

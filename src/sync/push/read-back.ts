import { confirmGone } from '../confirm-gone.ts';
import type { SyncContext } from '../context.ts';
import { retrieveRows } from '../read/by-ids.ts';
import type { RunRecorder } from '../run-recorder.ts';
import { readableFields, refreshSchema, withCurrentFields } from '../schema.ts';

/** Brings contacts that were written back into the mirror, as Salesforce now has them. */
export async function readBack(
  context: SyncContext,
  { run, signal }: { run: RunRecorder; signal: AbortSignal },
): Promise<void> {
  const { remote, mirror } = context;
  for (;;) {
    const due = await mirror.outbox.readBackDue(retrieveRows);
    if (due.length === 0) return;
    await refreshSchema(context, { signal });
    const deletes = due.filter(({ op }) => op === 'delete');
    if (deletes.length > 0) {
      const { tombstones } = await confirmGone(context, idsOf(deletes), { signal });
      await mirror.commit(
        { tombstones, effects: [{ kind: 'confirm-read-back', keys: deletes.map(({ key }) => key) }] },
        { signal },
      );
    }
    const written = due.filter(({ op }) => op !== 'delete');
    if (written.length > 0) {
      await withCurrentFields(context, { signal }, async () => {
        const page = await remote.retrieve(idsOf(written), await readableFields(context), { signal });
        await mirror.commit(
          { page, effects: [{ kind: 'confirm-read-back', keys: written.map(({ key }) => key) }] },
          { signal },
        );
      });
    }
    run.count('readBack', due.length);
  }
}

function idsOf(entries: readonly { contactId: string | null }[]): string[] {
  return [...new Set(entries.flatMap(({ contactId }) => (contactId === null ? [] : [contactId])))];
}

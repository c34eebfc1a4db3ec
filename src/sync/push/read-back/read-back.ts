import { fullId } from '../../../org/record-id.ts';
import type { BatchSizes } from '../../batch-sizes.ts';
import { confirmGone, idsPerQuery } from '../../confirm-gone.ts';
import type { SyncContext } from '../../context.ts';
import type { WrittenEntry } from '../../ports/outbox-entry.ts';
import { retrieveIds } from '../../read/by-ids.ts';
import type { RunRecorder } from '../../run-recorder.ts';
import { readableFields, refreshSchema, withCurrentFields } from '../../schema.ts';

interface ReadBackOptions {
  run: RunRecorder;
  signal: AbortSignal;
}

/** Where nothing else is asked for, so many calls are under way at once. */
const mostCalls = 3;

/** Among so many the contacts of edits are looked for; where more were left unread, all are read first. */
const mostLooked = 20_000;

/** Brings contacts that were written back into the mirror, as Salesforce now has them. */
export async function readBack(context: SyncContext, options: ReadBackOptions): Promise<void> {
  while ((await readBackSome(context, options, mostCalls)) > 0);
}

/** As many as `calls` calls take, all at once; returns how many. */
export async function readBackSome(
  context: SyncContext,
  { run, signal }: ReadBackOptions,
  calls = 1,
): Promise<number> {
  const { retrieveRows } = context.sizes;
  const due = await context.mirror.outbox.readBackDue(retrieveRows * calls);
  if (due.length === 0) return 0;
  await readBackEntries(context, due, { run, signal });
  return due.length;
}

/**
 * What was written of these contacts and is not in the mirror yet is brought there, before anybody compares them with what
 * an edit is based on.
 */
export async function readBackOf(
  context: SyncContext,
  ids: ReadonlySet<string>,
  options: ReadBackOptions,
): Promise<void> {
  const due = await context.mirror.outbox.readBackDue(mostLooked);
  if (due.length === mostLooked) return readBack(context, options);
  const ofIds = due.filter(({ contactId }) => contactId !== null && ids.has(fullId(contactId)));
  if (ofIds.length > 0) await readBackEntries(context, ofIds, options);
}

async function readBackEntries(
  context: SyncContext,
  due: readonly WrittenEntry[],
  { run, signal }: ReadBackOptions,
): Promise<void> {
  const { mirror } = context;
  const { retrieveRows } = context.sizes;
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
      const fields = await readableFields(context);
      const reader = { context, fields, took: () => {}, signal };
      const read: Promise<unknown>[] = [];
      for (let from = 0; from < written.length; from += retrieveRows) {
        const entries = written.slice(from, from + retrieveRows);
        const keys = entries.map(({ key }) => key);
        read.push(retrieveIds(reader, idsOf(entries), [{ kind: 'confirm-read-back', keys }]));
      }
      // None may go on writing when this has thrown.
      await Promise.allSettled(read);
      await Promise.all(read);
    });
  }
  run.count('readBack', due.length);
}

/** How many requests read so many contacts back, where nothing is in the way of them. */
export function readBackCalls(
  { written, deletes }: { written: number; deletes: number },
  { retrieveRows }: Pick<BatchSizes, 'retrieveRows'>,
): number {
  return Math.ceil(written / retrieveRows) + Math.ceil(deletes / idsPerQuery);
}

function idsOf(entries: readonly { contactId: string | null }[]): string[] {
  return [...new Set(entries.flatMap(({ contactId }) => (contactId === null ? [] : [contactId])))];
}

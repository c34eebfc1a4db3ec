import { fullId } from '../../../org/record-id.ts';
import type { BatchSizes } from '../../batch-sizes.ts';
import { confirmGone, idsPerQuery } from '../../confirm-gone.ts';
import type { SyncContext } from '../../context.ts';
import type { Effect } from '../../ports/effect.ts';
import type { WrittenEntry } from '../../ports/outbox-entry.ts';
import { retrieveIds } from '../../read/by-ids.ts';
import type { RowReader } from '../../read/row-reader.ts';
import type { RunRecorder } from '../../run-recorder.ts';
import { readableFields, refreshSchema, withCurrentFields } from '../../schema.ts';
import { settleAbsent } from '../../settle-absent.ts';

interface ReadBackOptions {
  run: RunRecorder;
  signal: AbortSignal;
}

/** So many calls are under way at once. */
export const mostReadBackCalls = 3;

/** Among so many the contacts of edits are looked for; where more were left unread, all are read first. */
const mostLooked = 20_000;

/**
 * So long contacts are left alone of which very many at once were not shown: they may stay hidden for good, and each time
 * they cost a call for every 350 of them, and one for every 2,000.
 */
const unshownMs = 3_600_000;

/** Brings contacts that were written back into the mirror, as Salesforce now has them. */
export async function readBack(context: SyncContext, options: ReadBackOptions): Promise<void> {
  const limit = context.sizes.retrieveRows * mostReadBackCalls;
  for (;;) {
    const due = await context.mirror.outbox.readBackDue(limit);
    if (due.length === 0) break;
    await readBackEntries(context, due, options);
  }
  // Each once: what is not shown again may stay due, where the mirror says that it was read at a time yet to come.
  const asked = new Set<string>();
  for (;;) {
    const due = (await unshownDue(context, limit + asked.size)).filter(({ key }) => !asked.has(key));
    if (due.length === 0) return;
    for (const { key } of due) asked.add(key);
    await readBackEntries(context, due, { ...options, wereUnshown: true });
  }
}

/** Whether `readBack` has something to ask for. */
export async function isReadBackDue(context: Pick<SyncContext, 'mirror' | 'remote'>): Promise<boolean> {
  const due = await context.mirror.outbox.readBackDue(1);
  return due.length > 0 || (await unshownDue(context, 1)).length > 0;
}

async function unshownDue(
  { mirror, remote }: Pick<SyncContext, 'mirror' | 'remote'>,
  limit: number,
): Promise<WrittenEntry[]> {
  const now = timeIfTold(remote);
  return mirror.outbox.unshown.due(now === null ? null : now - unshownMs, limit);
}

/**
 * What one call takes of those that no other one is reading: `reading` has the keys of these, and of its own while it
 * reads. Returns how many.
 */
export async function readBackBeside(
  context: SyncContext,
  reading: Set<string>,
  options: ReadBackOptions,
): Promise<number> {
  const { retrieveRows } = context.sizes;
  const due = await context.mirror.outbox.readBackDue(reading.size + retrieveRows);
  const own = due.filter(({ key }) => !reading.has(key)).slice(0, retrieveRows);
  if (own.length === 0) return 0;
  for (const { key } of own) reading.add(key);
  try {
    await readBackEntries(context, own, options);
  } finally {
    for (const { key } of own) reading.delete(key);
  }
  return own.length;
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
  const { outbox } = context.mirror;
  const unshown = await outbox.unshown.of([...ids]);
  if (unshown.length > 0) await readBackEntries(context, unshown, { ...options, wereUnshown: true });
  const due = await outbox.readBackDue(mostLooked);
  if (due.length === mostLooked) return readBack(context, options);
  const ofIds = due.filter(({ contactId }) => contactId !== null && ids.has(fullId(contactId)));
  if (ofIds.length > 0) await readBackEntries(context, ofIds, options);
}

async function readBackEntries(
  context: SyncContext,
  due: readonly WrittenEntry[],
  { run, signal, wereUnshown = false }: ReadBackOptions & { wereUnshown?: boolean },
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
      for (let from = 0; from < written.length; from += retrieveRows)
        read.push(readWritten(reader, written.slice(from, from + retrieveRows), { run, wereUnshown }));
      // None may go on writing when this has thrown.
      await Promise.allSettled(read);
      await Promise.all(read);
    });
  }
  run.count('readBack', due.length);
}

/**
 * What is not shown any more was deleted meanwhile, or is hidden: it must not go on with what it had before the write. Where
 * so many are not shown that it is not believed, what was written stays the last that is known of them. Those that
 * `wereUnshown` are judged with all that are, however few of them are asked for.
 */
async function readWritten(
  reader: RowReader,
  entries: readonly WrittenEntry[],
  { run, wereUnshown }: { run: RunRecorder; wereUnshown: boolean },
): Promise<void> {
  const { mirror, remote } = reader.context;
  const ids = idsOf(entries);
  const effects: Effect[] = [{ kind: 'confirm-read-back', keys: entries.map(({ key }) => key) }];
  const askedAt = timeIfTold(remote);
  if ((await retrieveIds(reader, ids, effects, { ifAllFound: true })) === 0) return;
  // The first answer of all tells the time, and with it which reads come after the next question.
  if (askedAt === null) return readWritten(reader, entries, { run, wereUnshown });
  const notReadYet = (some: readonly string[]) => mirror.contacts.notReadSince([...some], askedAt);
  const missingBefore = wereUnshown ? Math.max(0, (await mirror.outbox.unshown.records()) - ids.length) : 0;
  const read = (kept: ReadonlySet<string>): Effect[] => {
    const isKept = ({ contactId }: WrittenEntry) => contactId !== null && kept.has(contactId);
    const keysOf = (some: readonly WrittenEntry[]) => some.map(({ key }) => key);
    return [
      { kind: 'confirm-read-back', keys: keysOf(entries.filter((entry) => !isKept(entry))) },
      { kind: 'note-unshown', keys: keysOf(entries.filter(isKept)), at: askedAt },
    ];
  };
  await settleAbsent(reader, await notReadYet(ids), read, { run, notReadYet, missingBefore });
}

/** By the org's clock, ms since 1970; null where the org has not answered yet. */
function timeIfTold({ clock }: SyncContext['remote']): number | null {
  try {
    return clock.now();
  } catch {
    return null;
  }
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

import { isDeepStrictEqual } from 'node:util';
import type { OutboxState } from '../../sync/ports/outbox-entry.ts';
import type { StagingRecord } from '../../sync/ports/outbox-staging.ts';
import type { MemoryEntry, MemoryState } from './memory-state.ts';

/** The push that records are to be. */
export interface SoughtPush {
  /** See `RecordDigest`. */
  digest: string;
  records: readonly Pick<StagingRecord, 'entry'>[];
}

/** What still waits for Salesforce or for a person. */
export const openStates: ReadonlySet<OutboxState> = new Set([
  'pending',
  'sent',
  'in-doubt',
  'held',
  'conflict',
]);

/** The push that these records go on with. */
export function equalPush(state: MemoryState, { digest, records }: SoughtPush, since: number | null) {
  if (since === null) return undefined;
  // Those that nobody tried again are forgotten, but not while something of them waits, or may be let out again.
  const mayGoOn = (id: string) =>
    [...state.outbox.values()].some(
      (entry) => entry.push?.id === id && (openStates.has(entry.state) || entry.state === 'rejected'),
    );
  for (const [id, { triedAt }] of state.pushes) if (triedAt < since && !mayGoOn(id)) state.pushes.delete(id);
  const own = flagsOfEntry(records[0]?.entry);
  const flagsOf = (id: string) =>
    flagsOfEntry([...state.outbox.values()].find(({ push }) => push?.id === id));
  return [...state.pushes]
    .filter(([id, push]) => push.digest === digest && isDeepStrictEqual(flagsOf(id) ?? own, own))
    .sort(([, a], [, b]) => b.triedAt - a.triedAt || b.begunAt - a.begunAt)
    .find(
      ([id, { queued, triedAt }]) =>
        (!queued && triedAt >= since) || (waitingOf(state, id) > 0 && !isOvertaken(state, id)),
    );
}

/** How many entries of a push have no end yet. */
export function waitingOf({ outbox }: MemoryState, id: string): number {
  return [...outbox.values()].filter(({ push, state }) => push?.id === id && openStates.has(state)).length;
}

/** See the file of the same name in `store/sqlite/`. */
function isOvertaken({ outbox }: MemoryState, id: string): boolean {
  const isOwn = ({ push }: MemoryEntry) => push?.id === id;
  const isChange = ({ op, upsertField }: MemoryEntry) => op !== 'create' || upsertField !== null;
  const all = [...outbox.values()].filter(isOwn);
  const own = all.filter(isChange);
  const ids = new Set(own.flatMap(({ contactId }) => contactId ?? []));
  const upserts = new Set(own.flatMap((entry) => upsertName(entry) ?? []));
  const last = Math.max(...all.map(({ seq }) => seq));
  return [...outbox.values()].some(
    (entry) =>
      entry.seq > last &&
      !isOwn(entry) &&
      entry.state !== 'rejected' &&
      entry.state !== 'dropped' &&
      ((entry.contactId !== null && ids.has(entry.contactId)) || upserts.has(upsertName(entry) ?? '')),
  );
}

function upsertName({ upsertField, changes }: MemoryEntry): string | null {
  return upsertField === null
    ? null
    : JSON.stringify([upsertField, String(changes[upsertField]).toLowerCase()]);
}

/** With which flags an entry is pushed: all of one push have the same ones. */
function flagsOfEntry(
  entry: Pick<MemoryEntry, 'allowDuplicates' | 'atomicGroup' | 'upsertField'> | undefined,
) {
  if (entry === undefined) return undefined;
  const { allowDuplicates, atomicGroup, upsertField } = entry;
  return { allowDuplicates, allOrNone: atomicGroup !== null, upsertField };
}

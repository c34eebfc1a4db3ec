import { isDeepStrictEqual } from 'node:util';
import type { OutboxState } from '../../sync/ports/outbox-entry.ts';
import type { PushFlags, StagingRecord, UnlikePush } from '../../sync/ports/outbox-staging.ts';
import type { MemoryEntry, MemoryPush, MemoryState } from './memory-state.ts';
import { findIdBy, folded } from './memory-values.ts';

/** The push that records are to be. */
export interface SoughtPush {
  /** See `RecordDigest`. */
  digest: string;
  records: readonly Pick<StagingRecord, 'entry'>[];
}

interface OpenPush {
  id: string;
  push: MemoryPush;
  /** It is gone on with, but for its changes, which are asked for anew: others of their contacts came behind them. */
  renews: boolean;
}

/** What still waits for Salesforce or for a person. */
export const openStates: ReadonlySet<OutboxState> = new Set([
  'pending',
  'sent',
  'in-doubt',
  'held',
  'conflict',
]);

/**
 * The push that these records go on with (`open`); where there is none, one that waits with other flags (`unlike`), which they
 * would be sent beside.
 */
export function equalPushes(
  state: MemoryState,
  { digest, records }: SoughtPush,
  since: number | null,
): { open: OpenPush | undefined; unlike: UnlikePush | null } {
  if (since === null) return { open: undefined, unlike: null };
  const entriesOf = (id: string) => [...state.outbox.values()].filter(({ push }) => push?.id === id);
  // Those that nobody tried again are forgotten, but not while something of them waits, or may be let out again.
  const mayGoOn = (id: string) =>
    entriesOf(id).some((entry) => openStates.has(entry.state) || entry.state === 'rejected');
  for (const [id, { triedAt }] of state.pushes) if (triedAt < since && !mayGoOn(id)) state.pushes.delete(id);
  const pushes = [...state.pushes]
    .flatMap(([id, push]): OpenPush[] => {
      const isOver = push.queued || push.triedAt < since;
      const verdict = push.digest === digest ? verdictOn(state, id, isOver) : 'over';
      return verdict === 'over' ? [] : [{ id, push, renews: verdict === 'renew' }];
    })
    .sort(({ push: a }, { push: b }) => b.triedAt - a.triedAt || b.begunAt - a.begunAt);
  const own = flagsOf(records[0]?.entry);
  const open = pushes.find(({ id }) => isDeepStrictEqual(flagsOf(entriesOf(id)[0]) ?? own, own));
  const beside = open === undefined ? pushes.find(({ id }) => entriesOf(id).some(isInForce)) : undefined;
  return { open, unlike: beside === undefined ? null : unlikePush(beside.push, entriesOf(beside.id)) };
}

/** See the file of the same name in `store/sqlite/`. */
function verdictOn(state: MemoryState, id: string, isOver: boolean): 'goes on' | 'renew' | 'over' {
  const waits = waitingOf(state, id) > 0;
  if (isOver && !waits) return 'over';
  if (!isOver || overtakenOf(state, id) === 0) return 'goes on';
  const makesContacts = [...state.outbox.values()].some(
    (entry) => entry.push?.id === id && !isChange(entry) && isInForce(entry),
  );
  return makesContacts ? 'renew' : 'over';
}

/** An upsert finds what it has made. */
const isChange = ({ op, upsertField }: MemoryEntry) => op !== 'create' || upsertField !== null;
const isInForce = ({ state }: MemoryEntry) => state !== 'rejected' && state !== 'dropped';

/** The changes of a push that came to something, or may. */
export function changesOf({ outbox }: Pick<MemoryState, 'outbox'>, id: string): MemoryEntry[] {
  return [...outbox.values()].filter((entry) => entry.push?.id === id && isChange(entry) && isInForce(entry));
}

function unlikePush({ begunAt }: MemoryPush, entries: readonly MemoryEntry[]): UnlikePush | null {
  const flags = flagsOf(entries[0]);
  if (flags === null) return null;
  const waiting = entries.filter(({ state }) => openStates.has(state)).length;
  const inDoubt = entries.filter(({ state }) => state === 'sent' || state === 'in-doubt').length;
  return { flags, begunAt, waiting, inDoubt };
}

/** How many entries of a push have no end yet. */
export function waitingOf({ outbox }: MemoryState, id: string): number {
  return [...outbox.values()].filter(({ push, state }) => push?.id === id && openStates.has(state)).length;
}

/** See `countOvertaken` in `store/sqlite/`. */
export function overtakenOf(state: MemoryState, id: string): number {
  const { outbox } = state;
  const isOwn = ({ push }: MemoryEntry) => push?.id === id;
  const last = Math.max(...[...outbox.values()].filter(isOwn).map(({ seq }) => seq));
  const later = [...outbox.values()].filter((entry) => entry.seq > last && !isOwn(entry) && isInForce(entry));
  const overtaking = new Set(later.flatMap((entry) => contactsNamed(state, entry)));
  return changesOf(state, id).filter((entry) =>
    contactsNamed(state, entry).some((contact) => overtaking.has(contact)),
  ).length;
}

/** See `contactsNamed` in `store/sqlite/`. */
function contactsNamed(state: MemoryState, { contactId, upsertField, changes }: MemoryEntry): string[] {
  const named = contactId === null ? [] : [contactId];
  if (upsertField === null) return named;
  const value = folded(String(changes[upsertField]));
  const known = findIdBy(state, upsertField, String(changes[upsertField]));
  const givers = [...state.outbox.values()].filter(
    (entry) =>
      (openStates.has(entry.state) || (entry.state === 'done' && entry.readBackDue)) &&
      (entry.changes[upsertField] ?? null) !== null &&
      folded(String(entry.changes[upsertField])) === value,
  );
  return [
    ...named,
    JSON.stringify([upsertField, value]),
    ...(known === undefined ? [] : [known]),
    ...givers.flatMap((giver) => giver.contactId ?? []),
  ];
}

/** With which flags an entry is pushed: all of one push have the same ones. */
function flagsOf(
  entry: Pick<MemoryEntry, 'allowDuplicates' | 'atomicGroup' | 'upsertField'> | undefined,
): PushFlags | null {
  if (entry === undefined) return null;
  const { allowDuplicates, atomicGroup, upsertField } = entry;
  return { allowDuplicates, allOrNone: atomicGroup !== null, upsertField };
}

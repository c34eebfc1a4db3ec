import type { OutboxOp, SendApi } from '../../sync/ports/outbox-entry.ts';
import type {
  Brake,
  Resumption,
  StagingCommit,
  StagingFault,
  StagingRecord,
} from '../../sync/ports/outbox-staging.ts';
import { namedTwiceFault, replacedNote, replacingFault, standingFor } from '../replaced-entry.ts';
import { changesOf, equalPushes, openStates, overtakenOf, waitingOf } from './equal-push.ts';
import { isBelieved } from './memory-schema-store.ts';
import { type MemoryEntry, type MemoryState, newEntry } from './memory-state.ts';
import { findIdBy } from './memory-values.ts';

/** A record without what it was given as, which nothing here looks at. */
type StagedRecord = Omit<StagingRecord, 'given'>;

interface StagedPush {
  id: string;
  /** See `RecordDigest`. */
  digest: string;
  records: readonly StagedRecord[];
  /** By what its entries are to go; null: as their number suggests. */
  api: SendApi | null;
}

type Upsert = Pick<MemoryEntry, 'op' | 'key' | 'upsertField' | 'changes'>;

/**
 * Makes entries of a push's records, or finds those of an equal push that did not end; the caller holds the
 * transaction. `pushId` is the push that the entries belong to; null where nothing is stored.
 */
export function commitStaging(
  state: MemoryState,
  brake: Brake,
  push: StagedPush,
  { now, since }: Resumption,
): StagingCommit & { pushId: string | null; refused: ReplacingFault[] } {
  const { open, unlike } = equalPushes(state, push, since);
  if (unlike !== null) return { ...nothing, unlike, pushId: null, refused: [] };
  if (open !== undefined) {
    const { id, push: begun, renews } = open;
    state.pushes.set(id, { ...begun, triedAt: now, queued: false });
    for (const [key, entry] of state.outbox) {
      const waits = entry.state === 'pending' || entry.state === 'held';
      if (entry.push?.id === id && waits && entry.sentAt === null)
        state.outbox.set(key, { ...entry, api: push.api });
    }
    const renewed = renews
      ? renewChanges(state, brake, { ...push, id })
      : { renewed: 0, overtaken: overtakenOf(state, id) };
    const resumedOpen = waitingOf(state, id) - renewed.renewed;
    return { ...nothing, ...renewed, resumedFrom: begun.begunAt, resumedOpen, pushId: id, refused: [] };
  }
  const refused = replacingFaults(state, push.records);
  if (refused.length > 0) return { ...nothing, pushId: null, refused };
  state.pushes.set(push.id, { digest: push.digest, begunAt: now, triedAt: now, queued: false });
  const held = addEntries(state, brake, push);
  const replaced = dropReplaced(state, push.records, now);
  return { ...nothing, ...held, replaced, pushId: push.id, refused: [] };
}

const nothing: StagingCommit = {
  heldDeletes: 0,
  heldEdits: 0,
  resumedFrom: null,
  resumedOpen: 0,
  renewed: 0,
  overtaken: 0,
  replaced: 0,
  unlike: null,
};

/** What `commitStaging` would do now, nothing of which is kept: the new entries, or the equal push that it would go on with. */
export function draftStaging(
  state: MemoryState,
  brake: Brake,
  push: StagedPush,
  { since }: Resumption,
): StagingCommit & { entries: MemoryEntry[]; pushId: string | null } {
  const { open, unlike } = equalPushes(state, push, since);
  if (open !== undefined) {
    const { id: pushId, push: begun, renews } = open;
    const anew = renews ? changesOf(state, pushId) : [];
    const places = new Set(anew.map((entry) => entry.push?.place));
    const { entries, ...held } = draftEntries(state, brake, push);
    return {
      ...nothing,
      ...(renews ? held : {}),
      resumedFrom: begun.begunAt,
      resumedOpen: waitingOf(state, pushId) - anew.filter((entry) => openStates.has(entry.state)).length,
      renewed: anew.length,
      overtaken: renews ? 0 : overtakenOf(state, pushId),
      entries: entries.filter((_, place) => places.has(place)),
      pushId,
    };
  }
  const drafted = draftEntries(state, brake, push);
  const replaced = replacements(state, push.records).filter(({ named }) => named.state === 'rejected').length;
  return { ...nothing, ...drafted, replaced, unlike, pushId: null };
}

function draftEntries(state: MemoryState, brake: Brake, push: StagedPush) {
  const { isHeld, ...held } = heldOf(state, brake, push.records);
  const entries = push.records.map(({ entry }, place): MemoryEntry => {
    const fresh = newEntry(state, { ...entry, state: isHeld(entry) ? 'held' : 'pending' });
    return { ...fresh, seq: place + 1, api: push.api };
  });
  return { ...held, entries };
}

/** The faults of records that cannot take the place of the entry they name, unless an equal push would be gone on with. */
export function refuseStaged(
  state: MemoryState,
  push: Pick<StagedPush, 'digest' | 'records'>,
  { since }: Resumption,
): ReplacingFault[] {
  const { open, unlike } = equalPushes(state, push, since);
  return open === undefined && unlike === null ? replacingFaults(state, push.records) : [];
}

export interface ReplacingFault {
  /** Of the record. */
  place: number;
  fault: StagingFault;
}

function replacingFaults(state: MemoryState, records: readonly StagedRecord[]): ReplacingFault[] {
  const seen = new Set<string>();
  return replacements(state, records).flatMap(({ place, named, replaces }) => {
    const isSecond = named.state === 'rejected' && seen.has(named.key);
    seen.add(named.key);
    const fault = isSecond ? namedTwiceFault(replaces) : replacingFault(named, replaces);
    return fault === null ? [] : [{ place, fault }];
  });
}

function dropReplaced({ outbox }: MemoryState, records: readonly StagedRecord[], now: number): number {
  let dropped = 0;
  for (const { place, named } of replacements({ outbox }, records)) {
    const entry = outbox.get(named.key);
    if (entry?.state !== 'rejected') continue;
    const replacedBy = records[place]!.entry.key;
    const errors = [replacedNote(replacedBy), ...entry.errors];
    outbox.set(entry.key, { ...entry, state: 'dropped', settledAt: now, replacedBy, errors });
    dropped++;
  }
  return dropped;
}

function replacements({ outbox }: Pick<MemoryState, 'outbox'>, records: readonly StagedRecord[]) {
  return records.flatMap(({ replaces }, place) => {
    if (replaces === null) return [];
    const named = standingFor(replaces, (key) => outbox.get(key));
    return named === null ? [] : [{ place, named, replaces }];
  });
}

function addEntries(
  state: MemoryState,
  brake: Brake,
  { id, records, api }: StagedPush,
  isNew: (place: number) => boolean = () => true,
): Pick<StagingCommit, 'heldDeletes' | 'heldEdits'> {
  const { isHeld, ...held } = heldOf(state, brake, records);
  records.forEach(({ entry }, place) => {
    if (!isNew(place)) return;
    if (state.outbox.has(entry.key)) throw new Error(`Outbox entry ${entry.key} is there already.`);
    const fresh = newEntry(state, { ...entry, state: isHeld(entry) ? 'held' : 'pending' });
    state.outbox.set(entry.key, { ...fresh, api, push: { id, place } });
  });
  return held;
}

/** Asks once more for the changes of a push that is gone on with; the former ones are no part of it from then on. */
function renewChanges(state: MemoryState, brake: Brake, push: StagedPush) {
  const former = changesOf(state, push.id);
  const places = new Set(former.map((entry) => entry.push?.place));
  for (const entry of former) state.outbox.set(entry.key, { ...entry, push: null });
  const held = addEntries(state, brake, push, (place) => places.has(place));
  return { ...held, renewed: former.length };
}

/** What others have queued counts towards the brake too: two pushes of a hundred deletes are two hundred. */
function heldOf(state: MemoryState, brake: Brake, records: readonly StagedRecord[]) {
  const added = records.map(({ entry }) => entry);
  const waiting = [...state.outbox.values()].filter(
    (entry) => !entry.approved && openStates.has(entry.state),
  );
  const of = (entries: readonly { op: OutboxOp }[], op: OutboxOp) =>
    entries.filter((entry) => entry.op === op).length;
  const deletes = of(added, 'delete');
  const holdDeletes = deletes > 0 && deletes + of(waiting, 'delete') > brake.deletes;
  const upserts = upsertsThatEdit(state, added);
  const newEdits = of(added, 'update') + upserts.count;
  const allEdits =
    newEdits === 0 ? 0 : newEdits + of(waiting, 'update') + upsertsThatEdit(state, waiting).count;
  const holdEdits = allEdits > brake.edits && allEdits > liveContacts(state) * brake.editsShare;
  const isEdit = ({ op, key }: Pick<MemoryEntry, 'op' | 'key'>) => op === 'update' || upserts.keys.has(key);
  return {
    heldDeletes: holdDeletes ? deletes : 0,
    heldEdits: holdEdits ? added.filter(isEdit).length : 0,
    isHeld: (entry: Pick<MemoryEntry, 'op' | 'key'>) =>
      (entry.op === 'delete' && holdDeletes) || (holdEdits && isEdit(entry)),
  };
}

/**
 * Which upserts meet a contact that the mirror has, so that they are edits and no creations. Without a column for the
 * field that cannot be told, and each may be one; however many they are, each edits a contact of its own.
 */
function upsertsThatEdit(
  state: MemoryState,
  entries: readonly Upsert[],
): { count: number; keys: Set<string> } {
  const keys = new Set<string>();
  let count = 0;
  const byField = Map.groupBy(
    entries.filter(({ op, upsertField }) => op === 'create' && upsertField !== null),
    ({ upsertField }) => String(upsertField),
  );
  for (const [field, upserts] of byField) {
    const isKnown = isBelieved(state.fields.get(field.toLowerCase()));
    const edits = isKnown ? upserts.filter(({ changes }) => meets(state, field, changes[field])) : upserts;
    count += isKnown ? edits.length : Math.min(edits.length, liveContacts(state));
    for (const { key } of edits) keys.add(key);
  }
  return { count, keys };
}

function meets(state: MemoryState, field: string, value: unknown): boolean {
  return value !== null && value !== undefined && findIdBy(state, field, String(value)) !== undefined;
}

function liveContacts({ contacts }: MemoryState): number {
  let live = 0;
  for (const { state } of contacts.values()) if (state.gone === null) live++;
  return live;
}

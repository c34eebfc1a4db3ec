import type { OutboxOp, OutboxState, SendApi } from '../../sync/ports/outbox-entry.ts';
import type { Brake, Resumption, StagingCommit, StagingRecord } from '../../sync/ports/outbox-staging.ts';
import { isBelieved } from './memory-schema-store.ts';
import { type MemoryEntry, type MemoryState, newEntry } from './memory-state.ts';
import { findIdBy } from './memory-values.ts';

interface StagedPush {
  id: string;
  /** Equal for equal records in equal order. */
  digest: string;
  records: readonly StagingRecord[];
  /** By what its entries are to go; null: as their number suggests. */
  api: SendApi | null;
}

type Upsert = Pick<MemoryEntry, 'op' | 'key' | 'upsertField' | 'changes'>;

/** What still waits for Salesforce or for a person. */
const openStates: ReadonlySet<OutboxState> = new Set(['pending', 'sent', 'in-doubt', 'held', 'conflict']);

/**
 * Makes entries of a push's records, or finds those of an equal push that did not end; the caller holds the
 * transaction. `pushId` is the push that the entries belong to.
 */
export function commitStaging(
  state: MemoryState,
  brake: Brake,
  push: StagedPush,
  { now, since }: Resumption,
): StagingCommit & { pushId: string } {
  const open = since === null ? undefined : equalPush(state, push.digest, since);
  if (open !== undefined) {
    const [id, begun] = open;
    state.pushes.set(id, { ...begun, triedAt: now });
    for (const [key, entry] of state.outbox) {
      const waits = entry.state === 'pending' || entry.state === 'held';
      if (entry.push?.id === id && waits && entry.sentAt === null)
        state.outbox.set(key, { ...entry, api: push.api });
    }
    return { heldDeletes: 0, heldEdits: 0, resumedFrom: begun.begunAt, pushId: id };
  }
  state.pushes.set(push.id, { digest: push.digest, begunAt: now, triedAt: now });
  return { ...addEntries(state, brake, push), resumedFrom: null, pushId: push.id };
}

/** What `commitStaging` would do now, nothing of which is kept: the new entries, or the equal push that it would go on with. */
export function draftStaging(
  state: MemoryState,
  brake: Brake,
  push: StagedPush,
  { since }: Resumption,
): StagingCommit & { entries: MemoryEntry[]; pushId: string | null } {
  const open = since === null ? undefined : equalPush(state, push.digest, since);
  if (open !== undefined) {
    const [pushId, { begunAt }] = open;
    return { heldDeletes: 0, heldEdits: 0, resumedFrom: begunAt, entries: [], pushId };
  }
  const { isHeld, ...held } = heldOf(state, brake, push.records);
  const entries = push.records.map(({ entry }, place): MemoryEntry => {
    const fresh = newEntry(state, { ...entry, state: isHeld(entry) ? 'held' : 'pending' });
    return { ...fresh, seq: place + 1, api: push.api };
  });
  return { ...held, resumedFrom: null, entries, pushId: null };
}

function equalPush(state: MemoryState, digest: string, since: number) {
  // Those that nobody tried again are forgotten.
  for (const [id, { triedAt }] of state.pushes) if (triedAt < since) state.pushes.delete(id);
  return [...state.pushes]
    .filter(([, push]) => push.digest === digest)
    .sort(([, a], [, b]) => b.triedAt - a.triedAt)[0];
}

function addEntries(
  state: MemoryState,
  brake: Brake,
  { id, records, api }: StagedPush,
): Omit<StagingCommit, 'resumedFrom'> {
  const { isHeld, ...held } = heldOf(state, brake, records);
  records.forEach(({ entry }, place) => {
    if (state.outbox.has(entry.key)) throw new Error(`Outbox entry ${entry.key} is there already.`);
    const fresh = newEntry(state, { ...entry, state: isHeld(entry) ? 'held' : 'pending' });
    state.outbox.set(entry.key, { ...fresh, api, push: { id, place } });
  });
  return held;
}

/** What others have queued counts towards the brake too: two pushes of a hundred deletes are two hundred. */
function heldOf(state: MemoryState, brake: Brake, records: readonly StagingRecord[]) {
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

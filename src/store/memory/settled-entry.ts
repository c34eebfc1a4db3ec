import type { KnownBefore, OutboxEntry, Settlement } from '../../sync/ports/outbox-entry.ts';
import { storedFields } from './memory-schema-store.ts';
import { type MemoryEntry, type MemoryState, neverSent } from './memory-state.ts';
import { columnValue, findIdBy } from './memory-values.ts';

/** What is known of a request that may still be carried out. */
export function lostBy(entry: MemoryEntry, settlement: Settlement): MemoryEntry['lost'] {
  const isKept = entry.state === 'sent' && (entry.op !== 'create' || entry.upsertField !== null);
  if (settlement.state === 'in-doubt' && isKept && settlement.refused !== true)
    return { endedOrgAt: settlement.doubt?.endedOrgAt ?? null };
  if (entry.lost?.endedOrgAt !== null || !('lostBefore' in settlement)) return entry.lost;
  return { endedOrgAt: settlement.lostBefore ?? null };
}

export function settled(entry: MemoryEntry, settlement: Settlement): MemoryEntry {
  if (settlement.state === 'done') {
    const { contactId, created, at } = settlement;
    const told = { contactId, created, settledAt: at, readBackDue: true };
    // Of a contact that is gone nothing is kept.
    const bases =
      entry.op === 'delete' && !entry.local ? { base: null, baseAt: null, firstBase: null, found: null } : {};
    return { ...entry, ...told, ...bases, state: 'done', knownBefore: null, doubt: null, errors: [] };
  }
  const { state, errors, at } = settlement;
  const found = settlement.state === 'conflict' ? settlement.contactId : null;
  return {
    ...entry,
    ...(settlement.state === 'conflict' && settlement.base !== undefined
      ? basesOf(entry, settlement.base)
      : {}),
    state,
    errors,
    settledAt: state === 'rejected' ? at : null,
    contactId: (entry.op === 'create' ? found : null) ?? entry.contactId ?? found,
    ...(settlement.state === 'pending' && settlement.unsent === true ? neverSent : {}),
    ...(settlement.state === 'in-doubt' && settlement.keyless === true ? { way: 'collection' as const } : {}),
    ...(settlement.state === 'in-doubt' && settlement.doubt !== undefined ? { doubt: settlement.doubt } : {}),
  };
}

/** What a conflict has found, and beside it what the entry was based on before any. */
function basesOf(
  entry: MemoryEntry,
  base: Record<string, unknown>,
): Pick<OutboxEntry, 'base' | 'firstBase' | 'found'> {
  const { IsDeleted: isGone, ...found } = base;
  const { IsDeleted: _wasGone, ...last } = entry.base ?? {};
  for (const name of Object.keys(entry.found ?? {})) delete last[name];
  return { base, firstBase: { ...last, ...entry.firstBase }, found: isGone === true ? null : found };
}

/** What the mirror holds of the entry's contact, to tell later whether somebody else has changed it. */
export function knownBefore(
  state: MemoryState,
  { op, local, contactId, upsertField, changes }: OutboxEntry,
  job: string | null,
): KnownBefore | null {
  let id = contactId ?? undefined;
  if (id === undefined && op === 'create' && upsertField !== null) {
    id = findIdBy(state, upsertField, String(changes[upsertField] ?? ''));
  }
  const contact = id === undefined ? undefined : state.contacts.get(id);
  if (id === undefined || contact === undefined || contact.state.gone !== null) return null;
  const values: Record<string, unknown> = {};
  for (const name of Object.keys(changes)) {
    if (state.fields.has(name.toLowerCase())) values[name] = columnValue(id, contact, name);
  }
  if (op === 'delete' && !local && job === null) {
    for (const { name, updateable, vanished, current, unfilled } of storedFields(state)) {
      const value = columnValue(id, contact, name);
      if (updateable && !vanished && current && !unfilled && value !== null) values[name] = value;
    }
  }
  return { stamp: contact.state.stamp, values };
}

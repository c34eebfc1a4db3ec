import type { OutboxState } from '../sync/ports/outbox-entry.ts';
import type { StagingFault } from '../sync/ports/outbox-staging.ts';

/** What is asked of an entry that a record wants to take the place of. */
export interface NamedEntry {
  key: string;
  state: OutboxState;
  contactId: string | null;
  /** Key of the entry that was pushed in its place; null where none was. */
  replacedBy: string | null;
}

/** The own column of rejects files that names an entry. */
const field = '_entry';

/** The entry that stands for `key` by now: whoever mends a file twice names what the first time has replaced. Null: unknown. */
export function standingFor(key: string, find: (key: string) => NamedEntry | undefined): NamedEntry | null {
  let entry = find(key);
  while (entry !== undefined && entry.replacedBy !== null) {
    const next = find(entry.replacedBy);
    if (next === undefined) break;
    entry = next;
  }
  return entry ?? null;
}

/**
 * Why no record that names the entry `named` can take the place of this one, which stands for it by now; null where one can,
 * or need not since a person gave it up.
 */
export function replacingFault(
  { key, state, contactId, replacedBy }: NamedEntry,
  named: string,
): StagingFault | null {
  if (state === 'rejected' || (state === 'dropped' && replacedBy === null)) return null;
  const became = state === 'done' ? ` and is ${contactId}` : '';
  return {
    field,
    code: 'ENTRY_NOT_REFUSED',
    message: `${mended(key, named)} ${words[state]}${became}: the record would be sent twice. Take it out, or empty its _entry to push it as another one.`,
  };
}

/** A second record that names an entry would be one more than was refused. */
export function namedTwiceFault(named: string): StagingFault {
  return {
    field,
    code: 'GIVEN_TWICE',
    message: `An earlier record mends the refused entry ${named.slice(0, 8)} already. Take one out, or empty its _entry to push it as another one.`,
  };
}

/** By the key that stands in the file; who looks for another one there finds nothing. */
function mended(key: string, named: string): string {
  const entry = `The refused entry ${named.slice(0, 8)} that it mends`;
  return key === named ? entry : `${entry} was mended before, as ${key.slice(0, 8)}, which`;
}

/** What a dropped entry tells of its end. */
export function replacedNote(by: string): { code: string; message: string; fields: string[] } {
  return { code: 'REPLACED', message: `It was mended and pushed again, as ${by}.`, fields: [] };
}

const words: Record<Exclude<OutboxState, 'rejected'>, string> = {
  pending: 'was let out again and waits to be sent',
  sent: 'was let out again and is being sent',
  'in-doubt': 'was sent again and is in doubt',
  held: 'is held until somebody approves it',
  conflict: 'is in conflict',
  done: 'was taken by Salesforce meanwhile',
  dropped: 'was pushed again already',
};

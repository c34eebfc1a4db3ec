import type { OutboxEntry, SendWay } from '../ports/outbox-entry.ts';
import type { ContactNames } from './contact-names.ts';

/** The most records one sObject Collections write takes. Source: sObject Collections. */
export const collectionRows = 200;
/**
 * The most text one collection carries, in characters of JSON: a server or proxy that finds a body too large refuses
 * it with a 4xx that says nothing of the records, and they would be in doubt.
 */
const collectionCharacters = 1_000_000;
/** Up to this many waiting creates go one by one by the UI API, whose Idempotency-Key makes a repeat safe. */
const fewCreates = 25;

export interface PlannedRequest {
  way: SendWay;
  entries: OutboxEntry[];
  allOrNone: boolean;
}

interface OpenRequest extends PlannedRequest {
  names: Set<string>;
  characters: number;
}

const ownNames: ContactNames = ({ contactKey, contactId }) =>
  contactId === null ? [contactKey] : [contactKey, contactId];

/**
 * Cuts waiting entries into requests, in their order. An entry that was sent before keeps its way, because a
 * doubt can only be settled the way it arose. No request names a contact twice. Pure.
 */
export function planRequests(
  entries: readonly OutboxEntry[],
  idempotent: boolean,
  namesOf: ContactNames = ownNames,
): PlannedRequest[] {
  const undecided = entries.filter((entry) => entry.op === 'create' && wayOf(entry) === null).length;
  const requests: OpenRequest[] = [];
  for (const entry of entries) {
    const way = wayOf(entry) ?? (idempotent && undecided <= fewCreates ? 'ui-api' : 'collection');
    const names = namesOf(entry);
    const characters = JSON.stringify(entry.changes).length;
    let last = requests.at(-1);
    if (last === undefined || !fits(last, entry, { way, names, characters })) {
      last = { way, entries: [], allOrNone: entry.atomicGroup !== null, names: new Set(), characters: 0 };
      requests.push(last);
    }
    last.entries.push(entry);
    last.characters += characters;
    for (const name of names) last.names.add(name);
  }
  return requests.map(({ way, entries, allOrNone }) => ({ way, entries, allOrNone }));
}

function wayOf(entry: OutboxEntry): SendWay | null {
  if (entry.op !== 'create') return 'collection';
  if (entry.upsertField !== null) return 'upsert';
  if (entry.atomicGroup !== null) return 'collection';
  return entry.way;
}

function fits(
  request: OpenRequest,
  entry: OutboxEntry,
  { way, names, characters }: { way: SendWay; names: readonly string[]; characters: number },
): boolean {
  const first = request.entries[0];
  // A group goes out as one, whatever it holds.
  if (first !== undefined && first.atomicGroup !== null) return first.atomicGroup === entry.atomicGroup;
  return (
    first !== undefined &&
    way !== 'ui-api' &&
    way === request.way &&
    request.entries.length < collectionRows &&
    request.characters + characters <= collectionCharacters &&
    first.op === entry.op &&
    first.upsertField === entry.upsertField &&
    first.allowDuplicates === entry.allowDuplicates &&
    first.atomicGroup === entry.atomicGroup &&
    names.every((name) => !request.names.has(name))
  );
}

/** Whether sending an entry again cannot make a second contact: everything but a create in a collection. */
export function isRepeatable(entry: Pick<OutboxEntry, 'op' | 'way'>): boolean {
  return entry.op !== 'create' || entry.way === 'ui-api' || entry.way === 'upsert';
}

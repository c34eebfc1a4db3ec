import type { OutboxEntry, SendWay } from '../../ports/outbox-entry.ts';
import type { ContactNames } from '../entry/contact-names.ts';
import type { LockedParents } from '../entry/locked-parents.ts';

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
  /** Names of its contacts and the parents that it locks: it goes out after every earlier request that shares one. */
  locks: ReadonlySet<string>;
}

interface Item {
  entry: OutboxEntry;
  way: SendWay;
  names: readonly string[];
  parents: readonly string[];
  characters: number;
}

interface OpenRequest extends PlannedRequest {
  first: Item;
  names: Set<string>;
  locks: Set<string>;
  characters: number;
}

const ownNames: ContactNames = ({ contactKey, contactId }) =>
  contactId === null ? [contactKey] : [contactKey, contactId];

/**
 * Cuts waiting entries into requests, one contact's in their order. An entry that was sent before keeps its way, because
 * a doubt can only be settled the way it arose. No request names a contact twice, and entries that lock one parent come
 * into one request where they fit. Pure.
 */
export function planRequests(
  entries: readonly OutboxEntry[],
  idempotent: boolean,
  namesOf: ContactNames = ownNames,
  parentsOf: LockedParents = () => [],
): PlannedRequest[] {
  const undecided = entries.filter((entry) => entry.op === 'create' && wayOf(entry) === null).length;
  const items = entries.map((entry): Item => {
    const way = wayOf(entry) ?? (idempotent && undecided <= fewCreates ? 'ui-api' : 'collection');
    const characters = JSON.stringify(entry.changes).length;
    return { entry, way, names: namesOf(entry), parents: parentsOf(entry), characters };
  });
  const requests = runsOf(items).flatMap(requestsOf);
  return requests.map(({ way, entries, allOrNone, locks }) => ({ way, entries, allOrNone, locks }));
}

/** Cuts items that are alike: first those that belong together, then the others, which fill what room is left. */
function requestsOf(items: readonly Item[]): OpenRequest[] {
  const requests: OpenRequest[] = [];
  const { groups, single } = togetherOf(items);
  for (const group of groups) {
    let last = requests.at(-1);
    const room = collectionRows - (last?.entries.length ?? 0);
    if (group.length > room) last = undefined;
    for (const item of group) {
      if (last === undefined || !fits(last, item)) {
        last = opened(item);
        requests.push(last);
      }
      take(last, item);
    }
  }
  // Never back to an earlier one: of two that name one contact the second goes out later.
  let at = 0;
  for (const item of single) {
    while (at < requests.length && !fits(requests[at]!, item)) at++;
    if (at === requests.length) requests.push(opened(item));
    take(requests[at]!, item);
  }
  return requests;
}

function opened(first: Item): OpenRequest {
  const { way, entry } = first;
  const allOrNone = entry.atomicGroup !== null;
  return { first, way, entries: [], allOrNone, locks: new Set(), names: new Set(), characters: 0 };
}

function take(request: OpenRequest, { entry, names, parents, characters }: Item): void {
  request.entries.push(entry);
  request.characters += characters;
  for (const name of names) {
    request.names.add(name);
    request.locks.add(name);
  }
  for (const parent of parents) request.locks.add(parent);
}

/** Consecutive ones that are alike. */
function runsOf(items: readonly Item[]): Item[][] {
  const runs: Item[][] = [];
  for (const item of items) {
    const last = runs.at(-1);
    if (last?.[0] !== undefined && isAlike(last[0], item)) last.push(item);
    else runs.push([item]);
  }
  return runs;
}

/**
 * Those that share parents, or names with such, in their order; `single`: those that share none. Nothing is moved within
 * a group of --all-or-none, nor where no parent is locked.
 */
function togetherOf(items: readonly Item[]): { groups: Item[][]; single: readonly Item[] } {
  if (items[0]?.entry.atomicGroup !== null || items.every(({ parents }) => parents.length === 0))
    return { groups: [], single: items };
  const roots = items.map((_, i) => i);
  const rootOf = (i: number) => {
    let root = i;
    while (roots[root] !== root) root = roots[root]!;
    roots[i] = root;
    return root;
  };
  const holders = new Map<string, number>();
  items.forEach(({ names, parents }, i) => {
    for (const lock of [...names, ...parents]) {
      const [one, other] = [rootOf(holders.get(lock) ?? i), rootOf(i)];
      roots[Math.max(one, other)] = Math.min(one, other);
      holders.set(lock, i);
    }
  });
  const together = new Map<number, Item[]>();
  items.forEach((item, i) => {
    const root = rootOf(i);
    const others = together.get(root);
    if (others === undefined) together.set(root, [item]);
    else others.push(item);
  });
  const all = [...together.values()];
  const single = all.flatMap((group) => (group.length === 1 ? group : []));
  return { groups: all.filter(({ length }) => length > 1), single };
}

function wayOf(entry: OutboxEntry): SendWay | null {
  if (entry.op !== 'create') return 'collection';
  if (entry.upsertField !== null) return 'upsert';
  if (entry.atomicGroup !== null) return 'collection';
  // What came back from a job was surely not done.
  const way = entry.way === 'bulk' ? null : entry.way;
  return way ?? (entry.api === 'collections' ? 'collection' : null);
}

/** Whether they may stand in one request, as far as their kind goes. */
function isAlike(a: Item, b: Item): boolean {
  // A group goes out as one, whatever it holds.
  if (a.entry.atomicGroup !== null) return a.entry.atomicGroup === b.entry.atomicGroup;
  return (
    a.way === b.way &&
    a.entry.op === b.entry.op &&
    a.entry.upsertField === b.entry.upsertField &&
    a.entry.allowDuplicates === b.entry.allowDuplicates &&
    a.entry.atomicGroup === b.entry.atomicGroup
  );
}

function fits(request: OpenRequest, item: Item): boolean {
  if (!isAlike(request.first, item)) return false;
  if (request.allOrNone) return true;
  return (
    item.way !== 'ui-api' &&
    request.entries.length < collectionRows &&
    request.characters + item.characters <= collectionCharacters &&
    item.names.every((name) => !request.names.has(name))
  );
}

/** Whether sending an entry again cannot make a second contact: everything but a create in a collection. */
export function isRepeatable(entry: Pick<OutboxEntry, 'op' | 'way'>): boolean {
  return entry.op !== 'create' || entry.way === 'ui-api' || entry.way === 'upsert';
}

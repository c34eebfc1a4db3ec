import type { OutboxEntry, SendWay } from '../ports/outbox.ts';

/** The most records one sObject Collections write takes. Source: sObject Collections. */
export const collectionRows = 200;
/** Up to this many waiting creates go one by one by the UI API, whose Idempotency-Key makes a repeat safe. */
const fewCreates = 25;

export interface PlannedRequest {
  way: SendWay;
  entries: OutboxEntry[];
  allOrNone: boolean;
}

/**
 * Cuts waiting entries into requests, in their order. An entry that was sent before keeps its way, because a
 * doubt can only be settled the way it arose. No request names a contact twice. Pure.
 */
export function planRequests(entries: readonly OutboxEntry[], idempotent: boolean): PlannedRequest[] {
  const undecided = entries.filter((entry) => entry.op === 'create' && wayOf(entry) === null).length;
  const requests: PlannedRequest[] = [];
  for (const entry of entries) {
    const way = wayOf(entry) ?? (idempotent && undecided <= fewCreates ? 'ui-api' : 'collection');
    const last = requests.at(-1);
    if (last !== undefined && fits(last, entry, way)) last.entries.push(entry);
    else requests.push({ way, entries: [entry], allOrNone: entry.atomicGroup !== null });
  }
  return requests;
}

function wayOf(entry: OutboxEntry): SendWay | null {
  if (entry.op !== 'create') return 'collection';
  if (entry.upsertField !== null) return 'upsert';
  if (entry.atomicGroup !== null) return 'collection';
  return entry.way;
}

function fits(request: PlannedRequest, entry: OutboxEntry, way: SendWay): boolean {
  const first = request.entries[0];
  return (
    first !== undefined &&
    way !== 'ui-api' &&
    way === request.way &&
    request.entries.length < collectionRows &&
    first.op === entry.op &&
    first.upsertField === entry.upsertField &&
    first.allowDuplicates === entry.allowDuplicates &&
    first.atomicGroup === entry.atomicGroup &&
    (entry.contactId === null || request.entries.every(({ contactId }) => contactId !== entry.contactId))
  );
}

/** Whether sending an entry again cannot make a second contact: everything but a create in a collection. */
export function isRepeatable(entry: Pick<OutboxEntry, 'op' | 'way'>): boolean {
  return entry.op !== 'create' || entry.way === 'ui-api' || entry.way === 'upsert';
}

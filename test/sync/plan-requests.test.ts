import { describe, expect, it } from 'vitest';
import type { OutboxEntry } from '../../src/sync/ports/outbox-entry.ts';
import { isRepeatable, planRequests } from '../../src/sync/push/plan/plan-requests.ts';

let serial = 0;
function entry(more: Partial<OutboxEntry> = {}): OutboxEntry {
  const seq = serial++;
  const key = `key-${seq}`;
  return {
    seq,
    key,
    op: 'create',
    local: false,
    contactKey: key,
    contactId: null,
    changes: { LastName: key },
    base: null,
    baseAt: null,
    firstBase: null,
    found: null,
    state: 'pending',
    job: null,
    way: null,
    api: null,
    upsertField: null,
    allowDuplicates: false,
    atomicGroup: null,
    attempts: 0,
    errors: [],
    createdAt: 0,
    sentAt: null,
    sentOrgAt: null,
    sentBy: null,
    doubt: null,
    knownBefore: null,
    settledAt: null,
    readBackDue: false,
    created: null,
    ...more,
  };
}
const many = (count: number, more: Partial<OutboxEntry> = {}) =>
  Array.from({ length: count }, () => entry(more));
const shape = (entries: OutboxEntry[], idempotent = true) =>
  planRequests(entries, idempotent).map(({ way, entries }) => `${way}×${entries.length}`);

describe('planRequests', () => {
  it('sends few creates one by one with an Idempotency-Key, many in collections of 200', () => {
    expect(shape(many(2))).toEqual(['ui-api×1', 'ui-api×1']);
    expect(shape(many(450))).toEqual(['collection×200', 'collection×200', 'collection×50']);
    expect(shape(many(2), false)).toEqual(['collection×2']);
  });

  it('keeps the way of an entry that was sent before, whatever comes along with it', () => {
    expect(shape([entry({ way: 'ui-api' }), ...many(30)])).toEqual(['ui-api×1', 'collection×30']);
  });

  it('sends few by a collection where a person wants collections, and what was sent before as it was', () => {
    expect(shape(many(2, { api: 'collections' }))).toEqual(['collection×2']);
    expect(shape([entry({ way: 'ui-api', api: 'collections' })])).toEqual(['ui-api×1']);
    // A job did not take it.
    expect(shape(many(2, { way: 'bulk', api: 'bulk' }))).toEqual(['ui-api×1', 'ui-api×1']);
  });

  it('keeps the order of operations and never names a contact twice in a request', () => {
    const id = '003000000000001AAA';
    const twice = [entry({ op: 'update', contactId: id }), entry({ op: 'update', contactId: id })];
    expect(shape(twice)).toEqual(['collection×1', 'collection×1']);
    expect(shape([entry({ op: 'update', contactId: id }), entry({ op: 'delete', contactId: id })])).toEqual([
      'collection×1',
      'collection×1',
    ]);
  });

  it('takes two entries that share any name for the same contact', () => {
    const names = (entry: OutboxEntry) => [entry.key, String(entry.changes.Ext__c).toLowerCase()];
    const upsert = (Ext__c: string) => entry({ upsertField: 'Ext__c', changes: { Ext__c } });
    const planned = planRequests([upsert('a'), upsert('b'), upsert('A'), upsert('c')], true, names);
    expect(planned.map(({ entries }) => entries.map(({ changes }) => changes.Ext__c))).toEqual([
      ['a', 'b'],
      ['A', 'c'],
    ]);
  });

  it('keeps a group together whatever it holds', () => {
    const id = '003000000000001AAA';
    expect(shape(many(3, { op: 'update', contactId: id, atomicGroup: 'g' }))).toEqual(['collection×3']);
  });

  it('cuts a request before its body grows past a million characters', () => {
    const wide = many(60, { changes: { Description: 'x'.repeat(32_000) } });
    expect(shape(wide)).toEqual(['collection×31', 'collection×29']);
    expect(shape(many(1, { changes: { Description: 'x'.repeat(2_000_000) } }), false)).toEqual([
      'collection×1',
    ]);
  });

  it('sends a group of --all-or-none in one request of its own', () => {
    const requests = planRequests([...many(3, { atomicGroup: 'g' }), ...many(1)], true);
    expect(requests.map(({ way, entries, allOrNone }) => [way, entries.length, allOrNone])).toEqual([
      ['collection', 3, true],
      ['ui-api', 1, false],
    ]);
  });

  it('keeps those that lock one parent together, in one request where they fit', () => {
    const parents = (entry: OutboxEntry) =>
      [entry.changes.AccountId].map(String).filter((id) => id !== 'undefined');
    const of = (AccountId: string, count: number) => many(count, { changes: { AccountId } });
    const planned = (entries: OutboxEntry[]) =>
      planRequests(entries, true, undefined, parents).map(({ entries, locks }) => [
        entries.length,
        ['a', 'b', 'c'].filter((id) => locks.has(id)).join(''),
      ]);
    // Alternating, as they may stand in a file.
    const [a, b] = [of('a', 120), of('b', 120)];
    expect(planned(a.flatMap((entry, i) => [entry, b[i]!]))).toEqual([
      [120, 'a'],
      [120, 'b'],
    ]);
    expect(planned([...of('a', 250), ...of('b', 20), ...many(10)])).toEqual([
      [200, 'a'],
      [80, 'ab'],
    ]);
    // Those without a parent fill what room is left.
    expect(planned([...many(100), ...of('a', 150), ...of('b', 150)])).toEqual([
      [200, 'a'],
      [200, 'b'],
    ]);
    // Other kinds of change are not moved past each other.
    const id = '003000000000001AAA';
    const update = entry({ op: 'update', contactId: id, changes: { AccountId: 'a' } });
    expect(planned([...of('a', 30), update, ...of('a', 30)])).toEqual([
      [30, 'a'],
      [1, 'a'],
      [30, 'a'],
    ]);
  });

  it('takes only a create in a collection for something that must not be repeated', () => {
    expect(isRepeatable({ op: 'create', way: 'collection' })).toBe(false);
    expect(isRepeatable({ op: 'create', way: 'ui-api' })).toBe(true);
    expect(isRepeatable({ op: 'create', way: 'upsert' })).toBe(true);
    expect(isRepeatable({ op: 'update', way: 'collection' })).toBe(true);
    expect(isRepeatable({ op: 'delete', way: 'collection' })).toBe(true);
  });
});

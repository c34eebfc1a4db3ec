import { afterEach, describe, expect, it } from 'vitest';
import type { OutboxSettleOptions } from '../../src/contract/outbox.ts';
import { contact } from '../../src/org/synced-object.ts';
import type { OutboxEntry, SendWay } from '../../src/sync/ports/outbox-entry.ts';
import { appOutbox } from '../../src/usecases/outbox.ts';
import { orgFor } from '../orgs/org-for.ts';
import { heldLease } from '../support/leases.ts';
import { MemoryRemote } from '../support/memory-remote.ts';
import { partsOf } from './parts.ts';

const a = orgFor('a');
const usual: OutboxSettleOptions = { org: null, keys: [], as: null, notSent: false, auto: false };
const signal = new AbortController().signal;
const start = Date.UTC(2026, 2, 4, 10, 0, 5);
const minute = 60_000;
const keyOf = (name: string) => `${name}-beef-4000-8000-000000000001`;

let org: MemoryRemote;
afterEach(() => expect(org).toBeDefined());

interface Sent {
  made?: string[];
  atomicGroup?: string;
  way?: SendWay;
  /** What all of them write in place of their names. */
  lastName?: string;
}

/** Creates by these names whose answer never came; those of `made` have come to be. */
async function inDoubt(
  names: string[],
  { made = names, way = 'collection', lastName, atomicGroup }: Sent = {},
) {
  org = new MemoryRemote(contact, start);
  const records = org.of(contact);
  const parts = { ...partsOf([a]), openRemote: async () => org };
  const { outbox } = await parts.mirrors.of(a.instanceUrl).under(heldLease('outbox'));
  await outbox.add(
    names.map((name) => ({
      key: keyOf(name),
      op: 'create',
      contactKey: keyOf(name),
      contactId: null,
      changes: { LastName: lastName ?? name },
      base: null,
      upsertField: null,
      allowDuplicates: false,
      atomicGroup: atomicGroup ?? null,
      createdAt: 0,
      state: 'pending',
    })),
  );
  const keys = names.map(keyOf);
  await outbox.markSent(keys, way, parts.clock.now(), start, org.userId);
  await records.writes.createMany(
    made.map((LastName) => ({ LastName })),
    { signal },
  );
  await outbox.settle(keys.map((key) => ({ key, state: 'in-doubt', errors: [], at: 0 })));
  const entry = async (name: string): Promise<OutboxEntry> =>
    (await outbox.list({ keys: [keyOf(name)] }))[0]!;
  const settle = (options: Partial<OutboxSettleOptions>, onEvent = () => {}) =>
    appOutbox(parts).settle({ ...usual, ...options }, { signal, onEvent });
  const idOf = async (name: string) => {
    const { records: found } = await org.queries.all(`SELECT Id FROM Contact WHERE LastName = '${name}'`);
    return String(found[0]?.Id);
  };
  return { parts, outbox, records, entry, settle, idOf };
}

describe('settle --auto', () => {
  it('asks about all of them, and tells what was settled and what was not', async () => {
    const { settle, records, entry } = await inDoubt(['ada', 'bob'], { made: ['ada'] });
    await records.writes.createMany([{ LastName: 'By hand' }], { signal });
    const first = await settle({ auto: true });
    expect(first.settled).toEqual([]);
    expect(first.inDoubt.map(({ doubt }) => doubt?.reason)).toEqual(['not-covered', 'not-covered']);
    org.pass(3 * minute);
    const second = await settle({ auto: true });
    expect(second.settled).toMatchObject([{ key: keyOf('ada'), state: 'done' }]);
    expect(second.inDoubt).toMatchObject([
      { key: keyOf('bob'), doubt: { reason: 'contacts-unexplained', candidatesTotal: 1 } },
    ]);
    expect(await entry('ada')).toMatchObject({ state: 'done', readBackDue: false });
  });

  it('tells of the named ones alone', async () => {
    const { settle } = await inDoubt(['ada', 'bob']);
    await settle({ auto: true });
    org.pass(3 * minute);
    const { settled } = await settle({ auto: true, keys: ['bob'] });
    expect(settled.map(({ key }) => key)).toEqual([keyOf('bob')]);
  });

  it('sends nothing', async () => {
    const { settle, entry } = await inDoubt(['ada'], { made: [] });
    await settle({ auto: true });
    org.pass(3 * minute);
    expect((await settle({ auto: true })).settled).toMatchObject([{ state: 'pending' }]);
    expect(await entry('ada')).toMatchObject({ state: 'pending', sentAt: null, doubt: null });
    expect((await org.queries.all('SELECT Id FROM Contact')).records).toEqual([]);
  });

  it('is nothing where nothing is in doubt', async () => {
    const { settle } = await inDoubt([]);
    expect(await settle({ auto: true })).toMatchObject({ settled: [], inDoubt: [] });
  });
});

describe('settle --as', () => {
  it('takes the contact that a person names, and lets the others be looked at again', async () => {
    const { settle, records, idOf, entry, parts } = await inDoubt(['ada', 'bob'], { made: [] });
    await records.writes.createMany([{ LastName: 'Rewritten' }], { signal });
    await settle({ auto: true });
    org.pass(3 * minute);
    expect((await settle({ auto: true })).inDoubt).toHaveLength(2);
    const id = await idOf('Rewritten');
    const { settled } = await settle({ keys: ['ada'], as: id });
    expect(settled).toMatchObject([{ key: keyOf('ada'), state: 'done', contactId: id }]);
    // A trigger may have rewritten it, and a person may have named the wrong one.
    expect(parts.said.filter((line) => line.includes('has other values'))).toEqual([
      `warn The contact ${id} has other values than entry ${keyOf('ada')}: LastName was sent as "ada" and is "Rewritten"`,
    ]);
    // Nothing is left unexplained for the other.
    expect(await entry('bob')).toMatchObject({ state: 'pending' });
  });

  it.each([
    ['one that another entry has made', 'ada', 'INVALID_INPUT', /Another entry/],
    ['one that is not there', null, 'UNKNOWN_CONTACT', /shows no contact/],
    ['what is no Id of a contact', '001000000000001AAA', 'INVALID_INPUT', /is not the Id/],
  ])('refuses %s', async (_what, given, code, message) => {
    const { settle, entry, idOf, outbox } = await inDoubt(['ada', 'bob', 'eve'], { made: ['ada', 'eve'] });
    const ada = await idOf('ada');
    await outbox.settle([{ key: keyOf('ada'), state: 'done', contactId: ada, created: true, at: 0 }]);
    const as = given === 'ada' ? ada : (given ?? '003000000000999AAA');
    await expect(settle({ keys: ['bob'], as })).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
    expect((await entry('bob')).state).toBe('in-doubt');
  });

  it('refuses one that an upsert may have made when it was sent before', async () => {
    const { settle, entry, idOf, outbox } = await inDoubt(['ada', 'bob'], { made: ['ada'] });
    const as = await idOf('ada');
    const met = { key: keyOf('ada'), state: 'done', contactId: as, created: false, at: 0 } as const;
    await outbox.settle([{ key: met.key, state: 'pending', errors: [], at: 0 }]);
    await outbox.markSent([met.key], 'upsert', 0, start, org.userId);
    await outbox.settle([met]);
    await expect(settle({ keys: ['bob'], as })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message: expect.stringContaining('was sent again and may have made'),
    });
    expect((await entry('bob')).state).toBe('in-doubt');
  });

  it('refuses a contact that was there before the entry was sent', async () => {
    const { settle, entry, outbox, parts, idOf } = await inDoubt(['old'], { made: ['old'] });
    const key = keyOf('old');
    await outbox.move([key], ['in-doubt'], 'pending', 0);
    await outbox.markSent([key], 'collection', parts.clock.now(), start + minute, org.userId);
    await expect(settle({ keys: ['old'], as: await idOf('old') })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message: expect.stringContaining('was there before'),
    });
    expect((await entry('old')).state).not.toBe('done');
  });

  it('refuses a contact that an equal entry may yet be told of by its key', async () => {
    const sent = { made: ['Ada'], way: 'ui-api', lastName: 'Ada' } as const;
    const { settle, idOf, entry, outbox } = await inDoubt(['ada', 'twin', 'other'], {
      ...sent,
      made: ['Ada'],
    });
    const id = await idOf('Ada');
    await expect(settle({ keys: ['ada'], as: id })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message: expect.stringMatching(/equal/),
      details: { entries: [keyOf('twin'), keyOf('other')] },
    });
    expect(await entry('ada')).toMatchObject({ state: 'in-doubt', contactId: null });
    // Once they have their answers, nobody else can be told of it.
    const at = Date.now();
    await outbox.settle([
      { key: keyOf('twin'), state: 'rejected', errors: [], at },
      { key: keyOf('other'), state: 'rejected', errors: [], at },
    ]);
    const { settled } = await settle({ keys: ['ada'], as: id });
    expect(settled).toMatchObject([{ key: keyOf('ada'), state: 'done', contactId: id }]);
  });

  it('takes it beside entries of other values, and beside equal ones that have no key', async () => {
    const keyed = await inDoubt(['ada', 'bob'], { way: 'ui-api' });
    const id = await keyed.idOf('ada');
    expect((await keyed.settle({ keys: ['ada'], as: id })).settled).toMatchObject([{ contactId: id }]);
    const keyless = await inDoubt(['ada', 'twin'], { made: ['Ada'], lastName: 'Ada' });
    const own = await keyless.idOf('Ada');
    expect((await keyless.settle({ keys: ['ada'], as: own })).settled).toMatchObject([{ contactId: own }]);
  });

  it('refuses one contact for several entries', async () => {
    const { settle, idOf } = await inDoubt(['ada', 'bob']);
    await expect(settle({ keys: ['ada', 'bob'], as: await idOf('ada') })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
    });
  });
});

describe('settle --not-sent', () => {
  it('lets entries be sent again as if they never were, without asking the org', async () => {
    const { settle, entry, parts } = await inDoubt(['ada', 'bob']);
    parts.openSession = () => Promise.reject(new Error('not asked'));
    const { settled } = await settle({ keys: ['ada'], notSent: true });
    expect(settled).toMatchObject([{ key: keyOf('ada'), state: 'pending' }]);
    expect(await entry('ada')).toMatchObject({ state: 'pending', sentAt: null, sentBy: null, doubt: null });
    expect(await entry('bob')).toMatchObject({ state: 'in-doubt' });
  });

  it('takes along what is refused of those that go with it, and says for which in doubt it waits', async () => {
    const { settle, entry, outbox } = await inDoubt(['ada', 'bob', 'cleo'], { atomicGroup: 'one' });
    await outbox.move([keyOf('cleo')], ['in-doubt'], 'pending', 0);
    await outbox.move([keyOf('cleo')], ['pending'], 'rejected', 0);
    const { settled, waitsFor } = await settle({ keys: ['ada'], notSent: true });
    expect(settled.map(({ key, state }) => [key, state])).toEqual([
      [keyOf('ada'), 'pending'],
      [keyOf('cleo'), 'pending'],
    ]);
    expect(waitsFor).toEqual([{ key: keyOf('bob'), state: 'in-doubt' }]);
    expect(await entry('bob')).toMatchObject({ state: 'in-doubt' });
    expect(await settle({ keys: ['bob'], notSent: true })).toMatchObject({ waitsFor: [] });
  });

  it('takes what a killed process has left as sent', async () => {
    const { settle, entry, outbox, parts } = await inDoubt(['ada']);
    await outbox.settle([{ key: keyOf('ada'), state: 'pending', errors: [], at: 0 }]);
    await outbox.markSent([keyOf('ada')], 'collection', parts.clock.now());
    await settle({ keys: ['ada'], notSent: true });
    expect(await entry('ada')).toMatchObject({ state: 'pending', sentAt: null });
  });

  it('refuses an entry that is in no doubt', async () => {
    const { settle, outbox } = await inDoubt(['ada']);
    await outbox.move([keyOf('ada')], ['in-doubt'], 'dropped', 0);
    await expect(settle({ keys: ['ada'], notSent: true })).rejects.toMatchObject({ code: 'UNKNOWN_ENTRY' });
  });

  it('waits for whoever is sending', async () => {
    const { settle, parts, entry } = await inDoubt(['ada']);
    const host = new URL(a.instanceUrl).host;
    const lease = await parts.leases.take(`outbox-${host}`, { purpose: 'push', above: 0 });
    expect(lease).not.toBeNull();
    let waiting = 0;
    const settling = settle({ keys: ['ada'], notSent: true }, () => void waiting++);
    await expect.poll(() => waiting).toBe(1);
    expect((await entry('ada')).state).toBe('in-doubt');
    await lease?.release();
    await settling;
    expect((await entry('ada')).state).toBe('pending');
  });

  it('says nothing of a request that left while it waited', async () => {
    const { settle, parts, entry, outbox } = await inDoubt(['ada', 'bob'], { made: [] });
    const host = new URL(a.instanceUrl).host;
    const lease = await parts.leases.take(`outbox-${host}`, { purpose: 'push', above: 0 });
    let waiting = 0;
    const settling = settle({ keys: ['ada', 'bob'], notSent: true }, () => void waiting++);
    await expect.poll(() => waiting).toBe(1);
    const key = keyOf('ada');
    await outbox.settle([{ key, state: 'pending', errors: [], at: 0, unsent: true }]);
    await outbox.markSent([key], 'collection', parts.clock.now(), start, org.userId);
    await outbox.settle([{ key, state: 'in-doubt', errors: [], at: 0 }]);
    await lease?.release();
    const { settled, inDoubt: left } = await settling;
    expect(settled).toMatchObject([{ key: keyOf('bob'), state: 'pending' }]);
    expect(left).toMatchObject([{ key, state: 'in-doubt', attempts: 2 }]);
    expect(await entry('ada')).toMatchObject({ state: 'in-doubt', sentAt: expect.any(Number) });
  });
});

describe('settle --not-sent of one whose request without an answer is waited for', () => {
  const updateOf = (name: string, n: number) => ({
    key: keyOf(name),
    op: 'update' as const,
    contactKey: `00300000000000${n}AAA`,
    contactId: `00300000000000${n}AAA`,
    changes: { Title: name },
    base: null,
    upsertField: null,
    allowDuplicates: false,
    atomicGroup: null,
    createdAt: 0,
    state: 'pending' as const,
  });

  /** Updates that were cut; the last one was not. A second change of the first one's contact waits behind it. */
  async function cutUpdates() {
    const made = await inDoubt([]);
    const { outbox } = made;
    const names = ['ada', 'bob', 'cleo'];
    await outbox.add(names.map(updateOf));
    await outbox.add([updateOf('after', 0)]);
    const keys = names.map(keyOf);
    await outbox.markSent(keys, 'collection', 0, start, org.userId);
    await outbox.settle(keys.slice(0, 2).map((key) => ({ key, state: 'in-doubt', errors: [], at: 0 })));
    await outbox.settle([{ key: keyOf('cleo'), state: 'done', contactId: 'c', created: false, at: 0 }]);
    const waited = async () => (await outbox.lostRequests()).map(({ entry: { key } }) => key);
    expect(await waited()).toEqual([keyOf('ada'), keyOf('bob')]);
    return { ...made, waited };
  }

  it.each(['done', 'rejected', 'dropped', 'conflict', 'pending'] as const)(
    'ends the wait, though the entry itself is %s, which it stays',
    async (state) => {
      const { settle, outbox, entry, waited, parts } = await cutUpdates();
      parts.openSession = () => Promise.reject(new Error('not asked'));
      await outbox.move([keyOf('ada')], ['in-doubt'], state, 0);
      const { settled, inDoubt: left, released } = await settle({ keys: ['ada'], notSent: true });
      expect(settled).toMatchObject([{ key: keyOf('ada'), state }]);
      expect([left, released]).toEqual([[], [keyOf('ada')]]);
      expect((await entry('ada')).state).toBe(state);
      expect(await waited()).toEqual([keyOf('bob')]);
      const { entry: shown } = await appOutbox(parts).show(
        { org: null, key: keyOf('after') },
        { signal, onEvent: () => {} },
      );
      expect(shown.waitsForRequestOf).toBeNull();
    },
  );

  it('lets one in doubt be sent again, and nothing wait for it', async () => {
    const { settle, waited } = await cutUpdates();
    const { settled, released } = await settle({ keys: ['ada', 'bob'], notSent: true });
    expect(settled.map(({ key, state }) => [key, state])).toEqual([
      [keyOf('ada'), 'pending'],
      [keyOf('bob'), 'pending'],
    ]);
    expect(released).toEqual([keyOf('ada'), keyOf('bob')]);
    expect(await waited()).toEqual([]);
  });

  it('ends no wait for a request that left while it waited itself', async () => {
    const { settle, outbox, waited, parts } = await cutUpdates();
    const host = new URL(a.instanceUrl).host;
    const lease = await parts.leases.take(`outbox-${host}`, { purpose: 'push', above: 0 });
    let waiting = 0;
    const settling = settle({ keys: ['ada'], notSent: true }, () => void waiting++);
    await expect.poll(() => waiting).toBe(1);
    const key = keyOf('ada');
    await outbox.settle([{ key, state: 'pending', errors: [], at: 0 }]);
    await outbox.markSent([key], 'collection', 0, start, org.userId);
    await outbox.settle([{ key, state: 'in-doubt', errors: [], at: 0 }]);
    await lease?.release();
    const { settled, inDoubt: left, released } = await settling;
    expect([settled, released]).toEqual([[], []]);
    expect(left).toMatchObject([{ key }]);
    expect(await waited()).toEqual([key, keyOf('bob')]);
  });

  it('refuses one that nothing waits for, and ends no wait of others then', async () => {
    const { settle, outbox, waited } = await cutUpdates();
    await outbox.move([keyOf('ada')], ['in-doubt'], 'done', 0);
    await expect(settle({ keys: ['ada', 'cleo'], notSent: true })).rejects.toMatchObject({
      code: 'UNKNOWN_ENTRY',
    });
    await expect(settle({ keys: [''], notSent: true })).rejects.toMatchObject({
      message: expect.stringContaining('means several entries'),
    });
    expect(await waited()).toEqual([keyOf('ada'), keyOf('bob')]);
  });
});

import { describe, expect, it } from 'vitest';
import { backfill } from '../../src/sync/backfill/backfill.ts';
import { runCycle } from '../../src/sync/cycle/cycle.ts';
import type { NewOutboxEntry } from '../../src/sync/ports/outbox-entry.ts';
import { contactsOf, control } from '../e2e/org.ts';
import { pushAll, recordsOf } from './push-all.ts';
import { openRig, type Rig } from './rig.ts';

const extId = 'ParaHack_Id__c';

async function copied(contacts = 3): Promise<Rig> {
  const rig = await openRig({ contacts });
  expect((await backfill(rig.context, { api: 'rest', signal: rig.signal })).error).toBeNull();
  return rig;
}

/** Puts records into the outbox without sending them. */
function queue(rig: Rig, records: Record<string, unknown>[], upsertField: string | null = null) {
  return pushAll(rig.context, recordsOf(records), {
    upsertField,
    queue: true,
    allowMixed: true,
    allowDamaged: false,
    decimal: null,
    signal: rig.signal,
  });
}

const cycle = (rig: Rig) => runCycle(rig.context, { push: true, signal: rig.signal });
const statesOf = async (rig: Rig) => (await rig.context.mirror.outbox.list()).map(({ state }) => state);
const withExtId = async (rig: Rig, value: string) =>
  (await contactsOf(rig.emulator.url)).filter((c) => String(c[extId]).toLowerCase() === value.toLowerCase());
const updatesAreLocked = { match: 'PATCH .*/composite/sobjects', times: 99, status: 500 };

describe('one contact’s changes are sent in their order', () => {
  it('where two upserts name it by one external id value, in whatever case', async () => {
    await using rig = await copied();
    await queue(rig, [{ [extId]: 'NEW-1', LastName: 'First', Title: 'Kept' }], extId);
    await queue(rig, [{ [extId]: 'new-1', LastName: 'Second' }], extId);
    const { push: pushed } = await cycle(rig);
    expect(pushed).toMatchObject({ pushed: 2, rejected: 0, unsent: 0 });
    expect(await statesOf(rig)).toEqual(['done', 'done']);
    expect(await withExtId(rig, 'new-1')).toMatchObject([{ LastName: 'Second', Title: 'Kept' }]);
  });

  it('where a number is written in two ways', async () => {
    await using rig = await copied();
    await control(rig.emulator.url, 'settings', {
      addFields: [
        { name: 'Number__c', type: 'double', externalId: true, unique: true, precision: 18, scale: 0 },
      ],
    });
    await queue(rig, [{ Number__c: 1000, LastName: 'First' }], 'Number__c');
    const entries = await rig.context.mirror.outbox.list();
    await rig.context.mirror.outbox.add([
      {
        ...entries[0]!,
        key: 'b',
        contactKey: 'b',
        changes: { Number__c: '1e3', LastName: 'Second' },
        state: 'pending',
      },
    ]);
    await cycle(rig);
    const made = (await contactsOf(rig.emulator.url)).filter(({ Number__c }) => Number__c === 1000);
    expect(made).toMatchObject([{ LastName: 'Second' }]);
  });

  it('where a create is followed by an upsert of its external id', async () => {
    await using rig = await copied();
    await queue(rig, [{ [extId]: 'new-2', LastName: 'Made' }]);
    await queue(rig, [{ [extId]: 'NEW-2', LastName: 'Renamed' }], extId);
    await cycle(rig);
    expect(await statesOf(rig)).toEqual(['done', 'done']);
    expect(await withExtId(rig, 'new-2')).toMatchObject([{ LastName: 'Renamed' }]);
  });

  it('where an upsert that cannot be sent is followed by an update of the same contact by its Id', async () => {
    await using rig = await copied();
    const { url } = rig.emulator;
    const [contact] = await contactsOf(url);
    await control(url, 'faults', [{ ...updatesAreLocked, match: 'PATCH .*/composite/sobjects/Contact/' }]);
    await queue(rig, [{ [extId]: contact?.[extId], LastName: 'By upsert' }], extId);
    await queue(rig, [{ Id: contact?.Id, LastName: 'By Id' }, { LastName: 'Another' }]);
    expect((await cycle(rig)).push).toMatchObject({ pushed: 1, unsent: 1, inDoubt: 1 });
    expect(await statesOf(rig)).toEqual(['in-doubt', 'pending', 'done']);
    await control(url, 'faults', []);
    await cycle(rig);
    // What was cut may still be carried out, and would undo what is sent now.
    expect(await statesOf(rig)).toEqual(['done', 'pending', 'done']);
    rig.pass(3 * 60_000);
    await cycle(rig);
    expect(await statesOf(rig)).toEqual(['done', 'done', 'done']);
    expect(await withExtId(rig, String(contact?.[extId]))).toMatchObject([{ LastName: 'By Id' }]);
  });

  it.each(['held', 'conflict'] as const)(
    'where a later change is %s: an earlier one of that contact waits for nothing',
    async (state) => {
      await using rig = await copied(1);
      const [contact] = await contactsOf(rig.emulator.url);
      await queue(rig, [{ Id: contact?.Id, Title: 'Earlier' }]);
      await queue(rig, [{ Id: contact?.Id, Title: 'Later' }]);
      const later = (await rig.context.mirror.outbox.list())[1];
      await rig.context.mirror.outbox.move([later!.key], ['pending'], state, 0);
      expect((await cycle(rig)).push).toMatchObject({ pushed: 1, unsent: 0 });
      expect(await statesOf(rig)).toEqual(['done', state]);
    },
  );

  it('where an earlier change is held: what follows of that contact waits, and nothing else', async () => {
    await using rig = await copied(3);
    const ids = (await contactsOf(rig.emulator.url)).map(({ Id }) => String(Id));
    const [entry] = await queued(rig, [{ Id: ids[0], Title: 'Held' }]);
    await rig.context.mirror.outbox.move([entry!.key], ['pending'], 'held', 0);
    await queue(rig, [
      { Id: ids[0]?.slice(0, 15), Title: 'Behind' },
      { Id: ids[1], Title: 'Free' },
    ]);
    expect((await cycle(rig)).push).toMatchObject({
      pushed: 1,
      unsent: 1,
      behind: { conflict: 0, held: 1, 'in-doubt': 0 },
    });
    expect(await statesOf(rig)).toEqual(['held', 'pending', 'done']);
    await rig.context.mirror.outbox.move([entry!.key], ['held'], 'pending', 0);
    await cycle(rig);
    expect(await statesOf(rig)).toEqual(['done', 'done', 'done']);
    const titles = new Map((await contactsOf(rig.emulator.url)).map(({ Id, Title }) => [Id, Title]));
    expect(titles.get(ids[0])).toBe('Behind');
  });

  it('and a group of which one contact must wait goes out together or not at all', async () => {
    await using rig = await copied(3);
    const ids = (await contactsOf(rig.emulator.url)).map(({ Id }) => String(Id));
    const [held, first, second] = await queued(rig, [
      { Id: ids[0], Title: 'Held' },
      { Id: ids[0], Title: 'In the group' },
      { Id: ids[1], Title: 'In the group' },
    ]);
    const { outbox } = rig.context.mirror;
    await outbox.move([held!.key, first!.key, second!.key], ['pending'], 'dropped', 0);
    const again = (
      entry: typeof held,
      more: Pick<NewOutboxEntry, 'key' | 'state'> & { atomicGroup?: string },
    ) => ({
      ...entry!,
      ...more,
    });
    await outbox.add([
      again(held, { key: 'h', state: 'held' }),
      again(first, { key: 'a', state: 'pending', atomicGroup: 'g' }),
      again(second, { key: 'b', state: 'pending', atomicGroup: 'g' }),
    ]);
    await cycle(rig);
    expect((await outbox.list({ keys: ['h', 'a', 'b'] })).map(({ state }) => state)).toEqual([
      'held',
      'pending',
      'pending',
    ]);
  });
});

describe('a unique value that a contact gives up goes to what asks for it behind', () => {
  const id = (contact: Record<string, unknown> | undefined) => String(contact?.Id);
  const value = (contact: Record<string, unknown> | undefined) => String(contact?.[extId]);
  /** What gives the value up meets a locked row at first: whatever does not wait for it comes before. */
  const isLockedOnce = (rig: Rig, method = '(PATCH|DELETE)') => {
    const errors = [{ statusCode: 'UNABLE_TO_LOCK_ROW', message: 'It is locked.', fields: [] }];
    const answer = { status: 200, headers: { 'content-type': 'application/json' } };
    const body = JSON.stringify([{ success: false, errors }]);
    return control(rig.emulator.url, 'faults', [
      { match: `${method} .*/composite/sobjects`, times: 1, ...answer, body },
    ]);
  };

  it.each([
    ['a deletion', (contact: Record<string, unknown>) => ({ Id: id(contact), IsDeleted: true })],
    ['an update that clears it', (contact: Record<string, unknown>) => ({ Id: id(contact), [extId]: null })],
    ['an update to another', (contact: Record<string, unknown>) => ({ Id: id(contact), [extId]: 'other' })],
  ])('%s', async (_by, giving) => {
    await using rig = await copied();
    const [first] = await contactsOf(rig.emulator.url);
    await queue(rig, [giving(first!)]);
    await queue(rig, [{ [extId]: value(first).toLowerCase(), LastName: 'Taker' }]);
    await isLockedOnce(rig);
    expect((await cycle(rig)).push).toMatchObject({ pushed: 2, rejected: 0, unsent: 0 });
    expect(await withExtId(rig, value(first))).toMatchObject([{ LastName: 'Taker' }]);
  });

  it('an update takes it as well', async () => {
    await using rig = await copied();
    const [first, second] = await contactsOf(rig.emulator.url);
    await queue(rig, [{ Id: id(first), IsDeleted: true }]);
    await queue(rig, [{ Id: id(second), [extId]: value(first) }]);
    await isLockedOnce(rig);
    expect((await cycle(rig)).push).toMatchObject({ pushed: 2, rejected: 0, unsent: 0 });
    expect(await withExtId(rig, value(first))).toMatchObject([{ Id: second?.Id }]);
  });

  it('a number, in a unique field that is no external id, of an upsert of a contact that is known', async () => {
    await using rig = await copied();
    const { url } = rig.emulator;
    await control(url, 'settings', {
      addFields: [{ name: 'Seat__c', type: 'double', unique: true, precision: 18, scale: 0 }],
    });
    const [first] = await contactsOf(url);
    await queue(rig, [{ Id: id(first), Seat__c: 1000 }]);
    await cycle(rig);
    rig.pass(120_000);
    await cycle(rig);
    await queue(rig, [{ [extId]: value(first), Seat__c: null }], extId);
    await queue(rig, [{ Seat__c: '1e3', LastName: 'Taker' }]);
    await isLockedOnce(rig);
    expect((await cycle(rig)).push).toMatchObject({ pushed: 2, rejected: 0 });
    expect((await contactsOf(url)).filter(({ Seat__c }) => Seat__c === 1000)).toMatchObject([
      { LastName: 'Taker' },
    ]);
  });

  it('although it was given in the same page, and the mirror has not read it', async () => {
    await using rig = await copied();
    const [first] = await contactsOf(rig.emulator.url);
    await queue(rig, [{ Id: id(first), [extId]: 'short' }]);
    await queue(rig, [{ Id: id(first), IsDeleted: true }]);
    await queue(rig, [{ [extId]: 'short', LastName: 'Taker' }]);
    await isLockedOnce(rig, 'DELETE');
    expect((await cycle(rig)).push).toMatchObject({ pushed: 3, rejected: 0 });
    expect(await withExtId(rig, 'short')).toMatchObject([{ LastName: 'Taker' }]);
  });

  it('although it was written before and not read back yet', async () => {
    await using rig = await copied();
    const { url } = rig.emulator;
    const [first] = await contactsOf(url);
    await queue(rig, [{ Id: id(first), [extId]: 'unread' }]);
    await control(url, 'faults', [{ match: 'POST .*/composite/sobjects/Contact$', times: 99, status: 503 }]);
    await cycle(rig);
    expect(await rig.context.mirror.outbox.readBackDue(9)).toHaveLength(1);
    await queue(rig, [{ Id: id(first), IsDeleted: true }]);
    await isLockedOnce(rig);
    // No cycle, which would pull first.
    const taker = recordsOf([{ [extId]: 'unread', LastName: 'Taker' }]);
    await pushAll(rig.context, taker, { signal: rig.signal });
    expect(await withExtId(rig, 'unread')).toMatchObject([{ LastName: 'Taker' }]);
  });

  it('by ingest jobs, of which the largest goes first', async () => {
    await using rig = await copied();
    const [first] = await contactsOf(rig.emulator.url);
    const how = { queue: true, api: 'bulk' as const, signal: rig.signal };
    await pushAll(rig.context, recordsOf([{ Id: id(first), IsDeleted: true }]), how);
    const takers = [{ [extId]: value(first), LastName: 'Taker' }, { LastName: 'Another' }];
    await pushAll(rig.context, recordsOf(takers), how);
    expect((await cycle(rig)).push).toMatchObject({ pushed: 3, rejected: 0 });
    expect(await withExtId(rig, value(first))).toMatchObject([{ LastName: 'Taker' }]);
  });

  it('and waits for it while it may be carried out, and not once it was surely refused', async () => {
    await using rig = await copied();
    const { url } = rig.emulator;
    const [first] = await contactsOf(url);
    await control(url, 'faults', [{ match: 'DELETE .*/composite/sobjects', times: 99, status: 500 }]);
    await queue(rig, [{ Id: id(first), IsDeleted: true }]);
    await queue(rig, [{ [extId]: value(first), LastName: 'Taker' }]);
    await cycle(rig);
    expect(await statesOf(rig)).toEqual(['in-doubt', 'pending']);
    const errors = [{ statusCode: 'DELETE_FAILED', message: 'It has cases.', fields: [] }];
    const body = JSON.stringify([{ id: first?.Id, success: false, errors }]);
    const headers = { 'content-type': 'application/json' };
    await control(url, 'faults', [
      { match: 'DELETE .*/composite/sobjects', times: 2, status: 200, headers, body },
    ]);
    await cycle(rig);
    expect(await statesOf(rig)).toEqual(['in-doubt', 'pending']);
    rig.pass(3 * 60_000);
    await cycle(rig);
    const [deletion, creation] = await rig.context.mirror.outbox.list();
    expect(deletion).toMatchObject({ state: 'rejected' });
    expect(creation).toMatchObject({ state: 'rejected', errors: [{ code: 'DUPLICATE_VALUE' }] });
  });
});

async function queued(rig: Rig, records: Record<string, unknown>[]) {
  return (await queue(rig, records)).entries.map(({ entry }) => entry);
}

describe('a long outbox', () => {
  it('of 19,000 entries behind a long history is sent in pages, each read once', async () => {
    await using rig = await copied(1);
    const { outbox } = rig.context.mirror;
    const list = outbox.list.bind(outbox);
    const asked: number[] = [];
    outbox.list = async (filter) => {
      const entries = await list(filter);
      asked.push(entries.length);
      return entries;
    };
    const entry = (n: number) => ({
      key: `key-${n}`,
      op: 'create' as const,
      contactKey: `key-${n}`,
      contactId: null,
      changes: { LastName: `Many ${n}` },
      base: null,
      upsertField: null,
      allowDuplicates: false,
      atomicGroup: null,
      createdAt: 0,
      state: 'pending' as const,
    });
    // As many as go by collections; more go by a job.
    await outbox.add(Array.from({ length: 19_000 }, (_, n) => entry(n)));
    expect((await cycle(rig)).push).toMatchObject({ pushed: 19_000, error: null });
    expect(Math.max(...asked)).toBeLessThanOrEqual(2_000);
    expect(asked.reduce((sum, n) => sum + n, 0)).toBeLessThan(20_000);
  });
});

describe('a record behind a change of its contact that waits for a person', () => {
  it.each(['conflict', 'held', 'in-doubt'] as const)(
    'is counted as behind one in state %s',
    async (state) => {
      await using rig = await copied();
      const [, second] = await contactsOf(rig.emulator.url);
      // Of an upsert in doubt the contact is read; nothing tells of a create that nobody is known to have sent.
      const field = state === 'in-doubt' ? undefined : extId;
      await queue(rig, [{ [extId]: 'behind-1', LastName: 'First' }], field);
      const { outbox } = rig.context.mirror;
      const [before] = await outbox.list();
      await outbox.move([before!.key], ['pending'], state, 0);
      const report = await pushAll(
        rig.context,
        recordsOf([
          { [extId]: 'behind-1', LastName: 'Second' },
          { [extId]: second?.[extId], LastName: 'Sent' },
        ]),
        { upsertField: extId, signal: rig.signal },
      );
      const none = { conflict: 0, held: 0, 'in-doubt': 0 };
      expect(report).toMatchObject({ behind: { ...none, [state]: 1 }, stopped: null });
      expect(await statesOf(rig)).toEqual([state, 'pending', 'done']);
    },
  );
});

import { describe, expect, it } from 'vitest';
import { runCycle } from '../../src/sync/cycle/cycle.ts';
import { openMakers } from '../../src/sync/push/entry/open-makers.ts';
import { freshDoubt } from '../../src/sync/push/settle/fresh-doubt.ts';
import { settleAs } from '../../src/sync/push/settle/settle-as.ts';
import { control } from '../e2e/org.ts';
import { type TwoWayRig, twoWay } from './two-way-rig.ts';

const creates = 'POST .*/ui-api/records$';
const minute = 60_000;

async function pull({ rig: { context, signal, pass } }: TwoWayRig): Promise<void> {
  pass(2_000);
  await runCycle(context, { push: false, signal });
}

/** A creation with the key `k` whose answer was lost. */
async function lost(two: TwoWayRig, fault: object): Promise<void> {
  const { url } = two.rig.emulator;
  await control(url, 'faults', [{ match: creates, times: 99, ...fault }]);
  two.sql("INSERT INTO contacts (_key, LastName, Phone) VALUES ('k', 'Ng', '1')");
  await two.cycle();
  expect(await two.states()).toEqual(['in-doubt']);
}

/** A creation in doubt, whose contact a pull has brought as a row of its own; its Id. */
async function brought(two: TwoWayRig): Promise<string> {
  await lost(two, { reset: 'after-commit' });
  const [id] = [...(await two.org())].flatMap(([one, row]) => (row.LastName === 'Ng' ? [one] : []));
  await pull(two);
  expect(
    two
      .rows("LastName = 'Ng'")
      .map(({ _key }) => _key)
      .toSorted(),
  ).toEqual([id, 'k'].toSorted());
  return id!;
}

/** Edits and deletes, each by the Id or by the key; every edit gives the title the next number. */
function edit(two: TwoWayRig, id: string, by: string): void {
  for (const [at, one] of by.split(' ').entries()) {
    const key = one.endsWith('id') ? id : 'k';
    if (one.startsWith('delete')) two.sql('DELETE FROM contacts WHERE _key = ?', key);
    else two.sql('UPDATE contacts SET Title = ? WHERE _key = ?', `T${at}`, key);
  }
}

/** The org answers again, and time passes until the doubt is settled. */
async function settle(two: TwoWayRig): Promise<void> {
  await control(two.rig.emulator.url, 'faults', []);
  for (let n = 0; n < 2; n++) {
    two.rig.pass(3 * minute);
    await two.cycle();
  }
}

const open = async (two: TwoWayRig) =>
  (await two.rig.context.mirror.outbox.list()).filter(
    ({ op, state }) => op !== 'create' && state !== 'dropped',
  );

async function endsWithTheLast(by: string): Promise<void> {
  await using two = await twoWay();
  const id = await brought(two);
  edit(two, id, by);
  await settle(two);
  const last = { Id: id, Title: `T${by.split(' ').length - 1}` };
  expect((await two.org()).get(id)).toMatchObject(last);
  expect(two.rows("LastName = 'Ng'")).toMatchObject([{ ...last, _key: 'k', _state: 'synced' }]);
  expect(await two.notes()).toEqual([]);
}

/** One that a pull has brought is edited by its key, and another one that a user then merges into it. Returns the first one's Id. */
async function editedBesideMerged(two: TwoWayRig): Promise<string> {
  const [other] = two.ids;
  await two.theirs('touch', { ids: [other], set: { Title: 'Before' } });
  two.rig.pass(3 * minute);
  await two.cycle();
  const id = await brought(two);
  two.sql("UPDATE contacts SET Title = 'Its own' WHERE _key = 'k'");
  two.sql("UPDATE contacts SET Title = 'Of the other' WHERE Id = ?", other);
  await two.theirs('merge', { master: id, losers: [other] });
  two.rig.pass(minute);
  await two.cycle();
  return id;
}

describe('a contact whose creation is in doubt, and that a pull has brought', () => {
  it.each(['id key', 'key id', 'id key id', 'key id key', 'id id key key id'])(
    'is edited by its Id and by its key, and the last edit stays: %s',
    (by) => endsWithTheLast(by),
  );

  it.each([
    'id delete-key',
    'key delete-id',
    'id key delete-id',
    'delete-id delete-key',
    'delete-key delete-id',
    'delete-id',
    'delete-key',
  ])('is deleted behind all edits: %s', async (by) => {
    await using two = await twoWay();
    const id = await brought(two);
    edit(two, id, by);
    await settle(two);
    expect((await two.org()).has(id)).toBe(false);
    expect(two.rows("LastName = 'Ng'")).toEqual([]);
    expect(await two.notes()).toEqual([]);
    expect(await open(two)).toMatchObject([{ op: 'delete', state: 'done' }]);
  });

  it.each(['delete-key id', 'delete-id key', 'key delete-id key', 'id delete-key id'])(
    'is not deleted where it was edited by its other name since: %s',
    (by) => endsWithTheLast(by),
  );

  it.each(['id key', 'key id', 'id key delete-id'])(
    'waits in every drain for its creation: %s',
    async (by) => {
      await using two = await twoWay();
      const id = await brought(two);
      for (const one of by.split(' ')) {
        edit(two, id, one);
        await two.cycle();
      }
      expect((await two.org()).get(id)).toMatchObject({ Title: null });
      expect(new Set((await open(two)).map(({ state }) => state))).toEqual(new Set(['pending']));
      await settle(two);
      expect((await two.org()).has(id)).toBe(!by.includes('delete'));
      expect(await two.notes()).toEqual([]);
    },
  );

  it.each([
    ['salesforce-wins', 'dropped'],
    ['local-wins', 'done'],
    ['manual', 'conflict'],
  ] as const)(
    'is edited beside a contact that is merged into it, and both edits are told: %s',
    async (policy, state) => {
      await using two = await twoWay(policy);
      await editedBesideMerged(two);
      await settle(two);
      const [own, others] = [{ Title: 'Its own' }, { Title: 'Of the other' }];
      const ofEdits = (await two.rig.context.mirror.outbox.list()).filter(({ op }) => op === 'update');
      expect(ofEdits).toMatchObject([
        { state: 'done', changes: own },
        { state, changes: others },
      ]);
      expect(await two.notes()).toEqual([expect.stringContaining('"Of the other"')]);
    },
  );

  it('is edited beside one that is merged into it, whose conflict is decided first, and neither edit takes the place of the other', async () => {
    await using two = await twoWay('manual');
    const { outbox } = two.rig.context.mirror;
    const id = await editedBesideMerged(two);
    const keys = (await outbox.list({ states: ['conflict'] })).map(({ key }) => key);
    expect(await outbox.move(keys, ['conflict'], 'pending', 0)).toHaveLength(1);
    await settle(two);
    const ofEdits = (await outbox.list()).filter(({ op }) => op === 'update');
    expect(ofEdits.map(({ changes, state }) => [changes.Title, state])).toEqual([
      ['Its own', 'done'],
      ['Of the other', 'done'],
    ]);
    expect((await two.org()).get(id)).toMatchObject({ Title: 'Of the other' });
  });

  it('waits for its creation where another one behind it is in doubt too, and is asked for again', async () => {
    // An org that takes no keys: the first goes by a collection, and only time settles it.
    await using two = await twoWay();
    const { url } = two.rig.emulator;
    await control(url, 'settings', { idempotency: false });
    await control(url, 'faults', [{ match: 'POST .*/composite/sobjects$', times: 1, reset: 'after-commit' }]);
    two.sql("INSERT INTO contacts (_key, LastName) VALUES ('k', 'Ng')");
    await two.cycle();
    expect(await two.states()).toEqual(['in-doubt']);
    const [id] = [...(await two.org())].flatMap(([one, row]) => (row.LastName === 'Ng' ? [one] : []));
    await pull(two);
    edit(two, id!, 'id');
    // Its key is asked for again by each drain, and until it is answered nothing is said of the first.
    await control(url, 'faults', [{ match: creates, times: 99, reset: 'before' }]);
    two.sql("INSERT INTO contacts (_key, LastName) VALUES ('later', 'Li')");
    await two.cycle();
    two.rig.pass(3 * minute);
    await two.cycle();
    two.rig.pass(3 * minute);
    await two.cycle();
    expect((await two.org()).get(id!)).toMatchObject({ Title: null });
    edit(two, id!, 'key');
    await settle(two);
    await settle(two);
    expect((await two.org()).get(id!)).toMatchObject({ Title: 'T0' });
    expect(two.rows("LastName = 'Ng'")).toMatchObject([{ Id: id, _key: 'k', Title: 'T0', _state: 'synced' }]);
    expect(await two.notes()).toEqual([]);
  });

  it.each(['key id key', 'id key id key', 'key id key id', 'key id id key'])(
    'keeps its edits in their order where a person has said that it was not sent, and it was: %s',
    async (by) => {
      await using two = await twoWay();
      const id = await brought(two);
      const names = by.split(' ');
      edit(two, id, names.slice(0, 2).join(' '));
      const { outbox } = two.rig.context.mirror;
      const [creation] = await outbox.list({ states: ['in-doubt'] });
      await outbox.move([creation!.key], ['in-doubt'], 'pending', two.rig.context.clock.now());
      for (const [at, one] of names.entries())
        if (at >= 2)
          two.sql('UPDATE contacts SET Title = ? WHERE _key = ?', `T${at}`, one === 'id' ? id : 'k');
      const last = `T${names.length - 1}`;
      expect((await open(two)).at(-1)).toMatchObject({
        contactKey: names.at(-1) === 'id' ? id : 'k',
        changes: { Title: last },
      });
      await settle(two);
      expect((await two.org()).get(id)).toMatchObject({ Title: last });
      expect(two.rows("LastName = 'Ng'")).toMatchObject([
        { Id: id, _key: 'k', Title: last, _state: 'synced' },
      ]);
      expect(await two.notes()).toEqual([]);
    },
  );

  it('keeps every edit to its place, and sends what was edited in a row as one', async () => {
    await using two = await twoWay();
    const id = await brought(two);
    const given = (await two.org()).get(id)!.OwnerId;
    const owner = [...(await two.org()).values()].map(({ OwnerId }) => OwnerId).find((one) => one !== given);
    expect(owner).toBeDefined();
    two.sql("UPDATE contacts SET Title = 'A', Department = 'A' WHERE _key = ?", id);
    two.sql("UPDATE contacts SET Department = 'B', OwnerId = ? WHERE _key = 'k'", owner);
    two.sql("UPDATE contacts SET Title = 'C' WHERE _key = ?", id);
    await settle(two);
    expect((await two.org()).get(id)).toMatchObject({ Title: 'C', Department: 'B', OwnerId: owner });
    expect(await open(two)).toHaveLength(1);
    expect(await two.notes()).toEqual([]);
  });

  it('is edited over what somebody has changed in Salesforce and a pull has shown', async () => {
    await using two = await twoWay();
    const id = await brought(two);
    two.rig.pass(minute);
    await two.theirs('touch', { ids: [id], set: { Phone: '3', Title: 'Theirs' } });
    await pull(two);
    two.sql("UPDATE contacts SET Phone = '4' WHERE _key = ?", id);
    two.sql("UPDATE contacts SET Title = 'Unseen' WHERE _key = 'k'");
    await settle(two);
    expect((await two.org()).get(id)).toMatchObject({ Phone: '4', Title: 'Theirs' });
    expect(await two.notes()).toEqual([
      expect.stringContaining('"Unseen" from here is dropped for "Theirs"'),
    ]);
  });

  it('waits with what a push writes to it, in its order', async () => {
    await using two = await twoWay();
    const id = await brought(two);
    two.sql("UPDATE contacts SET Title = 'Before' WHERE _key = 'k'");
    await two.rig.context.mirror.outbox.add([
      {
        key: 'c0ffee00-beef-4000-8000-000000000001',
        op: 'update',
        contactKey: id,
        contactId: id,
        changes: { Title: 'Pushed' },
        base: null,
        upsertField: null,
        allowDuplicates: false,
        atomicGroup: null,
        createdAt: 0,
        state: 'pending',
      },
    ]);
    await two.cycle();
    expect((await two.org()).get(id)).toMatchObject({ Title: null });
    await settle(two);
    expect((await two.org()).get(id)).toMatchObject({ Title: 'Pushed' });
    expect(await two.notes()).toEqual([]);
  });
});

describe('what a creation in doubt has not made', () => {
  it('is edited by its Id without it: the creation was not made', async () => {
    await using two = await twoWay();
    await lost(two, { reset: 'before' });
    const { context, signal } = two.rig;
    await context.records.writes.createMany([{ LastName: 'Ng', Title: 'Stranger' }], { signal });
    await pull(two);
    const [stranger] = two.rows("Title = 'Stranger'").map(({ Id }) => String(Id));
    edit(two, stranger!, 'id key id');
    await settle(two);
    expect((await two.org()).get(stranger!)).toMatchObject({ Title: 'T2' });
    const rows = two.rows("LastName = 'Ng' ORDER BY Title");
    expect(rows).toMatchObject([
      { _key: 'k', Title: 'T1', _state: 'synced' },
      { _key: stranger, Title: 'T2', _state: 'synced' },
    ]);
    expect(await two.notes()).toEqual([]);
  });

  it('is settled as by a person though another user has made it: what was sent meanwhile is told, where it meets', async () => {
    await using two = await twoWay();
    await lost(two, { reset: 'before' });
    const { context, signal, emulator } = two.rig;
    const { ids } = await control(emulator.url, 'contacts', { count: 1 });
    await control(emulator.url, 'touch', { ids, set: { LastName: 'Ng' } });
    await pull(two);
    const id = String(ids[0]);
    two.sql("UPDATE contacts SET Title = 'Sent', Phone = '2' WHERE _key = ?", id);
    await two.cycle();
    expect((await two.org()).get(id)).toMatchObject({ Title: 'Sent', Phone: '2' });
    two.sql("UPDATE contacts SET Title = 'Later' WHERE _key = 'k'");
    const [entry] = await context.mirror.outbox.list({ states: ['in-doubt'] });
    await settleAs(context, entry!, id, { signal });
    await settle(two);
    expect(two.rows("LastName = 'Ng'")).toMatchObject([
      { _key: 'k', Id: id, Title: 'Sent', _state: 'synced' },
    ]);
    expect(await two.notes()).toEqual([expect.stringContaining('"Later" from here is dropped for "Sent"')]);
  });

  it('is not known where the time of the creation is not: the edits by the Id go their way', async () => {
    await using two = await twoWay();
    const id = await brought(two);
    const { context, signal } = two.rig;
    const { outbox } = context.mirror;
    const [entry] = await outbox.list();
    // As of one whose key Salesforce has forgotten: its sending was long ago, and the clock of the org was set back since.
    const doubt = { ...freshDoubt({ askedAt: null }), isTimeUnsure: true };
    await outbox.noteDoubts([{ key: entry!.key, doubt }]);
    two.sql("UPDATE contacts SET Title = 'Sent' WHERE _key = ?", id);
    expect(await openMakers(context.mirror, new Set([id]))).toEqual(new Map());
    await settleAs(context, entry!, id, { signal });
    await settle(two);
    expect((await two.org()).get(id)).toMatchObject({ Title: 'Sent' });
    expect(await two.notes()).toEqual([]);
  });
});

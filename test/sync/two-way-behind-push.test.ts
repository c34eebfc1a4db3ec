import { describe, expect, it } from 'vitest';
import { conflictPolicies } from '../../src/org/conflict-policy.ts';
import { runCycle } from '../../src/sync/cycle/cycle.ts';
import type { PushJob } from '../../src/sync/push/push-job.ts';
import { retrieveIds } from '../../src/sync/read/by-ids.ts';
import { readableFields } from '../../src/sync/schema.ts';
import { control } from '../e2e/org.ts';
import { pushAll, recordsOf } from './push-all.ts';
import { readings, type TwoWayRig, twoWay } from './two-way-rig.ts';

const key = 'ParaHack_Id__c';

const queued = ({ rig }: TwoWayRig, record: Record<string, unknown>, upsertField: string | null = null) =>
  pushAll(rig.context, recordsOf([record]), { signal: rig.signal, queue: true, upsertField });

describe('an edit by SQL behind a push that waits', () => {
  it.each([
    ['by its Id', 'Id'],
    ['as an upsert', key],
  ])('of its contact %s stays behind it, though an earlier edit waits too', async (_, by) => {
    await using two = await twoWay();
    const [id] = two.ids;
    await two.theirs('touch', { ids: [id], set: { [key]: 'X1' } });
    two.rig.pass(180_000);
    await two.cycle();
    two.sql('UPDATE contacts SET Title = ? WHERE Id = ?', 'First', id);
    if (by === 'Id') await queued(two, { Id: id, Title: 'Pushed' });
    else await queued(two, { [key]: 'X1', LastName: 'Ng', Title: 'Pushed' }, key);
    two.sql('UPDATE contacts SET Title = ? WHERE Id = ?', 'Last', id);
    two.sql('UPDATE contacts SET Title = ?, Department = ? WHERE Id = ?', 'Very last', 'D', id);
    // The two behind the push are one.
    expect(await two.states()).toEqual(['pending', 'pending', 'pending']);
    for (let drains = 0; drains < 4; drains++) await two.cycle();
    expect(await two.states()).toEqual(['done', 'done', 'done']);
    expect((await two.org()).get(id!)).toMatchObject({ Title: 'Very last', Department: 'D' });
    expect(two.rows('Id = ?', id)).toMatchObject([{ Title: 'Very last', _state: 'synced' }]);
    expect(await two.notes()).toEqual([]);
  });

  it('of a contact that waits to be made stays behind it too', async () => {
    await using two = await twoWay();
    two.sql(`INSERT INTO contacts (_key, LastName, Title, ${key}) VALUES ('k', 'Ng', 'First', 'X1')`);
    await queued(two, { [key]: 'X1', LastName: 'Ng', Title: 'Pushed' }, key);
    two.sql("UPDATE contacts SET Title = 'Last' WHERE _key = 'k'");
    for (let drains = 0; drains < 4; drains++) await two.cycle();
    expect(await two.states()).toEqual(['done', 'done', 'done']);
    expect(two.rows("_key = 'k'")).toMatchObject([{ Title: 'Last', _state: 'synced' }]);
    expect([...(await two.org()).values()].filter(({ LastName }) => LastName === 'Ng')).toMatchObject([
      { Title: 'Last' },
    ]);
    expect(await two.notes()).toEqual([]);
  });

  it('goes into the one before where no push waits', async () => {
    await using two = await twoWay();
    const [id] = two.ids;
    await pushAll(two.rig.context, recordsOf([{ Id: id, Title: 'Pushed' }]), { signal: two.rig.signal });
    two.sql('UPDATE contacts SET Title = ? WHERE Id = ?', 'First', id);
    two.sql('UPDATE contacts SET Title = ? WHERE Id = ?', 'Last', id);
    expect(await two.states()).toEqual(['done', 'pending']);
  });
});

describe('an edit by SQL behind a push that was answered and is not read back yet', () => {
  /** A push to its end whose contacts could not be read back. */
  async function unread(two: TwoWayRig, record: Record<string, unknown>, more: Partial<PushJob> = {}) {
    const { emulator, context, signal } = two.rig;
    await control(emulator.url, 'faults', [{ match: readings, status: 503, times: 99 }]);
    await pushAll(context, recordsOf([record]), { signal, ...more });
    await control(emulator.url, 'faults', []);
    const entries = await context.mirror.outbox.list();
    expect(entries.at(-1)).toMatchObject({ state: 'done', readBackDue: true });
  }

  const untilSent = async (two: TwoWayRig) => {
    for (let cycles = 0; cycles < 2; cycles++) await two.cycle();
  };

  describe.each(conflictPolicies)('with %s', (policy) => {
    it.each([
      ['an update', {}],
      ['an update by a job', { api: 'bulk' as const }],
      ['an upsert', { upsertField: key }],
    ])('is no conflict with %s', async (_, more) => {
      await using two = await twoWay(policy);
      const [id] = two.ids;
      await two.theirs('touch', { ids: [id], set: { [key]: 'X1' } });
      two.rig.pass(180_000);
      await two.cycle();
      two.rig.pass(60_000);
      await unread(
        two,
        'upsertField' in more
          ? { [key]: 'X1', LastName: 'Ng', Title: 'Pushed' }
          : { Id: id, LastName: 'Ng', Title: 'Pushed' },
        more,
      );
      two.sql('UPDATE contacts SET Title = ?, Department = ? WHERE Id = ?', 'Mine', 'D', id);
      await untilSent(two);
      expect(await two.states()).toEqual(['done', 'done']);
      expect((await two.org()).get(id!)).toMatchObject({ LastName: 'Ng', Title: 'Mine', Department: 'D' });
      expect(two.rows('Id = ?', id)).toMatchObject([{ Title: 'Mine', LastName: 'Ng', _state: 'synced' }]);
      expect(await two.notes()).toEqual([]);
    });

    it('that the org’s triggers have rewritten is no conflict', async () => {
      await using two = await twoWay(policy);
      const [id] = two.ids;
      await control(two.rig.emulator.url, 'settings', { saveTriggers: [{ field: 'Title', upper: true }] });
      await unread(two, { Id: id, Title: 'Pushed' });
      two.sql("UPDATE contacts SET Title = 'Mine' WHERE Id = ?", id);
      await untilSent(two);
      expect((await two.org()).get(id!)).toMatchObject({ Title: 'MINE' });
      expect(await two.notes()).toEqual([]);
    });

    it('deletes the contact', async () => {
      await using two = await twoWay(policy);
      const [id] = two.ids;
      await two.theirs('touch', { ids: [id], set: { Department: null } });
      two.rig.pass(180_000);
      await two.cycle();
      two.rig.pass(60_000);
      await unread(two, { Id: id, Title: 'Pushed', Department: 'D' });
      two.sql('DELETE FROM contacts WHERE Id = ?', id);
      await untilSent(two);
      expect(await two.states()).toEqual(['done', 'done']);
      expect((await two.org()).has(id!)).toBe(false);
      expect(two.rows('Id = ?', id)).toEqual([]);
    });
  });

  it('counts behind several pushes and edits of one field', async () => {
    await using two = await twoWay();
    const [id] = two.ids;
    await unread(two, { Id: id, Title: 'One', Department: 'D' });
    two.rig.pass(60_000);
    await unread(two, { Id: id, Title: 'Two' });
    two.sql("UPDATE contacts SET Title = 'Three' WHERE Id = ?", id);
    two.sql("UPDATE contacts SET Title = 'Four', Department = 'E' WHERE Id = ?", id);
    await untilSent(two);
    expect((await two.org()).get(id!)).toMatchObject({ Title: 'Four', Department: 'E' });
    expect(await two.notes()).toEqual([]);
  });

  it.each([
    ['an edit', "UPDATE contacts SET Title = 'First' WHERE Id = ?", 1],
    ['the creation', "INSERT INTO contacts (_key, LastName, Title) VALUES ('k', 'Ng', 'First')", 0],
  ])(
    'is based on the push where %s before that was read back by another call, which failed',
    async (_, statement, skip) => {
      await using two = await twoWay();
      const { context, signal } = two.rig;
      two.sql(statement, ...(statement.includes('?') ? [two.ids[0]] : []));
      await control(two.rig.emulator.url, 'faults', [{ match: readings, skip, status: 503, times: 99 }]);
      await two.cycle();
      const [first] = await context.mirror.outbox.list();
      expect(first).toMatchObject({ state: 'done', readBackDue: true });
      const id = first?.contactId ?? '';
      await unread(two, { Id: id, Title: 'Pushed' });
      const [, pushed] = await context.mirror.outbox.list();
      const reader = { context, fields: await readableFields(context), took: () => {}, signal };
      await retrieveIds(reader, [id], [{ kind: 'confirm-read-back', keys: [pushed!.key] }]);
      expect(two.rows('Id = ?', id)).toMatchObject([
        { Title: 'Pushed', _key: statement.includes('?') ? id : 'k' },
      ]);
      two.sql("UPDATE contacts SET Title = 'Mine' WHERE Id = ?", id);
      await untilSent(two);
      expect((await two.org()).get(id)).toMatchObject({ Title: 'Mine' });
      expect(two.rows('Id = ?', id)).toMatchObject([{ Title: 'Mine', _state: 'synced' }]);
      expect(await two.notes()).toEqual([]);
    },
  );

  it('counts behind an edit and two pushes that went out after it was made', async () => {
    await using two = await twoWay();
    const [id] = two.ids;
    two.sql("UPDATE contacts SET Title = 'First' WHERE Id = ?", id);
    await queued(two, { Id: id, Title: 'Pushed' });
    await queued(two, { Id: id, Department: 'D' });
    two.sql("UPDATE contacts SET Title = 'Mine' WHERE Id = ?", id);
    await control(two.rig.emulator.url, 'faults', [{ match: readings, skip: 1, status: 503, times: 99 }]);
    await two.cycle();
    await control(two.rig.emulator.url, 'faults', []);
    expect(await two.states()).toEqual(['done', 'done', 'done', 'pending']);
    await untilSent(two);
    expect((await two.org()).get(id!)).toMatchObject({ Title: 'Mine', Department: 'D' });
    expect(await two.notes()).toEqual([]);
  });

  it('counts where the machine’s clock was set back while the request was under way', async () => {
    await using two = await twoWay();
    const [id] = two.ids;
    await unread(two, { Id: id, Title: 'Pushed' });
    const [entry] = await two.rig.context.mirror.outbox.list();
    const before = new Date(entry!.sentAt! - 3_600_000).toISOString();
    two.sql('UPDATE outbox SET settled_at = ? WHERE key = ?', before, entry!.key);
    two.sql("UPDATE contacts SET Title = 'Mine' WHERE Id = ?", id);
    await untilSent(two);
    expect((await two.org()).get(id!)).toMatchObject({ Title: 'Mine' });
    expect(await two.notes()).toEqual([]);
  });

  it('writes over what a user has changed since, where that is what it saw', async () => {
    await using two = await twoWay();
    const [id] = two.ids;
    const { context, signal } = two.rig;
    await unread(two, { Id: id, Title: 'Pushed' });
    two.rig.pass(60_000);
    await two.theirs('touch', { ids: [id], set: { Title: 'Theirs' } });
    two.rig.pass(60_000);
    await runCycle(context, { push: false, signal });
    expect(two.rows('Id = ?', id)).toMatchObject([{ Title: 'Theirs' }]);
    const [entry] = await context.mirror.outbox.list();
    expect(entry?.readBackDue).toBe(true);
    two.sql("UPDATE contacts SET Title = 'Mine' WHERE Id = ?", id);
    await untilSent(two);
    expect((await two.org()).get(id!)).toMatchObject({ Title: 'Mine' });
    expect(await two.notes()).toEqual([]);
  });

  it('is a conflict with what a user has changed since the push', async () => {
    await using two = await twoWay();
    const [id] = two.ids;
    await unread(two, { Id: id, Title: 'Pushed' });
    await two.theirs('touch', { ids: [id], set: { Title: 'Theirs' } });
    two.sql("UPDATE contacts SET Title = 'Mine' WHERE Id = ?", id);
    await untilSent(two);
    expect((await two.org()).get(id!)).toMatchObject({ Title: 'Theirs' });
    expect(await two.notes()).toMatchObject([expect.stringContaining('"Mine" from here is dropped')]);
  });
});

describe.each(conflictPolicies)(
  'with %s, behind a push whose answer was lost and that was given up,',
  (policy) => {
    async function givenUp(commits: object, edit: (two: TwoWayRig, when: 'before' | 'after') => unknown) {
      const two = await twoWay(policy);
      const { emulator, context, signal } = two.rig;
      await control(emulator.url, 'faults', [
        { match: 'PATCH .*/composite/sobjects$', ...commits },
        { match: readings, status: 503, times: 99 },
      ]);
      await pushAll(context, recordsOf([{ Id: two.ids[0], Title: 'Pushed' }]), { signal });
      await control(emulator.url, 'faults', []);
      const [entry] = await context.mirror.outbox.list();
      expect(entry).toMatchObject({ state: 'in-doubt' });
      await edit(two, 'before');
      await context.mirror.outbox.move([entry!.key], ['in-doubt'], 'dropped', context.clock.now());
      await edit(two, 'after');
      await two.cycle();
      two.rig.pass(180_000);
      await two.cycle();
      await two.cycle();
      return two;
    }

    it.each([
      ['that was carried out, an edit of before', { reset: 'after-commit' }, 'before'],
      ['that was carried out, an edit', { reset: 'after-commit' }, 'after'],
      ['that is carried out later, an edit', { reset: 'commit-later', commitAfterMs: 20_000 }, 'after'],
      ['that was not carried out, an edit', { status: 503 }, 'after'],
    ] as const)('%s is no conflict with it', async (_, commits, when) => {
      await using two = await givenUp(commits, (one, now) => {
        if (now === when) one.sql("UPDATE contacts SET Title = 'Mine' WHERE Id = ?", one.ids[0]);
      });
      expect((await two.org()).get(two.ids[0]!)).toMatchObject({ Title: 'Mine' });
      expect(await two.states()).toEqual(['dropped', 'done']);
      expect(await two.notes()).toEqual([]);
    });

    it('a delete is no conflict with it', async () => {
      await using two = await givenUp({ reset: 'after-commit' }, (one, now) => {
        if (now === 'after') one.sql('DELETE FROM contacts WHERE Id = ?', one.ids[0]);
      });
      expect((await two.org()).has(two.ids[0]!)).toBe(false);
      expect(await two.notes()).toEqual([]);
    });

    it('an edit is a conflict with what a user has changed since', async () => {
      await using two = await givenUp({ reset: 'after-commit' }, (one, now) =>
        now === 'before'
          ? one.theirs('touch', { ids: [one.ids[0]], set: { Title: 'Theirs' } })
          : one.sql("UPDATE contacts SET Title = 'Mine', Department = 'D' WHERE Id = ?", one.ids[0]),
      );
      expect(await two.notes()).toMatchObject([expect.stringContaining('"Theirs"')]);
    });
  },
);

it.each(conflictPolicies)(
  'with %s, an edit is no conflict with an upsert whose answer was lost and that was given up before anybody knew its contact',
  async (policy) => {
    await using two = await twoWay(policy);
    const { emulator, context, signal } = two.rig;
    const [id = ''] = two.ids;
    two.sql("UPDATE contacts SET ParaHack_Id__c = 'E1' WHERE Id = ?", id);
    await two.cycle();
    two.rig.pass(120_000);
    await two.cycle();
    await control(emulator.url, 'faults', [
      { match: 'PATCH .*', reset: 'after-commit' },
      { match: `(${readings})|(GET .*query.*)`, status: 503, times: 99 },
    ]);
    const records = recordsOf([{ ParaHack_Id__c: 'e1', Title: 'Pushed' }]);
    await pushAll(context, records, { upsertField: 'ParaHack_Id__c', signal });
    await control(emulator.url, 'faults', []);
    expect((await two.org()).get(id)).toMatchObject({ Title: 'Pushed' });
    const [entry] = await context.mirror.outbox.list({ states: ['in-doubt'] });
    expect(entry).toMatchObject({ contactId: null });
    await context.mirror.outbox.move([entry!.key], ['in-doubt'], 'dropped', context.clock.now());
    two.sql("UPDATE contacts SET Title = 'Mine' WHERE Id = ?", id);
    for (let n = 0; n < 3; n++) {
      await two.cycle();
      two.rig.pass(180_000);
    }
    expect(await two.notes()).toEqual([]);
    expect((await two.org()).get(id)).toMatchObject({ Title: 'Mine' });
  },
);

it('an edit is a conflict with what a push was to write that was given up, and was over when the row was read', async () => {
  await using two = await twoWay('manual');
  const [id, other] = two.ids as [string, string];
  const { emulator, context, signal } = two.rig;
  await control(emulator.url, 'faults', [
    { match: 'PATCH .*/composite/sobjects$', status: 503 },
    { match: readings, status: 503, times: 99 },
  ]);
  await pushAll(context, recordsOf([{ Id: id, Title: 'Pushed' }]), { signal });
  await control(emulator.url, 'faults', []);
  const [entry] = await context.mirror.outbox.list();
  await context.mirror.outbox.move([entry!.key], ['in-doubt'], 'dropped', context.clock.now());
  // When it was over is noted where something is sent.
  for (const title of ['A', 'B', 'C']) {
    two.sql('UPDATE contacts SET Title = ? WHERE Id = ?', title, other);
    await two.cycle();
    two.rig.pass(180_000);
  }
  two.sql("UPDATE contacts SET Title = 'Mine' WHERE Id = ?", id);
  await two.theirs('touch', { ids: [id], set: { Title: 'Pushed' } });
  await two.cycle();
  expect(await two.states()).toEqual(['dropped', 'done', 'done', 'done', 'conflict']);
});

it.each(conflictPolicies)(
  'with %s, what a user has written as a refused push was to is a conflict with an edit',
  async (policy) => {
    await using two = await twoWay(policy);
    const { emulator, context, signal } = two.rig;
    const [id] = two.ids as [string];
    await control(emulator.url, 'settings', {
      validationRules: [{ name: 'NoBad', condition: "Department = 'Bad'", message: 'No.' }],
    });
    await pushAll(context, recordsOf([{ Id: id, Title: 'By hand', Department: 'Bad' }]), { signal });
    expect(await two.states()).toEqual(['rejected']);
    await two.theirs('touch', { ids: [id], set: { Title: 'By hand' } });
    two.sql("UPDATE contacts SET Title = 'Mine' WHERE Id = ?", id);
    await two.cycle();
    expect(await two.notes()).toMatchObject([expect.stringContaining('"By hand"')]);
  },
);

it('what a given-up push was to write is a user’s where something else was written since', async () => {
  await using two = await twoWay('manual');
  const { emulator, context, signal } = two.rig;
  const [id] = two.ids as [string];
  await control(emulator.url, 'faults', [
    { match: 'PATCH .*/composite/sobjects$', status: 503 },
    { match: readings, status: 503, times: 99 },
  ]);
  await pushAll(context, recordsOf([{ Id: id, Title: 'One' }]), { signal });
  await control(emulator.url, 'faults', []);
  const [entry] = await context.mirror.outbox.list();
  await context.mirror.outbox.move([entry!.key], ['in-doubt'], 'dropped', context.clock.now());
  two.sql("UPDATE contacts SET Title = 'Two' WHERE Id = ?", id);
  await two.cycle();
  two.rig.pass(180_000);
  for (let cycles = 0; cycles < 2; cycles++) await two.cycle();
  expect(two.rows('Id = ?', id)).toMatchObject([{ Title: 'Two', _state: 'synced' }]);
  // As where nobody knows when it was over: what was written since tells enough.
  two.sql('UPDATE outbox SET lost_over_at = NULL');
  two.sql("UPDATE contacts SET Title = 'Mine' WHERE Id = ?", id);
  await two.theirs('touch', { ids: [id], set: { Title: 'One' } });
  await two.cycle();
  expect(await two.states()).toEqual(['dropped', 'done', 'conflict']);
});

import { describe, expect, it } from 'vitest';
import { calls, control } from '../e2e/org.ts';
import { type TwoWayRig, twoWay } from './two-way-rig.ts';

const states = async ({ rig }: TwoWayRig) =>
  (await rig.context.mirror.outbox.list()).map(({ state }) => state);

describe('what programs write', () => {
  it('reaches Salesforce once, and comes back as one row with its key', async () => {
    await using two = await twoWay();
    const [first, second] = two.ids as [string, string];
    two.sql("INSERT INTO contacts (_key, LastName, Email) VALUES ('app-1', 'Ng', 'ng@example.com')");
    two.sql("UPDATE contacts SET Title = 'Boss' WHERE Id = ?", first);
    two.sql('DELETE FROM contacts WHERE Id = ?', second);
    expect((await two.cycle()).push).toMatchObject({ pushed: 3, rejected: 0, unsent: 0, error: null });
    const [made, ...more] = two.rows("_key = 'app-1'");
    expect(more).toEqual([]);
    expect(made).toMatchObject({ LastName: 'Ng', _state: 'synced', _error: null });
    const org = await two.org();
    expect(org.get(String(made!.Id))).toMatchObject({ LastName: 'Ng', Email: 'ng@example.com' });
    expect(org.get(first)).toMatchObject({ Title: 'Boss' });
    expect(org.has(second)).toBe(false);
    expect(two.rows('Id = ?', first)).toMatchObject([{ Title: 'Boss', _state: 'synced', _key: first }]);
    expect(two.rows('Id = ?', second)).toEqual([]);
    expect(two.rows("_state <> 'synced'")).toEqual([]);
    await two.cycle();
    expect((await two.org()).size).toBe(org.size);
  });

  it.each([
    ['salesforce-wins', 'Theirs', 'dropped'],
    ['local-wins', 'Ours', 'done'],
    ['manual', 'Theirs', 'conflict'],
  ] as const)(
    'is held anew against what changed while its row was locked: %s',
    async (policy, title, state) => {
      await using two = await twoWay(policy);
      const [id] = two.ids as [string];
      await lockedOnce(two, () => two.theirs('touch', { ids: [id], set: { Title: 'Theirs' } }));
      expect((await two.org()).get(id)).toMatchObject({ Title: title });
      expect(await states(two)).toEqual([state]);
    },
  );

  /** A cycle with an edit of a locked row; `beforeAgain` comes between its first sending and the look before the next. */
  async function lockedOnce(two: TwoWayRig, beforeAgain: () => Promise<unknown>) {
    const { context, emulator } = two.rig;
    const [id] = two.ids as [string];
    two.sql("UPDATE contacts SET Title = 'Ours' WHERE Id = ?", id);
    await control(emulator.url, 'settings', { lockedIds: [id] });
    const { clock } = context;
    let isLocked = true;
    context.clock = {
      ...clock,
      async sleep(ms, options) {
        if (isLocked) {
          isLocked = false;
          await control(emulator.url, 'settings', { lockedIds: [] });
          await beforeAgain();
        }
        return clock.sleep(ms, options);
      },
    };
    const report = await two.cycle();
    expect(isLocked).toBe(false);
    return report;
  }

  it.each([
    ['salesforce-wins', 'Theirs', 'dropped'],
    ['local-wins', 'Ours', 'done'],
    ['manual', 'Theirs', 'conflict'],
  ] as const)(
    'is held anew against what was made before it was sent and committed after its answer was lost: %s',
    async (policy, title, state) => {
      await using two = await twoWay(policy);
      const { emulator, pass } = two.rig;
      const [id] = two.ids as [string];
      two.sql("UPDATE contacts SET Title = 'Ours' WHERE Id = ?", id);
      const touch = { ids: [id], set: { Title: 'Theirs' } };
      await control(emulator.url, 'open-transaction', { touch });
      pass(5_000);
      await control(emulator.url, 'faults', [
        { match: 'PATCH .*/composite/sobjects$', times: 99, reset: 'before' },
      ]);
      await two.cycle();
      expect(await states(two)).toEqual(['in-doubt']);
      await control(emulator.url, 'commit');
      await control(emulator.url, 'faults', []);
      await two.cycle();
      expect((await two.org()).get(id)).toMatchObject({ Title: title });
      expect(await states(two)).toEqual([state]);
    },
  );

  it('is held so also before it is repeated within the drain', async () => {
    await using two = await twoWay();
    const { context, emulator, pass } = two.rig;
    const [id] = two.ids as [string];
    two.sql("UPDATE contacts SET Title = 'Ours' WHERE Id = ?", id);
    await control(emulator.url, 'open-transaction', { touch: { ids: [id], set: { Title: 'Theirs' } } });
    pass(5_000);
    await control(emulator.url, 'faults', [{ match: 'PATCH .*/composite/sobjects$', reset: 'before' }]);
    const { clock } = context;
    context.clock = {
      ...clock,
      async sleep(ms, options) {
        await control(emulator.url, 'commit');
        return clock.sleep(ms, options);
      },
    };
    await two.cycle();
    expect((await two.org()).get(id)).toMatchObject({ Title: 'Theirs' });
    expect(await states(two)).toEqual(['dropped']);
  });

  it('waits for the next drain where its contact cannot be read anew', async () => {
    await using two = await twoWay();
    const { emulator } = two.rig;
    const { push } = await lockedOnce(two, () =>
      control(emulator.url, 'faults', [
        { match: 'POST .*/composite/sobjects/Contact$', times: 99, status: 503 },
      ]),
    );
    expect(push.error).toMatchObject({ code: 'REFUSED_FOR_NOW' });
    expect(await states(two)).toEqual(['pending']);
    await control(emulator.url, 'faults', []);
    await two.cycle();
    expect(await states(two)).toEqual(['done']);
  });

  it('lets a fault of our own come out where its contact is read anew', async () => {
    await using two = await twoWay();
    const { records } = two.rig.context;
    const { push } = await lockedOnce(two, async () => {
      records.retrieve = async () => {
        throw new TypeError('ours');
      };
    });
    expect(push.error).toMatchObject({ message: 'ours' });
  });

  it('goes in its order, in one drain, also where the contact has no Id yet', async () => {
    await using two = await twoWay();
    const { outbox } = two.rig.context.mirror;
    two.sql("INSERT INTO contacts (_key, LastName) VALUES ('k', 'A'), ('gone', 'B')");
    // A process has marked them sent and was killed; their keys make sending them again safe.
    const keys = (await outbox.list()).map(({ key }) => key);
    await outbox.markSent(keys, 'ui-api', two.rig.context.clock.now());
    two.sql("UPDATE contacts SET LastName = 'A2', Title = 'T' WHERE _key = 'k'");
    two.sql("DELETE FROM contacts WHERE _key = 'gone'");
    expect((await two.cycle()).push).toMatchObject({ pushed: 4, unsent: 0, error: null });
    const [row] = two.rows("_key = 'k'");
    expect(row).toMatchObject({ LastName: 'A2', Title: 'T', _state: 'synced' });
    const org = await two.org();
    expect(org.get(String(row!.Id))).toMatchObject({ LastName: 'A2', Title: 'T' });
    expect(org.size).toBe(5);
  });

  it.each([
    ['deletes', 'DELETE FROM contacts WHERE Id = ?'],
    ['empties', 'UPDATE contacts SET ParaHack_Id__c = NULL WHERE Id = ?'],
  ])('gives a unique value that it %s to the next one', async (_how, giving) => {
    await using two = await twoWay();
    const [first] = two.ids as [string];
    const [had] = two.rows('Id = ?', first);
    two.sql(giving, first);
    two.sql(
      "INSERT INTO contacts (_key, LastName, ParaHack_Id__c) VALUES ('next', 'Next', ?)",
      had!.ParaHack_Id__c,
    );
    expect((await two.cycle()).push).toMatchObject({ pushed: 2, unsent: 0 });
    expect(two.rows("_key = 'next'")).toMatchObject([{ _state: 'synced', _error: null }]);
  });

  it('gives a unique value to the next one that came with a creation under way', async () => {
    await using two = await twoWay();
    const { outbox } = two.rig.context.mirror;
    const insert = 'INSERT INTO contacts (_key, LastName, ParaHack_Id__c) VALUES (?, ?, ?)';
    two.sql(insert, 'brief', 'Brief', 'K-1');
    const keys = (await outbox.list()).map(({ key }) => key);
    await outbox.markSent(keys, 'ui-api', two.rig.context.clock.now());
    two.sql("DELETE FROM contacts WHERE _key = 'brief'");
    two.sql(insert, 'next', 'Next', 'K-1');
    expect((await two.cycle()).push).toMatchObject({ pushed: 3, unsent: 0, error: null });
    expect(two.rows("_key = 'next'")).toMatchObject([{ _state: 'synced', _error: null }]);
  });

  it('is refused by Salesforce with its reason, and goes when it was mended', async () => {
    await using two = await twoWay();
    await control(two.rig.emulator.url, 'settings', {
      validationRules: [{ name: 'NoBad', condition: "Title = 'bad'", message: 'No bad titles.' }],
    });
    const [first] = two.ids as [string];
    two.sql("UPDATE contacts SET Title = 'bad' WHERE Id = ?", first);
    two.sql("INSERT INTO contacts (_key, LastName, Title) VALUES ('k', 'A', 'bad')");
    await two.cycle();
    for (const row of two.rows("Id = ? OR _key = 'k'", first))
      expect(row).toMatchObject({
        Title: 'bad',
        _state: 'rejected',
        _error: expect.stringContaining('No bad titles.'),
      });
    two.sql("UPDATE contacts SET Title = 'good' WHERE _state = 'rejected'");
    expect((await two.cycle()).push).toMatchObject({ pushed: 2 });
    expect(two.rows("Title = 'good'")).toMatchObject([{ _state: 'synced' }, { _state: 'synced' }]);
  });

  it('is read right before it is written, 200 in a call', async () => {
    await using two = await twoWay('salesforce-wins', 60);
    two.sql("UPDATE contacts SET Title = 'T'");
    const { outbox } = two.rig.context.mirror;
    const before = (await calls(two.rig.emulator.url)).length;
    await two.cycle();
    const made = (await calls(two.rig.emulator.url)).slice(before);
    const writes = made.filter(({ method }) => method === 'PATCH');
    expect(writes).toHaveLength(1);
    expect(made[made.indexOf(writes[0]!) - 1]).toMatchObject({
      method: 'POST',
      path: expect.stringContaining('/composite/sobjects/Contact'),
    });
    expect(await outbox.counts()).toMatchObject({ done: 60, pending: 0 });
  });
});

/** The key of an edit that is in conflict with a deletion in Salesforce, and went on meanwhile. */
async function goneAndEditedOn(two: TwoWayRig): Promise<string[]> {
  const [id] = two.ids as [string];
  two.sql("UPDATE contacts SET Title = 'Ours' WHERE Id = ?", id);
  await two.theirs('delete', { ids: [id] });
  expect((await two.cycle()).push).toMatchObject({ conflicts: 1, pushed: 0 });
  two.sql("UPDATE contacts SET Phone = '1' WHERE _key = ?", id);
  return (await two.rig.context.mirror.outbox.list({ states: ['conflict'] })).map(({ key }) => key);
}

describe('a conflict', () => {
  it.each([
    ['salesforce-wins', 'Theirs', 'Ours'],
    ['local-wins', 'Ours', 'Theirs'],
  ] as const)('by %s leaves %s, and keeps %s in the record of the run', async (policy, winner, loser) => {
    await using two = await twoWay(policy);
    const [id] = two.ids as [string];
    two.sql("UPDATE contacts SET Title = 'Ours', Department = 'Mine' WHERE Id = ?", id);
    await two.theirs('touch', { ids: [id], set: { Title: 'Theirs', FirstName: 'Else' } });
    await two.cycle();
    expect((await two.org()).get(id)).toMatchObject({ Title: winner, Department: 'Mine', FirstName: 'Else' });
    two.rig.pass(120_000);
    await two.cycle();
    expect(two.rows('Id = ?', id)).toMatchObject([
      { Title: winner, Department: 'Mine', FirstName: 'Else', _state: 'synced' },
    ]);
    expect((await two.notes()).join('\n')).toContain(`Title "${loser}"`);
  });

  it('by manual waits for a person, whose word holds for what was seen', async () => {
    await using two = await twoWay('manual');
    const { outbox } = two.rig.context.mirror;
    const [id] = two.ids as [string];
    two.sql("UPDATE contacts SET Title = 'Ours' WHERE Id = ?", id);
    await two.theirs('touch', { ids: [id], set: { Title: 'Theirs' } });
    expect((await two.cycle()).push).toMatchObject({ conflicts: 1, pushed: 0 });
    expect(two.rows('Id = ?', id)).toMatchObject([
      {
        Title: 'Ours',
        _state: 'conflict',
        _error: expect.stringContaining('Title is "Theirs" and was to be "Ours"'),
      },
    ]);
    const decide = async (to: 'pending' | 'theirs') => {
      const keys = (await outbox.list({ states: ['conflict'] })).map(({ key }) => key);
      await (to === 'theirs' ? outbox.takeTheirs(keys, 0) : outbox.move(keys, ['conflict'], to, 0));
    };
    await two.theirs('touch', { ids: [id], set: { Title: 'Later' } });
    await decide('pending');
    expect((await two.cycle()).push).toMatchObject({ conflicts: 1, pushed: 0 });
    await decide('pending');
    expect((await two.cycle()).push).toMatchObject({ conflicts: 0, pushed: 1 });
    expect((await two.org()).get(id)).toMatchObject({ Title: 'Ours' });
    two.sql("UPDATE contacts SET Title = 'Again' WHERE Id = ?", id);
    await two.theirs('touch', { ids: [id], set: { Title: 'Theirs' } });
    await two.cycle();
    await decide('theirs');
    two.rig.pass(120_000);
    await two.cycle();
    expect(two.rows('Id = ?', id)).toMatchObject([{ Title: 'Theirs', _state: 'synced' }]);
  });

  it('by manual, decided for Salesforce, takes nothing of the other fields that were edited with it', async () => {
    await using two = await twoWay('manual');
    const { outbox } = two.rig.context.mirror;
    const [id] = two.ids as [string];
    two.sql("UPDATE contacts SET Title = 'Ours', Phone = '1', Department = 'D' WHERE Id = ?", id);
    await two.theirs('touch', { ids: [id], set: { Title: 'Theirs' } });
    expect((await two.cycle()).push).toMatchObject({ conflicts: 1, pushed: 0 });
    const keys = (await outbox.list({ states: ['conflict'] })).map(({ key }) => key);
    expect(await outbox.takeTheirs(keys, 0)).toEqual(keys);
    expect(two.rows('Id = ?', id)).toMatchObject([{ Title: 'Theirs', Phone: '1', _state: 'pending' }]);
    // What was left is held against what Salesforce had when it was decided.
    await two.theirs('touch', { ids: [id], set: { Title: 'Later', Phone: '2' } });
    expect((await two.cycle()).push).toMatchObject({ conflicts: 1, pushed: 0 });
    expect(await outbox.takeTheirs(keys, 0)).toEqual(keys);
    expect((await two.cycle()).push).toMatchObject({ conflicts: 0, pushed: 1 });
    expect((await two.org()).get(id)).toMatchObject({ Title: 'Later', Phone: '2', Department: 'D' });
    expect(two.rows('Id = ?', id)).toMatchObject([
      { Title: 'Later', Phone: '2', Department: 'D', _state: 'synced' },
    ]);
    const givenUp = await outbox.list({ states: ['dropped'] });
    expect(givenUp.map(({ changes, errors }) => [changes, errors[0]?.fields])).toEqual([
      [{ Title: 'Ours' }, ['Title']],
      [{ Phone: '1' }, ['Phone']],
    ]);
  });

  it('by manual, decided for Salesforce, forgets nothing of an edit whose contact is gone and that went on meanwhile', async () => {
    await using two = await twoWay('manual');
    const { outbox } = two.rig.context.mirror;
    const keys = await goneAndEditedOn(two);
    expect(await outbox.takeTheirs(keys, 0)).toEqual(keys);
    const told = async () => (await outbox.list({})).map(({ state, changes }) => [state, changes]);
    const givenUp = ['dropped', { Title: 'Ours' }];
    expect(await told()).toEqual([['pending', { Phone: '1' }], givenUp]);
    expect((await two.cycle()).push).toMatchObject({ conflicts: 1, pushed: 0 });
    expect(await outbox.takeTheirs(keys, 0)).toEqual(keys);
    expect(await told()).toEqual([['dropped', { Phone: '1' }], givenUp]);
  });

  it('by manual, over a contact that is gone, is decided once, also where the edit went on meanwhile', async () => {
    await using two = await twoWay('manual');
    const { outbox } = two.rig.context.mirror;
    const keys = await goneAndEditedOn(two);
    await outbox.move(keys, ['conflict'], 'pending', 0);
    expect((await two.cycle()).push).toMatchObject({ conflicts: 0, rejected: 1 });
    expect((await outbox.list()).map(({ errors }) => errors[0]?.code)).toEqual(['ENTITY_IS_DELETED']);
  });

  it('is none where both have written the same, or another field', async () => {
    await using two = await twoWay('manual');
    const [id] = two.ids as [string];
    two.sql("UPDATE contacts SET Title = 'Same' WHERE Id = ?", id);
    await two.theirs('touch', { ids: [id], set: { Title: 'Same', Department: 'D' } });
    expect((await two.cycle()).push).toMatchObject({ conflicts: 0 });
    expect(await states(two)).toEqual(['done']);
    expect(two.rows('Id = ?', id)).toMatchObject([{ Title: 'Same', Department: 'D', _state: 'synced' }]);
  });

  it('is none of an edit with the edit before it', async () => {
    await using two = await twoWay('manual');
    const [id] = two.ids as [string];
    for (const title of ['One', 'Two', 'Three']) {
      two.sql('UPDATE contacts SET Title = ? WHERE Id = ?', title, id);
      expect((await two.cycle()).push).toMatchObject({ pushed: 1, conflicts: 0 });
    }
    const { outbox } = two.rig.context.mirror;
    two.sql("UPDATE contacts SET Title = 'Four' WHERE Id = ?", id);
    const [{ key } = { key: '' }] = await outbox.list({ states: ['pending'] });
    await outbox.markSent([key], 'collection', 0);
    two.sql("UPDATE contacts SET Title = 'Five' WHERE Id = ?", id);
    expect((await two.cycle()).push).toMatchObject({ pushed: 1, conflicts: 0 });
    // By then the request that may have carried the first is over.
    two.rig.pass(3 * 60_000);
    expect((await two.cycle()).push).toMatchObject({ pushed: 1, conflicts: 0 });
    expect((await two.org()).get(id)).toMatchObject({ Title: 'Five' });
  });

  it.each([
    ['salesforce-wins', 'dropped'],
    ['local-wins', 'rejected'],
    ['manual', 'conflict'],
  ] as const)('of an edit with a deletion in Salesforce is by %s %s', async (policy, state) => {
    await using two = await twoWay(policy);
    const [id] = two.ids as [string];
    two.sql("UPDATE contacts SET Title = 'Ours' WHERE Id = ?", id);
    await two.theirs('delete', { ids: [id] });
    await two.cycle();
    expect(await states(two)).toEqual([state]);
    expect((await two.notes()).join('\n')).toContain('was deleted in Salesforce');
    expect((await two.org()).has(id)).toBe(false);
    if (policy === 'salesforce-wins')
      expect((await two.notes()).join('\n')).toMatch(/ Title "Ours" from here is dropped\.$/);
    if (policy !== 'manual') return;
    const { outbox } = two.rig.context.mirror;
    await outbox.move(
      (await outbox.list()).map(({ key }) => key),
      ['conflict'],
      'pending',
      0,
    );
    await two.cycle();
    expect(await states(two)).toEqual(['rejected']);
  });

  /** Something happens to contacts after they were read, and before they are written. */
  function beforeWriting(two: TwoWayRig, happens: () => Promise<unknown>) {
    const { writes } = two.rig.context.records;
    const { updateMany } = writes;
    writes.updateMany = async (...args) => {
      writes.updateMany = updateMany;
      await happens();
      return updateMany.apply(writes, args);
    };
  }

  it.each([
    ['salesforce-wins', 'dropped'],
    ['local-wins', 'rejected'],
    ['manual', 'conflict'],
  ] as const)('with a deletion between its look and its write is by %s %s too', async (policy, state) => {
    await using two = await twoWay(policy);
    const [id, other] = two.ids as [string, string];
    two.sql("UPDATE contacts SET Title = 'Ours' WHERE Id IN (?, ?)", id, other);
    beforeWriting(two, () => two.theirs('delete', { ids: [id] }));
    expect((await two.cycle()).push).toMatchObject({ pushed: 1, unsent: 0, error: null });
    expect(await states(two)).toEqual([state, 'done']);
    expect((await two.notes()).join('\n')).toContain('was deleted in Salesforce');
  });

  it('with a merge between its look and its write goes to the survivor', async () => {
    await using two = await twoWay('local-wins');
    const [master, loser] = two.ids as [string, string];
    two.sql("UPDATE contacts SET Title = 'Ours' WHERE Id = ?", loser);
    beforeWriting(two, () => two.theirs('merge', { master, losers: [loser] }));
    await two.cycle();
    expect(await states(two)).toEqual(['done']);
    expect((await two.org()).get(master)).toMatchObject({ Title: 'Ours' });
  });

  it('is none where another record than its contact is deleted: the refusal stands', async () => {
    await using two = await twoWay();
    const [id] = two.ids as [string];
    two.sql("UPDATE contacts SET Title = 'Ours' WHERE Id = ?", id);
    const errors = [{ statusCode: 'ENTITY_IS_DELETED', message: 'entity is deleted', fields: ['AccountId'] }];
    await control(two.rig.emulator.url, 'faults', [
      {
        match: 'PATCH .*/composite/sobjects',
        times: 99,
        status: 200,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify([{ success: false, errors }]),
      },
    ]);
    const before = (await calls(two.rig.emulator.url)).length;
    await two.cycle();
    expect(await states(two)).toEqual(['rejected']);
    const made = (await calls(two.rig.emulator.url)).slice(before);
    expect(made.filter(({ method }) => method === 'PATCH')).toHaveLength(1);
  });

  it.each([
    ['salesforce-wins', 'dropped', true],
    ['local-wins', 'done', false],
    ['manual', 'conflict', true],
  ] as const)('of a deletion with an edit in Salesforce is by %s %s', async (policy, state, lives) => {
    await using two = await twoWay(policy);
    const [id] = two.ids as [string];
    two.sql('DELETE FROM contacts WHERE Id = ?', id);
    await two.theirs('touch', { ids: [id], set: { Title: 'Theirs' } });
    await two.cycle();
    expect(await states(two)).toEqual([state]);
    const [{ base } = { base: null }] = await two.rig.context.mirror.outbox.list();
    expect(Object.keys(base ?? {})).not.toEqual(expect.arrayContaining(['attributes']));
    expect(Object.keys(base ?? {})).not.toEqual(expect.arrayContaining(['Id']));
    expect((await two.org()).has(id)).toBe(lives);
    expect((await two.notes()).join('\n')).toContain('Theirs');
    two.rig.pass(120_000);
    await two.cycle();
    expect(two.rows('Id = ?', id).map(({ Title, _state }) => [Title, _state])).toEqual(
      lives ? [['Theirs', state === 'conflict' ? 'conflict' : 'synced']] : [],
    );
  });

  it('with a merge of two that were edited both: the edits go one after the other, in two requests', async () => {
    await using two = await twoWay('local-wins');
    const [master, loser] = two.ids as [string, string];
    two.sql("UPDATE contacts SET Title = 'First' WHERE Id = ?", master);
    two.sql("UPDATE contacts SET Title = 'Second' WHERE Id = ?", loser);
    await two.theirs('merge', { master, losers: [loser] });
    const before = (await calls(two.rig.emulator.url)).length;
    expect((await two.cycle()).push).toMatchObject({ rejected: 0, unsent: 0, error: null });
    expect(await states(two)).toEqual(['done', 'done']);
    expect((await two.org()).get(master)!.Title).toBe('Second');
    // Salesforce takes no record twice in one request, and whoever reads it has seen the first.
    const writes = (await calls(two.rig.emulator.url))
      .slice(before)
      .filter(({ method, path }) => method === 'PATCH' && path.includes('/composite/sobjects'));
    expect(writes).toHaveLength(2);
  });

  it.each([
    ['salesforce-wins', 'dropped', false],
    ['local-wins', 'done', true],
    ['manual', 'conflict', false],
  ] as const)('with a merge: by %s the edit is %s at the survivor', async (policy, state, arrives) => {
    await using two = await twoWay(policy);
    const [master, loser] = two.ids as [string, string];
    two.sql("UPDATE contacts SET Title = 'Ours' WHERE Id = ?", loser);
    await two.theirs('merge', { master, losers: [loser] });
    await two.cycle();
    expect(await states(two)).toEqual([state]);
    expect((await two.org()).get(master)!.Title === 'Ours').toBe(arrives);
    expect((await two.notes()).join('\n')).toContain('merged');
    two.rig.pass(120_000);
    await two.cycle();
    expect(two.rows('Id = ? OR _key = ?', loser, loser)).toEqual([]);
    expect(two.rows('Id = ?', master)).toMatchObject([
      { _key: master, _state: policy === 'manual' ? 'conflict' : 'synced' },
    ]);
    if (policy !== 'manual') return;
    const { outbox } = two.rig.context.mirror;
    await outbox.move(
      (await outbox.list()).map(({ key }) => key),
      ['conflict'],
      'pending',
      0,
    );
    await two.cycle();
    expect((await two.org()).get(master)).toMatchObject({ Title: 'Ours' });
  });
});

/** A contact that a program has made, that is in Salesforce, and whose answer was lost: its Id, where its key is `k`. */
async function doubtful(two: TwoWayRig): Promise<string> {
  const { url } = two.rig.emulator;
  await control(url, 'faults', [{ match: 'POST .*/ui-api/records$', times: 99, reset: 'after-commit' }]);
  const before = await two.org();
  two.sql("INSERT INTO contacts (_key, LastName) VALUES ('k', 'Ng')");
  await two.cycle();
  expect(await states(two)).toEqual(['in-doubt']);
  await control(url, 'faults', []);
  const id = [...(await two.org()).keys()].find((one) => !before.has(one));
  return id!;
}

describe('what was written before its contact was read back', () => {
  it.each([
    ['salesforce-wins', 'Theirs', 'dropped'],
    ['local-wins', 'Ours', 'done'],
    ['manual', 'Theirs', 'conflict'],
  ] as const)('meets a value that a user has set since: %s', async (policy, title, state) => {
    await using two = await twoWay(policy);
    const id = await doubtful(two);
    await two.theirs('touch', { ids: [id], set: { Title: 'Theirs' } });
    two.sql("UPDATE contacts SET Title = 'Ours', Department = 'Mine' WHERE _key = 'k'");
    two.rig.pass(180_000);
    await two.cycle();
    expect((await two.org()).get(id)).toMatchObject({
      Title: title,
      Department: policy === 'manual' ? null : 'Mine',
    });
    if (policy === 'manual') expect(await states(two)).toEqual(['done', state]);
    else expect((await two.notes()).join('\n')).toContain(`Title "${title === 'Ours' ? 'Theirs' : 'Ours'}"`);
  });

  it('replaces what the org has set by itself when it made the contact', async () => {
    await using two = await twoWay('manual');
    const id = await doubtful(two);
    const org = await two.org();
    const given = org.get(id)!.OwnerId;
    const other = [...org.values()].map(({ OwnerId }) => OwnerId).find((owner) => owner !== given);
    expect(given).toEqual(expect.any(String));
    expect(other).toBeDefined();
    two.sql("UPDATE contacts SET OwnerId = ? WHERE _key = 'k'", other);
    two.rig.pass(180_000);
    await two.cycle();
    expect(await states(two)).toEqual(['done', 'done']);
    expect((await two.org()).get(id)).toMatchObject({ OwnerId: other });
  });

  it.each([
    ['salesforce-wins', 'dropped', true],
    ['local-wins', 'done', false],
    ['manual', 'conflict', true],
  ] as const)(
    'deletes no contact that a user has changed since, but by %s: %s',
    async (policy, state, lives) => {
      await using two = await twoWay(policy);
      const id = await doubtful(two);
      await two.theirs('touch', { ids: [id], set: { Title: 'Theirs' } });
      two.sql("DELETE FROM contacts WHERE _key = 'k'");
      two.rig.pass(180_000);
      await two.cycle();
      expect(await states(two)).toEqual(['done', state]);
      expect((await two.org()).has(id)).toBe(lives);
      expect((await two.notes()).join('\n')).toContain('Theirs');
    },
  );

  it('is what was written last, also where it was edited twice', async () => {
    await using two = await twoWay();
    const id = await doubtful(two);
    two.sql("UPDATE contacts SET Title = 'First' WHERE _key = 'k'");
    two.sql("UPDATE contacts SET Title = 'Last', Department = 'Mine' WHERE _key = 'k'");
    two.rig.pass(180_000);
    await two.cycle();
    expect((await two.org()).get(id)).toMatchObject({ Title: 'Last', Department: 'Mine' });
    expect(await two.notes()).toEqual([]);
  });

  it('stands in the way of no delete, where it was refused', async () => {
    await using two = await twoWay();
    const id = await doubtful(two);
    const rule = { name: 'NoBad', condition: "Title = 'bad'", message: 'No bad titles.' };
    await control(two.rig.emulator.url, 'settings', { validationRules: [rule] });
    two.sql("UPDATE contacts SET Title = 'bad' WHERE _key = 'k'");
    two.rig.pass(180_000);
    await two.cycle();
    expect(two.rows("_key = 'k'")).toMatchObject([{ Id: id, _state: 'rejected' }]);
    two.sql("DELETE FROM contacts WHERE _key = 'k'");
    await two.cycle();
    expect((await two.org()).has(id)).toBe(false);
    expect(await two.notes()).toEqual([]);
  });

  it('deletes a contact that nobody has changed', async () => {
    await using two = await twoWay('manual');
    const id = await doubtful(two);
    two.sql("DELETE FROM contacts WHERE _key = 'k'");
    two.rig.pass(180_000);
    await two.cycle();
    expect(await states(two)).toEqual(['done', 'done']);
    expect((await two.org()).has(id)).toBe(false);
  });
});

describe('the brake', () => {
  it('holds many deletes and many edits until a person approves', async () => {
    await using two = await twoWay('salesforce-wins', 300);
    const { outbox } = two.rig.context.mirror;
    two.sql('DELETE FROM contacts WHERE Id IN (SELECT Id FROM contact LIMIT 101)');
    two.sql("UPDATE contacts SET Title = 'T' WHERE Id IN (SELECT Id FROM contact LIMIT 101 OFFSET 150)");
    two.sql("INSERT INTO contacts (_key, LastName) VALUES ('k', 'A')");
    expect((await two.cycle()).push).toMatchObject({ pushed: 1, held: 202, unsent: 0 });
    expect(await outbox.counts()).toMatchObject({ held: 202, done: 1, pending: 0 });
    expect((await two.cycle()).push).toMatchObject({ held: 0, unsent: 0 });
    expect((await two.org()).size).toBe(301);
    expect(two.rows("_state = 'held'")).toHaveLength(202);
    const held = (await outbox.list({ states: ['held'] })).map(({ key }) => key);
    await outbox.move(held, ['held'], 'pending', 0);
    await two.cycle();
    expect(await outbox.counts()).toMatchObject({ held: 0, done: 203 });
    expect((await two.org()).size).toBe(200);
  });

  it('lets a few go', async () => {
    await using two = await twoWay('salesforce-wins', 120);
    two.sql('DELETE FROM contacts WHERE Id IN (SELECT Id FROM contact LIMIT 100)');
    await two.cycle();
    expect(await two.rig.context.mirror.outbox.counts()).toMatchObject({ held: 0, done: 100 });
  });
});

describe('what waits behind a doubt', () => {
  it('is counted as unsent by each cycle, and the doubt as one, whichever cycle has left it', async () => {
    await using two = await twoWay();
    const { url } = two.rig.emulator;
    await control(url, 'faults', [{ match: 'POST .*/ui-api/records$', times: 99, reset: 'after-commit' }]);
    two.sql("INSERT INTO contacts (_key, LastName) VALUES ('k', 'Ng')");
    expect((await two.cycle()).push).toMatchObject({ inDoubt: 1, unsent: 0, doubts: 1 });
    two.sql("UPDATE contacts SET Title = 'Later' WHERE _key = 'k'");
    for (const _cycle of [1, 2]) {
      expect((await two.cycle()).push).toMatchObject({
        unsent: 1,
        behind: { conflict: 0, held: 0, 'in-doubt': 1 },
        doubts: 1,
      });
    }
    expect(await states(two)).toEqual(['in-doubt', 'pending']);
  });
});

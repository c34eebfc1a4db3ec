import { describe, expect, it } from 'vitest';
import { runCycle } from '../../src/sync/cycle/cycle.ts';
import { settleAs } from '../../src/sync/push/settle/settle-as.ts';
import { control } from '../e2e/org.ts';
import { pushAll, recordsOf } from './push-all.ts';
import { type TwoWayRig, twoWay } from './two-way-rig.ts';

const minute = 60_000;

/** Triggers of the org turn what is saved to these fields into upper case. */
const rewrites = ({ rig }: TwoWayRig, ...fields: string[]) =>
  control(rig.emulator.url, 'settings', { saveTriggers: fields.map((field) => ({ field, upper: true })) });

/** A cycle that does this before contacts are read by their Ids for the nth time, which is after it where it throws. */
function cycleWith({ rig }: TwoWayRig, nth: number, meanwhile: () => unknown) {
  const { context, signal } = rig;
  let readings = 0;
  const records = {
    ...context.records,
    retrieve: async (...asked: Parameters<typeof context.records.retrieve>) => {
      if (++readings === nth) await meanwhile();
      return context.records.retrieve(...asked);
    },
  };
  return runCycle({ ...context, records }, { push: true, signal });
}

/** What somebody changes in Salesforce with the login that this tool has. */
async function byTheLogin({ rig: { emulator } }: TwoWayRig, id: string, set: object): Promise<void> {
  const answer = await fetch(`${emulator.url}/services/data/v64.0/sobjects/Contact/${id}`, {
    method: 'PATCH',
    headers: { authorization: `Bearer ${emulator.accessToken}`, 'content-type': 'application/json' },
    body: JSON.stringify(set),
  });
  expect(answer.status).toBe(204);
}

/** A creation whose answer was lost, and an edit behind it; the Id of its contact. */
async function editBehindLost(two: TwoWayRig): Promise<string> {
  const lost = { match: 'POST .*/ui-api/records$', times: 99, reset: 'after-commit' };
  await control(two.rig.emulator.url, 'faults', [lost]);
  two.sql("INSERT INTO contacts (_key, LastName, Title) VALUES ('k', 'Ng', 'one')");
  await two.cycle();
  expect(await two.states()).toEqual(['in-doubt']);
  two.sql("UPDATE contacts SET Title = 'two' WHERE _key = 'k'");
  await control(two.rig.emulator.url, 'faults', []);
  const [id] = [...(await two.org())].flatMap(([one, row]) => (row.LastName === 'Ng' ? [one] : []));
  return id ?? '';
}

/** A person's word, or what Salesforce answers the next time. */
async function settleLost(two: TwoWayRig, id: string, by: string): Promise<void> {
  const { context, signal } = two.rig;
  const [entry] = await context.mirror.outbox.list({ states: ['in-doubt'] });
  if (by === 'a person') await settleAs(context, entry!, id, { signal });
  await two.cycle();
  await two.cycle();
}

const readBackFails = () => Promise.reject(new Error('cut'));

describe('what a trigger of the org has made of our own value', () => {
  it.each(['salesforce-wins', 'local-wins', 'manual'] as const)(
    'before it was read back does not stand against the next edit: %s',
    async (policy) => {
      await using two = await twoWay(policy);
      const [id = ''] = two.ids;
      await rewrites(two, 'Title');
      two.sql("UPDATE contacts SET Title = 'one' WHERE Id = ?", id);
      await cycleWith(two, 2, () => two.sql("UPDATE contacts SET Title = 'two' WHERE Id = ?", id));
      await two.cycle();
      expect(await two.states()).toEqual(['done', 'done']);
      expect((await two.org()).get(id)).toMatchObject({ Title: 'TWO' });
      expect(two.rows('Id = ?', id)).toMatchObject([{ Title: 'TWO', _state: 'synced' }]);
      expect(await two.notes()).toEqual([]);
    },
  );

  it('is read back before the next edit is looked at, where that failed', async () => {
    await using two = await twoWay();
    const [id = ''] = two.ids;
    await rewrites(two, 'Title');
    two.sql("UPDATE contacts SET Title = 'one' WHERE Id = ?", id);
    await cycleWith(two, 2, readBackFails);
    two.sql("UPDATE contacts SET Title = 'two' WHERE Id = ?", id);
    await two.cycle();
    expect(await two.states()).toEqual(['done', 'done']);
    expect((await two.org()).get(id)).toMatchObject({ Title: 'TWO' });
    expect(await two.notes()).toEqual([]);
  });

  it('does not stand against an edit that waits on while a user changes another field', async () => {
    await using two = await twoWay();
    const [id = ''] = two.ids;
    await rewrites(two, 'Title');
    two.sql("UPDATE contacts SET Title = 'one' WHERE Id = ?", id);
    await cycleWith(two, 2, () => two.sql("UPDATE contacts SET Title = 'two' WHERE Id = ?", id));
    await two.theirs('touch', { ids: [id], set: { Department: 'Theirs' } });
    await two.cycle();
    expect((await two.org()).get(id)).toMatchObject({ Title: 'TWO', Department: 'Theirs' });
    expect(await two.notes()).toEqual([]);
  });

  it('does not stand against a deletion', async () => {
    await using two = await twoWay();
    const [id = ''] = two.ids;
    await rewrites(two, 'Title');
    two.sql("UPDATE contacts SET Title = 'one' WHERE Id = ?", id);
    await cycleWith(two, 2, () => two.sql('DELETE FROM contacts WHERE Id = ?', id));
    await two.cycle();
    expect(await two.states()).toEqual(['done', 'done']);
    expect((await two.org()).has(id)).toBe(false);
  });

  it.each(['edited', 'deleted'])(
    'at a creation does not stand against what is %s behind it',
    async (what) => {
      await using two = await twoWay();
      await rewrites(two, 'Title');
      two.sql("INSERT INTO contacts (_key, LastName, Title) VALUES ('k', 'Ng', 'one')");
      await cycleWith(two, 1, () =>
        what === 'edited'
          ? two.sql("UPDATE contacts SET Title = 'two' WHERE _key = 'k'")
          : two.sql("DELETE FROM contacts WHERE _key = 'k'"),
      );
      await two.cycle();
      expect(await two.states()).toEqual(['done', 'done']);
      const made = [...(await two.org()).values()].filter(({ LastName }) => LastName === 'Ng');
      expect(made).toMatchObject(what === 'edited' ? [{ Title: 'TWO' }] : []);
      expect(await two.notes()).toEqual([]);
    },
  );

  it.each(['a person', 'an answer'])(
    'at a creation that was settled long after it, by %s, does not stand either',
    async (by) => {
      await using two = await twoWay();
      await rewrites(two, 'Title');
      const id = await editBehindLost(two);
      two.rig.pass(20 * minute);
      await settleLost(two, id, by);
      expect(await two.states()).toEqual(['done', 'done']);
      expect((await two.org()).get(id)).toMatchObject({ Title: 'TWO' });
      expect(await two.notes()).toEqual([]);
    },
  );

  it('by a push does not stand against an edit behind it', async () => {
    await using two = await twoWay();
    const [id = ''] = two.ids;
    await rewrites(two, 'Title');
    two.sql("UPDATE contacts SET Department = 'Ours' WHERE Id = ?", id);
    const { context, signal } = two.rig;
    await pushAll(context, recordsOf([{ Id: id, Title: 'one' }]), { signal, queue: true });
    two.sql("UPDATE contacts SET Title = 'two' WHERE Id = ?", id);
    await two.cycle();
    await two.cycle();
    expect(await two.states()).toEqual(['done', 'done', 'done']);
    expect((await two.org()).get(id)).toMatchObject({ Title: 'TWO', Department: 'Ours' });
    expect(await two.notes()).toEqual([]);
  });

  it('goes with a number, a date and a box in the forms in which the mirror keeps them', async () => {
    await using two = await twoWay();
    const [id = ''] = two.ids;
    await rewrites(two, 'Title');
    two.sql(
      "UPDATE contacts SET Title = 'one', Birthdate = '1990-01-02', Newsletter__c = 1 WHERE Id = ?",
      id,
    );
    await cycleWith(two, 2, () =>
      two.sql(
        "UPDATE contacts SET Title = 'two', Birthdate = '1991-01-02', Newsletter__c = 0 WHERE Id = ?",
        id,
      ),
    );
    await two.cycle();
    expect((await two.org()).get(id)).toMatchObject({
      ...{ Title: 'TWO', Birthdate: '1991-01-02', Newsletter__c: false },
    });
    expect(await two.notes()).toEqual([]);
  });
});

it('an edit is not based on what the mirror had before the own write that could not be read back', async () => {
  await using two = await twoWay();
  const [id = ''] = two.ids;
  const { emulator, pass } = two.rig;
  two.sql("UPDATE contacts SET Title = 'zero' WHERE Id = ?", id);
  await two.cycle();
  pass(3_000);
  two.sql("UPDATE contacts SET Title = 'one' WHERE Id = ?", id);
  await cycleWith(two, 3, async () => {
    two.sql("UPDATE contacts SET Title = 'two' WHERE Id = ?", id);
    await control(emulator.url, 'visibility', { ids: [id], hidden: true });
  });
  // The second was sent, and the mirror still has the first.
  expect(await two.states()).toEqual(['done', 'done', 'pending']);
  await control(emulator.url, 'visibility', { ids: [id], hidden: false });
  await two.cycle();
  expect((await two.org()).get(id)).toMatchObject({ Title: 'two' });
  expect(await two.notes()).toEqual([]);
});

describe('what a user has made of our own value', () => {
  it.each([
    ['at once', 0],
    ['later', 3 * minute],
  ])('%s is no work of our own request', async (_, ms) => {
    await using two = await twoWay();
    const [id = ''] = two.ids;
    two.sql("UPDATE contacts SET Title = 'one' WHERE Id = ?", id);
    await cycleWith(two, 2, async () => {
      two.rig.pass(ms);
      await two.theirs('touch', { ids: [id], set: { Title: 'Theirs' } });
      two.sql("UPDATE contacts SET Title = 'two' WHERE Id = ?", id);
    });
    await two.cycle();
    expect(await two.states()).toEqual(['done', 'dropped']);
    expect((await two.org()).get(id)).toMatchObject({ Title: 'Theirs' });
    expect(await two.notes()).toMatchObject([
      expect.stringContaining('Title "two" from here is dropped for "Theirs"'),
    ]);
  });

  it('and has changed another field since is no work of our own request', async () => {
    await using two = await twoWay();
    const [id = ''] = two.ids;
    await rewrites(two, 'Title');
    two.sql("UPDATE contacts SET Title = 'one' WHERE Id = ?", id);
    await cycleWith(two, 2, async () => {
      await two.theirs('touch', { ids: [id], set: { Title: 'Theirs' } });
      await two.theirs('touch', { ids: [id], set: { Department: 'Theirs' } });
      two.sql("UPDATE contacts SET Title = 'two' WHERE Id = ?", id);
    });
    await two.cycle();
    expect((await two.org()).get(id)?.Title).toMatch(/^theirs$/i);
  });

  it('with the same login, minutes later, is no work of our own request', async () => {
    await using two = await twoWay();
    const [id = ''] = two.ids;
    const { pass } = two.rig;
    two.sql("UPDATE contacts SET Title = 'one' WHERE Id = ?", id);
    await cycleWith(two, 2, async () => {
      pass(3 * minute);
      await byTheLogin(two, id, { Title: 'Theirs' });
      two.sql("UPDATE contacts SET Title = 'two' WHERE Id = ?", id);
    });
    await two.cycle();
    expect(await two.states()).toEqual(['done', 'dropped']);
    expect((await two.org()).get(id)).toMatchObject({ Title: 'Theirs' });
  });

  it.each(['a person', 'an answer'])(
    'with the same login before a creation was settled by %s is no work of our own request',
    async (by) => {
      await using two = await twoWay();
      const id = await editBehindLost(two);
      two.rig.pass(10 * minute);
      await byTheLogin(two, id, { Title: 'Theirs' });
      two.rig.pass(10 * minute);
      await settleLost(two, id, by);
      expect(await two.states()).toEqual(['done', 'dropped']);
      expect((await two.org()).get(id)).toMatchObject({ Title: 'Theirs' });
    },
  );

  it('with the same login while a long job was under way is no work of the job', async () => {
    await using two = await twoWay();
    const [id = ''] = two.ids;
    const { context, signal, pass } = two.rig;
    const own = context.records;
    let asked = 0;
    const info: typeof own.ingest.info = async (...given) => {
      const job = await own.ingest.info(...given);
      if (job?.state !== 'JobComplete' || ++asked > 1) return job;
      two.sql("UPDATE contacts SET Title = 'two' WHERE Id = ?", id);
      pass(10 * minute);
      await byTheLogin(two, id, { Title: 'Theirs' });
      pass(10 * minute);
      return job;
    };
    const records = { ...own, ingest: { ...own.ingest, info } };
    const one = recordsOf([{ Id: id, Title: 'one' }]);
    await pushAll({ ...context, records }, one, { signal, api: 'bulk' });
    expect(asked).toBeGreaterThan(0);
    await two.cycle();
    await two.cycle();
    expect(await two.states()).toEqual(['done', 'dropped']);
    expect((await two.org()).get(id)).toMatchObject({ Title: 'Theirs' });
  });
});

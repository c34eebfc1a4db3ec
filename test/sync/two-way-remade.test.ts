import { describe, expect, it } from 'vitest';
import { contactsOf, control } from '../e2e/org.ts';
import { type TwoWayRig, twoWay } from './two-way-rig.ts';

const minute = 60_000;

/** A contact that a program has made, that a user has deleted before its answer was known, and that waits for a person. */
async function madeAndDeleted(meanwhile: (two: TwoWayRig, id: string) => void | Promise<void>) {
  const two = await twoWay('manual');
  const { emulator, pass } = two.rig;
  const { url } = emulator;
  await control(url, 'settings', { idempotency: false });
  await control(url, 'faults', [{ match: 'POST .*/composite/sobjects$', times: 9, reset: 'after-commit' }]);
  two.sql("INSERT INTO contacts (_key, LastName) VALUES ('ours', 'Made')");
  await two.cycle();
  expect(await two.states()).toEqual(['in-doubt']);
  await control(url, 'faults', []);
  const [first] = await made(two);
  await meanwhile(two, String(first?.Id));
  await two.theirs('delete', { ids: [first?.Id] });
  for (let n = 0; n < 2; n++) {
    pass(3 * minute);
    await two.cycle();
  }
  return { two, former: String(first?.Id) };
}

const made = async ({ rig }: TwoWayRig) =>
  (await contactsOf(rig.emulator.url)).filter(({ LastName }) => LastName === 'Made');

async function takeLocal(two: TwoWayRig) {
  const { mirror, clock } = two.rig.context;
  const entries = await mirror.outbox.list({ states: ['conflict'] });
  await mirror.outbox.move(
    entries.map(({ key }) => key),
    ['conflict'],
    'pending',
    clock.now(),
  );
}

/** A person has it made once more, and the answer is lost; what was made. */
async function madeAgainUnanswered(two: TwoWayRig) {
  await takeLocal(two);
  await control(two.rig.emulator.url, 'faults', [
    { match: 'POST .*/composite/sobjects$', times: 1, reset: 'after-commit' },
  ]);
  await two.cycle();
  return (await made(two))[0];
}

async function comeToRest(two: TwoWayRig) {
  for (let n = 0; n < 3; n++) {
    two.rig.pass(3 * minute);
    await two.cycle();
  }
}

describe('a contact that a person has made once more', () => {
  it('takes the edits that were waiting for it', async () => {
    const { two, former } = await madeAndDeleted(({ sql }) =>
      sql("UPDATE contacts SET Title = 'Ours' WHERE _key = 'ours'"),
    );
    await using _two = two;
    expect(await two.states()).toEqual(['conflict', 'pending']);
    await takeLocal(two);
    await comeToRest(two);
    expect(await two.states()).toEqual(['done', 'done']);
    const [again, ...others] = await made(two);
    expect(others).toEqual([]);
    expect(again).toMatchObject({ Title: 'Ours' });
    expect(again?.Id).not.toBe(former);
    expect(two.rows("_key = 'ours'")).toMatchObject([{ Id: again?.Id, Title: 'Ours', _state: 'synced' }]);
  });

  it('takes its deletion', async () => {
    const { two } = await madeAndDeleted(({ sql }) => sql("DELETE FROM contacts WHERE _key = 'ours'"));
    await using _two = two;
    await takeLocal(two);
    await comeToRest(two);
    expect(await made(two)).toEqual([]);
    expect(two.rows("_key = 'ours'")).toEqual([]);
  });

  it('loses nothing of what was written by its key to what was written by the Id of the former one', async () => {
    const { two, former } = await madeAndDeleted(async ({ sql, rows, cycle }, id) => {
      // A pull brings it before it is known whose it is.
      await cycle();
      expect(rows('Id = ?', id)).toMatchObject([{ _key: id }]);
      sql("UPDATE contacts SET Title = 'By its key', Department = 'Ours' WHERE _key = 'ours'");
      sql("UPDATE contacts SET Title = 'By its Id' WHERE Id = ?", id);
    });
    await using _two = two;
    await takeLocal(two);
    await comeToRest(two);
    const [again] = await made(two);
    expect(again).toMatchObject({ Title: 'By its key', Department: 'Ours' });
    await two.theirs('undelete', { ids: [former] });
    await comeToRest(two);
    expect(two.rows("LastName = 'Made'").map(({ _key }) => _key)).toEqual(
      expect.arrayContaining(['ours', former]),
    );
  });

  it('and that a user has deleted once more is what its conflict names', async () => {
    const { two, former } = await madeAndDeleted(() => {});
    await using _two = two;
    const again = await madeAgainUnanswered(two);
    expect(again?.Id).not.toBe(former);
    await two.theirs('delete', { ids: [again?.Id] });
    await comeToRest(two);
    expect(await two.rig.context.mirror.outbox.list()).toMatchObject([
      { state: 'conflict', contactId: again?.Id },
    ]);
  });

  it.each(['seen', 'unseen'])(
    'is not made a second time where a user has restored the former one: %s by the mirror',
    async (which) => {
      const { two, former } = await madeAndDeleted(({ sql }) =>
        sql("UPDATE contacts SET Title = 'Ours' WHERE _key = 'ours'"),
      );
      await using _two = two;
      if (which === 'unseen') await takeLocal(two);
      await two.theirs('undelete', { ids: [former] });
      two.rig.pass(3 * minute);
      if (which === 'seen') {
        await two.cycle();
        await takeLocal(two);
      }
      await comeToRest(two);
      expect(await two.states()).toEqual(['done', 'done']);
      expect(await made(two)).toMatchObject([{ Id: former, Title: 'Ours' }]);
      expect(two.rows("LastName = 'Made'")).toMatchObject([
        { _key: 'ours', Id: former, Title: 'Ours', _state: 'synced' },
      ]);
    },
  );

  it('keeps its key where a user restores the former one before its answer is known', async () => {
    const { two, former } = await madeAndDeleted(() => {});
    await using _two = two;
    const again = await madeAgainUnanswered(two);
    two.sql("UPDATE contacts SET Title = 'Ours' WHERE _key = 'ours'");
    await two.theirs('undelete', { ids: [former] });
    await two.theirs('touch', { ids: [former], set: { Department: 'Theirs' } });
    two.rig.pass(minute);
    await two.cycle();
    const rows = () =>
      Object.fromEntries(two.rows("LastName = 'Made'").map(({ _key, Id, Title }) => [_key, [Id, Title]]));
    expect(rows()).toMatchObject({ ours: [null, 'Ours'], [former]: [former, null] });
    await comeToRest(two);
    await comeToRest(two);
    expect(rows()).toEqual({ ours: [again?.Id, 'Ours'], [former]: [former, null] });
  });
});

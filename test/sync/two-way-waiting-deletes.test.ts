import { describe, expect, it } from 'vitest';
import { twoWay } from './two-way-rig.ts';

describe('a delete that waits for a person', () => {
  it.each([
    ['an edit, which is based on what is shown', "UPDATE contacts SET Title = 'Kept' WHERE Id = ?", true],
    ['another delete, of what is shown', 'DELETE FROM contacts WHERE Id = ?', false],
  ])('in conflict is seen in the view with the reason, and gives way to %s', async (_, sql, lives) => {
    await using two = await twoWay('manual');
    const [id] = two.ids as [string];
    two.sql('DELETE FROM contacts WHERE Id = ?', id);
    await two.theirs('touch', { ids: [id], set: { Title: 'Theirs' } });
    expect((await two.cycle()).push).toMatchObject({ conflicts: 1, pushed: 0 });
    await two.theirs('touch', { ids: [id], set: { Title: 'Later' } });
    two.rig.pass(120_000);
    await two.cycle();
    expect(two.rows('Id = ?', id)).toMatchObject([
      { Title: 'Later', _state: 'conflict', _error: expect.stringContaining('Title is "Theirs"') },
    ]);
    expect(() => two.sql('INSERT INTO contacts (_key, LastName) VALUES (?, ?)', id, 'Ng')).toThrow();
    two.sql(sql, id);
    expect(two.rows('Id = ?', id)).toMatchObject(
      lives ? [{ Title: 'Kept', _state: 'pending', _error: null }] : [],
    );
    expect((await two.cycle()).push).toMatchObject({ conflicts: 0, pushed: 1 });
    const org = await two.org();
    expect(org.has(id)).toBe(lives);
    if (lives) expect(org.get(id)).toMatchObject({ Title: 'Kept' });
    expect(await two.states()).toEqual(['dropped', 'done']);
  });

  it.each([
    ['local', false, 'done'],
    ['salesforce', true, 'dropped'],
  ] as const)(
    'in conflict and decided for %s is seen no more, or is the contact',
    async (side, lives, state) => {
      await using two = await twoWay('manual');
      const { outbox } = two.rig.context.mirror;
      const [id] = two.ids as [string];
      two.sql('DELETE FROM contacts WHERE Id = ?', id);
      await two.theirs('touch', { ids: [id], set: { Title: 'Theirs' } });
      await two.cycle();
      const keys = (await outbox.list({ states: ['conflict'] })).map(({ key }) => key);
      if (side === 'local') await outbox.move(keys, ['conflict'], 'pending', 0);
      else await outbox.takeTheirs(keys, 0);
      expect(two.rows('Id = ?', id)).toMatchObject(lives ? [{ _state: 'synced', _error: null }] : []);
      two.rig.pass(120_000);
      await two.cycle();
      expect((await two.org()).has(id)).toBe(lives);
      expect(await two.states()).toEqual([state]);
    },
  );

  it('held is seen in the view, goes when it is approved, and gives way to what comes later', async () => {
    await using two = await twoWay('salesforce-wins', 110);
    const { outbox } = two.rig.context.mirror;
    two.sql('DELETE FROM contacts WHERE Id IN (SELECT Id FROM contact LIMIT 103)');
    await two.cycle();
    const held = two.rows("_state = 'held' ORDER BY Id").map(({ Id }) => String(Id));
    expect(held).toHaveLength(103);
    expect(two.rows("_state = 'held' AND _error LIKE 'Held,%outbox approve --all%'")).toHaveLength(103);
    const [edited, deleted] = held as [string, string];
    two.sql("UPDATE contacts SET Title = 'Kept' WHERE Id = ?", edited);
    two.sql('DELETE FROM contacts WHERE Id = ?', deleted);
    expect(two.rows('Id = ?', edited)).toMatchObject([{ Title: 'Kept', _state: 'pending' }]);
    expect(two.rows('Id = ?', deleted)).toEqual([]);
    // With those that were held before it is too much as well.
    await two.cycle();
    expect(two.rows("_state = 'held' ORDER BY Id").map(({ Id }) => Id)).toEqual(
      held.filter((id) => id !== edited),
    );
    const waiting = (await outbox.list({ states: ['held'] })).map(({ key }) => key);
    await outbox.move(waiting, ['held'], 'pending', 0);
    expect(two.rows("_state <> 'synced'")).toEqual([]);
    await two.cycle();
    const org = await two.org();
    expect(org.size).toBe(8);
    expect(org.get(edited)).toMatchObject({ Title: 'Kept' });
    expect(
      two
        .rows('1')
        .map(({ Id }) => Id)
        .toSorted(),
    ).toEqual([...org.keys()].toSorted());
  });
});

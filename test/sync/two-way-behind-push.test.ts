import { describe, expect, it } from 'vitest';
import { pushAll, recordsOf } from './push-all.ts';
import { type TwoWayRig, twoWay } from './two-way-rig.ts';

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

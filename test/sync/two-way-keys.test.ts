import { describe, expect, it } from 'vitest';
import { control } from '../e2e/org.ts';
import { type TwoWayRig, twoWay } from './two-way-rig.ts';

const insert = "INSERT INTO contacts (_key, LastName) VALUES ('app-1', 'Ng')";

async function made(): Promise<TwoWayRig & { id: string }> {
  const two = await twoWay();
  two.sql(insert);
  await two.cycle();
  const [row] = two.rows("_key = 'app-1'");
  return Object.assign(two, { id: String(row!.Id) });
}

describe('the key of a contact that is gone', () => {
  it.each([
    ['deleted in Salesforce', (two: TwoWayRig, id: string) => two.theirs('delete', { ids: [id] })],
    [
      'merged in Salesforce',
      (two: TwoWayRig, id: string) => two.theirs('merge', { master: two.ids[0]!, losers: [id] }),
    ],
    ['deleted by a program', async (two: TwoWayRig) => two.sql("DELETE FROM contacts WHERE _key = 'app-1'")],
  ])('can be given to a new one: %s', async (_, goes) => {
    await using two = await made();
    await goes(two, two.id);
    await two.cycle();
    two.rig.pass(120_000);
    await two.cycle();
    expect(two.rows("_key = 'app-1'")).toEqual([]);
    two.sql(insert);
    expect(two.rows("_key = 'app-1'")).toMatchObject([{ Id: null, _state: 'pending' }]);
    await two.cycle();
    const [row] = two.rows("_key = 'app-1'");
    expect(row).toMatchObject({ _state: 'synced' });
    expect(row!.Id).not.toBe(two.id);
  });

  it('stays with the new one where the first is restored, which goes by its Id', async () => {
    await using two = await made();
    await two.theirs('delete', { ids: [two.id] });
    await two.cycle();
    two.sql(insert);
    await two.theirs('undelete', { ids: [two.id] });
    two.rig.pass(120_000);
    await two.cycle();
    two.rig.pass(120_000);
    await two.cycle();
    const rows = two.rows("LastName = 'Ng'");
    expect(rows.map(({ _key }) => _key).toSorted()).toEqual([two.id, 'app-1'].toSorted());
    expect(rows.find(({ _key }) => _key === two.id)).toMatchObject({ Id: two.id });
  });

  it('is refused with what to do as long as the deletion is under way, and where the contact lives', async () => {
    await using two = await made();
    expect(() => two.sql(insert)).toThrow(/there already: UPDATE it/);
    two.sql("DELETE FROM contacts WHERE _key = 'app-1'");
    expect(() => two.sql(insert)).toThrow(/still being deleted: give it again when that is done/);
  });
});

describe('bytes that are no UTF-8', () => {
  const values = [
    ['a Latin-1 letter', "CAST(x'4dfc6c6c6572' AS TEXT)"],
    ['one at the end', "CAST(x'4dfc' AS TEXT)"],
    ['a Latin-1 blank', "CAST(x'4da04d' AS TEXT)"],
    ['one beside right ones', "'M' || char(252) || char(160) || 'x' || CAST(x'b0' AS TEXT)"],
    ['one beside U+FFFD', "char(65533) || CAST(x'e9' AS TEXT)"],
    ['half of a character as UTF-16 writes it', "CAST(x'eda080' AS TEXT)"],
  ] as const;

  it.each(values)('are refused in a value, by the name of the field: %s', async (_, value) => {
    await using two = await twoWay();
    const [id] = two.ids as [string];
    expect(() => two.sql(`UPDATE contacts SET Title = ${value} WHERE Id = ?`, id)).toThrow(
      /Title holds bytes that are no UTF-8/,
    );
    expect(() => two.sql(`INSERT INTO contacts (LastName) VALUES (${value})`)).toThrow(
      /LastName holds bytes that are no UTF-8/,
    );
  });

  it.each(values)('are refused in a key: %s', async (_, value) => {
    await using two = await twoWay();
    expect(() => two.sql(`INSERT INTO contacts (_key, LastName) VALUES (${value}, 'Ng')`)).toThrow(
      /_key holds bytes that are no UTF-8/,
    );
  });

  it('are told from all that is UTF-8', async () => {
    await using two = await twoWay();
    const [id] = two.ids as [string];
    const right = [
      'Müller',
      '\u00a0\u00bf\u0080',
      'Ünï©ødé °§«»',
      '日本語',
      '😀 𝒳',
      'x\ufffdy',
      '\ue000\ufeff',
    ];
    for (const title of right) {
      two.sql('UPDATE contacts SET Title = ? WHERE Id = ?', title, id);
      expect(two.rows('Id = ?', id)).toMatchObject([{ Title: title }]);
    }
  });
});

describe('a delete that Salesforce refuses', () => {
  it.each([
    ['an edit', "UPDATE contacts SET Title = 'Kept' WHERE Id = ?", true],
    ['another delete', 'DELETE FROM contacts WHERE Id = ?', false],
  ])('is seen in the view with its reason, and gives way to %s', async (_, sql, lives) => {
    await using two = await twoWay();
    const [id] = two.ids as [string];
    two.sql('DELETE FROM contacts WHERE Id = ?', id);
    expect(two.rows('Id = ?', id)).toEqual([]);
    const error = { statusCode: 'DELETE_FAILED', message: 'It has cases.', fields: [] };
    await refuseOnce(two, [{ id, success: false, errors: [error] }]);
    await two.cycle();
    expect(two.rows('Id = ?', id)).toMatchObject([
      { _state: 'rejected', _error: expect.stringContaining('It has cases.') },
    ]);
    two.sql(sql, id);
    expect(two.rows('Id = ?', id)).toMatchObject(lives ? [{ _state: 'pending', _error: null }] : []);
    await two.cycle();
    const org = await two.org();
    expect(org.has(id)).toBe(lives);
    if (lives) expect(org.get(id)).toMatchObject({ Title: 'Kept' });
    const states = (await two.rig.context.mirror.outbox.list()).map(({ state }) => state);
    expect(states).toEqual(['dropped', 'done']);
  });
});

async function refuseOnce({ rig }: TwoWayRig, answer: object[]): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  const body = JSON.stringify(answer);
  await control(rig.emulator.url, 'faults', [
    { match: 'DELETE .*/composite/sobjects', times: 1, status: 200, headers, body },
  ]);
}

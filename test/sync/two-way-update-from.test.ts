import { expect, it } from 'vitest';
import { twoWay } from './two-way-rig.ts';

/** How a program brings the values of a table of its own to contacts: SQLite since 3.33. */
const from = (where: string) =>
  `UPDATE contacts SET Title = o.title FROM (SELECT ? AS id, 'Chair' AS title) o WHERE ${where}`;

it.each([
  ['contacts._key = o.id'],
  ['contacts.Id = o.id'],
  ['contacts.Id = o.id AND contacts._key = o.id'],
  ["contacts._key = o.id AND contacts._state = 'synced'"],
  ["contacts.Id = o.id AND contacts._key = o.id AND contacts._state = 'synced' AND contacts.LastName <> ''"],
])(
  'UPDATE … FROM, of which SQLite shows a part alone, is refused with a word on the way round: %s',
  async (where) => {
    await using two = await twoWay();
    const [id = ''] = two.ids;
    const before = two.rows('_key = ?', id);
    expect(() => two.sql(from(where), id)).toThrow(/^UPDATE … FROM is not taken.*\(SELECT title FROM other/);
    expect(two.rows('_key = ?', id)).toEqual(before);
    expect(await two.states()).toEqual([]);
    two.sql(
      `UPDATE contacts SET Title = (SELECT 'Chair' FROM (SELECT ? AS key) o WHERE o.key = contacts._key)
     WHERE _key IN (SELECT ?)`,
      id,
      id,
    );
    await two.cycle();
    expect((await two.org()).get(id)).toMatchObject({ Title: 'Chair' });
  },
);

it.each([
  [from('contacts._key = o.id')],
  [from("contacts._key = o.id AND contacts._state = 'pending' AND contacts.LastName = 'Ng'")],
  [
    from(
      "contacts._key = o.id AND contacts._state = 'pending' AND coalesce(contacts.Title, contacts.LastName) = 'Ng'",
    ),
  ],
  [
    `UPDATE contacts SET LastName = 'Oh' FROM (SELECT ? AS id) o
     WHERE contacts._key = o.id AND contacts._state = 'pending' AND contacts.Department = 'D'`,
  ],
])('is refused of a row that waits to be sent, too: %s', async (statement) => {
  await using two = await twoWay();
  two.sql(
    "INSERT INTO contacts (_key, LastName, Department, Email) VALUES ('k', 'Ng', 'D', 'ng@example.com')",
  );
  const before = two.rows("_key = 'k'");
  expect(() => two.sql(statement, 'k')).toThrow('UPDATE … FROM is not taken');
  expect(two.rows("_key = 'k'")).toEqual(before);
  two.sql("UPDATE contacts SET Email = NULL, Title = 'Chair' WHERE _key = 'k'");
  await two.cycle();
  const made = [...(await two.org()).values()].find(({ LastName }) => LastName === 'Ng');
  expect(made).toMatchObject({ Department: 'D', Title: 'Chair', Email: null });
});

it('an UPDATE is taken whose row a trigger of the program itself has changed before', async () => {
  await using two = await twoWay();
  const [id = ''] = two.ids;
  two.sql('UPDATE contacts SET Title = NULL WHERE Id = ?', id);
  await two.cycle();
  two.sql(`CREATE TEMP TRIGGER stamp INSTEAD OF UPDATE ON contacts WHEN NEW.Title IS OLD.Title
    BEGIN UPDATE contacts SET Title = 'Stamped' WHERE _key = NEW._key; END`);
  two.sql("UPDATE contacts SET FirstName = 'Ada' WHERE Id = ?", id);
  await two.cycle();
  expect((await two.org()).get(id)).toMatchObject({ FirstName: 'Ada', Title: 'Stamped' });
});

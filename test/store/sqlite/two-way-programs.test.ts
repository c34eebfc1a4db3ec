import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { idOf, openTwoWayMirror, person, type TwoWayMirror } from './two-way-mirror.ts';

/** Of the statements that are refused, which change nothing of it. */
let shared: TwoWayMirror;
beforeAll(async () => {
  shared = await openTwoWayMirror();
});
afterAll(() => shared[Symbol.asyncDispose]());

/** Programs differ in how they set SQLite up, and in what they believe of a view. */
describe('a program that', () => {
  test('lets triggers recurse and trusts no schema writes all the same', async () => {
    await using two = await openTwoWayMirror();
    two.program.pragma('recursive_triggers = ON');
    two.program.pragma('trusted_schema = OFF');
    two.program.pragma('foreign_keys = ON');
    two.program.exec(`INSERT INTO contacts (_key, LastName, Birthdate) VALUES ('k', 'Ng', '1990-02-28');
      UPDATE contacts SET FirstName = 'Ada' WHERE _key = 'k';
      UPDATE contacts SET FirstName = 'Bo' WHERE Id = '${idOf(1)}';
      DELETE FROM contacts WHERE Id = '${idOf(2)}'`);
    expect(await two.asked()).toMatchObject([
      {
        op: 'create',
        contactKey: 'k',
        changes: { LastName: 'Ng', FirstName: 'Ada', Birthdate: '1990-02-28' },
      },
      { op: 'update', contactId: idOf(1), changes: { FirstName: 'Bo' } },
      { op: 'delete', contactId: idOf(2) },
    ]);
  });

  test.each([
    [
      "INSERT INTO contacts (_key, LastName) VALUES ('k', 'B') ON CONFLICT DO NOTHING",
      'cannot UPSERT a view',
    ],
    [
      "INSERT INTO contacts (_key, LastName) VALUES ('k', 'B') ON CONFLICT (_key) DO UPDATE SET LastName = 'B'",
      'cannot UPSERT a view',
    ],
    [
      `INSERT OR REPLACE INTO contacts SELECT * FROM contacts WHERE Id = '${idOf(1)}'`,
      'Id is given by Salesforce',
    ],
    [
      `REPLACE INTO contacts (_key, LastName) VALUES ('${idOf(1)}', 'B')`,
      '_key looks like an Id of Salesforce',
    ],
    [
      `UPDATE contacts SET Id = '${idOf(9)}' WHERE Id = '${idOf(1)}'`,
      'Id is given by Salesforce and never changes.',
    ],
    [`UPDATE contacts SET Id = NULL WHERE Id = '${idOf(1)}'`, 'Id is given by Salesforce and never changes.'],
    [`UPDATE OR REPLACE contacts SET _key = '${idOf(2)}' WHERE Id = '${idOf(1)}'`, '_key never changes.'],
    [`UPDATE OR IGNORE contacts SET LastName = NULL WHERE Id = '${idOf(1)}'`, 'LastName cannot be empty.'],
    [`UPDATE contacts SET FirstName = x'ff00' WHERE Id = '${idOf(1)}'`, 'not a blob'],
    [
      `UPDATE contacts SET FirstName = printf('%.1000000c', 'x') WHERE Id = '${idOf(1)}'`,
      'FirstName is too long',
    ],
    [`UPDATE contacts SET Spent__c = 9e999 WHERE Id = '${idOf(1)}'`, 'Spent__c takes a finite number.'],
    [`UPDATE contacts SET DoNotCall = NULL WHERE Id = '${idOf(1)}'`, 'DoNotCall takes 0 or 1.'],
  ])('says %s is told why not, and has changed nothing', async (sql, message) => {
    const two = shared;
    const before = two.sql('SELECT * FROM contacts ORDER BY Id');
    expect(() => two.program.exec(sql)).toThrow(message);
    expect(two.sql('SELECT * FROM contacts ORDER BY Id')).toEqual(before);
    expect(await two.asked()).toEqual([]);
  });

  test('counts characters as Salesforce does, emoji too', async () => {
    await using two = await openTwoWayMirror();
    // Help 005166849: a surrogate pair is two characters.
    const text = '👩🏽‍🚀é'.repeat(5);
    expect(text).toHaveLength(40);
    expect([...text]).toHaveLength(25);
    two.program.prepare('UPDATE contacts SET FirstName = ? WHERE Id = ?').run(text, idOf(1));
    expect(await two.asked()).toMatchObject([{ changes: { FirstName: text } }]);
    expect(() =>
      two.program.prepare('UPDATE contacts SET FirstName = ? WHERE Id = ?').run(`${text}x`, idOf(1)),
    ).toThrow('FirstName is too long');
  });

  test('changes several rows in a statement of which one is refused has changed none', async () => {
    await using two = await openTwoWayMirror();
    expect(() =>
      two.program.exec(`UPDATE contacts SET FirstName = CASE Id WHEN '${idOf(2)}' THEN x'00' ELSE 'x' END`),
    ).toThrow('not a blob');
    expect(await two.asked()).toEqual([]);
    expect(two.sql('SELECT 1 FROM contact_local')).toEqual([]);
  });

  test('rolls back to a savepoint takes back what it wrote since, and nothing else', async () => {
    await using two = await openTwoWayMirror();
    two.program.exec(`BEGIN; UPDATE contacts SET FirstName = 'kept' WHERE Id = '${idOf(1)}';
      SAVEPOINT s; UPDATE contacts SET FirstName = 'lost', Email = 'lost@example.com' WHERE Id = '${idOf(1)}';
      INSERT INTO contacts (LastName) VALUES ('Lost'); ROLLBACK TO s; COMMIT`);
    expect(await two.asked()).toMatchObject([{ op: 'update', changes: { FirstName: 'kept' } }]);
    expect((await two.asked())[0]?.changes).toEqual({ FirstName: 'kept' });
  });

  test('reads for long sees what it saw, and keeps neither programs nor pulls from writing', async () => {
    await using two = await openTwoWayMirror();
    using reader = closing(new Database(two.mirror.location));
    const names = () => reader.db.prepare('SELECT FirstName FROM contacts WHERE Id = ?').pluck().get(idOf(1));
    reader.db.exec('BEGIN');
    expect(names()).toBe('First1');
    two.program.exec(`UPDATE contacts SET FirstName = 'X' WHERE Id = '${idOf(1)}'`);
    await two.pull([person(2, { FirstName: 'Pulled' })]);
    expect(names()).toBe('First1');
    // It has read what is old: to write on would undo what it does not see.
    expect(() => reader.db.exec(`UPDATE contacts SET FirstName = 'Y' WHERE Id = '${idOf(1)}'`)).toThrow(
      'database is locked',
    );
    reader.db.exec('ROLLBACK');
    expect(names()).toBe('X');
  });

  test('has its own connection beside others writes into the same edit', async () => {
    await using two = await openTwoWayMirror();
    using other = closing(new Database(two.mirror.location));
    two.program.exec(`UPDATE contacts SET FirstName = 'A' WHERE Id = '${idOf(1)}'`);
    other.db.exec(`UPDATE contacts SET Email = 'b@example.com' WHERE Id = '${idOf(1)}'`);
    expect(await two.asked()).toMatchObject([
      {
        changes: { FirstName: 'A', Email: 'b@example.com' },
        base: { FirstName: 'First1', Email: 'p1@example.com' },
      },
    ]);
    two.program.exec(`BEGIN IMMEDIATE; UPDATE contacts SET FirstName = 'C' WHERE Id = '${idOf(2)}'`);
    other.db.pragma('busy_timeout = 0');
    expect(() => other.db.exec(`UPDATE contacts SET FirstName = 'D' WHERE Id = '${idOf(2)}'`)).toThrow(
      'locked',
    );
    two.program.exec('COMMIT');
    other.db.exec(`UPDATE contacts SET FirstName = 'D' WHERE Id = '${idOf(2)}'`);
    expect(await two.asked()).toMatchObject([
      {},
      { changes: { FirstName: 'D' }, base: { FirstName: 'First2' } },
    ]);
  });

  test('has opened the mirror for reading alone cannot write, and reads the edits of others', async () => {
    await using two = await openTwoWayMirror();
    using reader = closing(new Database(two.mirror.location, { readonly: true }));
    expect(() => reader.db.exec("INSERT INTO contacts (LastName) VALUES ('A')")).toThrow('readonly');
    two.program.exec("INSERT INTO contacts (_key, LastName) VALUES ('k', 'A')");
    expect(reader.db.prepare("SELECT _state FROM contacts WHERE _key = 'k'").pluck().get()).toBe('pending');
  });
});

test('off, the view is read as the table is', async () => {
  await using two = await openTwoWayMirror();
  await two.mirror.setTwoWay({ on: false, conflicts: 'manual' });
  const plan = (sql: string) =>
    (two.program.prepare(`EXPLAIN QUERY PLAN ${sql}`).all() as { detail: string }[]).map(
      ({ detail }) => detail,
    );
  for (const where of ["Id = 'x'", "Email = 'x'", "LastName > 'x' ORDER BY LastName", 'FirstName IS NULL'])
    expect(plan(`SELECT FirstName FROM contacts WHERE ${where}`)).toEqual(
      plan(`SELECT FirstName FROM contact WHERE _gone IS NULL AND ${where}`),
    );
});

function closing(db: Database.Database): { db: Database.Database } & Disposable {
  return { db, [Symbol.dispose]: () => db.close() };
}

import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { addColumns } from '../../../src/store/sqlite/add-columns.ts';

const columns = [
  { name: 'Email', type: 'TEXT' },
  { name: 'Say "hi"', type: 'REAL' },
  { name: 'order', type: 'INTEGER' },
];

describe.each([0, 2])('many columns come to a table of %i rows', (rows) => {
  function table() {
    const db = new Database(':memory:');
    db.exec(`CREATE TABLE person (
        id TEXT PRIMARY KEY NOT NULL, gone TEXT CHECK (gone IN ('yes', 'no'))
      );
      CREATE TABLE note (text TEXT);
      CREATE INDEX person_gone ON person (gone) WHERE gone IS NOT NULL;
      CREATE VIEW people AS SELECT id, gone, Email FROM person;
      CREATE TRIGGER person_added AFTER INSERT ON person BEGIN INSERT INTO note VALUES (NEW.id); END;
      CREATE TRIGGER note_added AFTER INSERT ON note BEGIN UPDATE person SET gone = 'no' WHERE id = NEW.text; END;`);
    for (let n = 0; n < rows; n++) db.prepare('INSERT INTO person (id) VALUES (?)').run(`old ${n}`);
    addColumns(db, 'person', columns);
    return db;
  }

  it('at its end, each of its type', () => {
    const db = table();
    expect(db.prepare("SELECT name, type FROM pragma_table_info('person')").raw().all()).toEqual([
      ['id', 'TEXT'],
      ['gone', 'TEXT'],
      ['Email', 'TEXT'],
      ['Say "hi"', 'REAL'],
      ['order', 'INTEGER'],
    ]);
  });

  it('and its rows, its rules, its index, its triggers and the views of it stay', () => {
    const db = table();
    db.exec("INSERT INTO person (id, Email) VALUES ('new', 'a@b.c')");
    expect(db.prepare('SELECT count(*) FROM people').pluck().get()).toBe(rows + 1);
    expect(db.prepare("SELECT Email, gone FROM people WHERE id = 'new'").get()).toEqual({
      Email: 'a@b.c',
      gone: 'no',
    });
    expect(() => db.exec("UPDATE person SET gone = 'perhaps'")).toThrow(/CHECK/);
    expect(() => db.exec("INSERT INTO person (id) VALUES ('new')")).toThrow(/UNIQUE/);
    const plan = db.prepare("EXPLAIN QUERY PLAN SELECT id FROM person WHERE gone = 'no'").all();
    expect(JSON.stringify(plan)).toContain('person_gone');
  });
});

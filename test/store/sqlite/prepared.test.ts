import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { prepared } from '../../../src/store/sqlite/prepared.ts';

test('a kept statement reads the database that is attached now, with the columns it has now', () => {
  const db = new Database(':memory:');
  const sql = 'SELECT * FROM spool.page';
  const seen: unknown[] = [];
  for (const columns of ['c0', 'c0, c1']) {
    prepared(db, 'ATTACH ? AS spool').run(':memory:');
    db.exec(`CREATE TABLE spool.page (${columns}); INSERT INTO spool.page (c0) VALUES ('${columns}')`);
    seen.push(prepared(db, sql).get());
    db.exec('DETACH spool');
  }
  expect(seen).toEqual([{ c0: 'c0' }, { c0: 'c0, c1', c1: null }]);
  expect(prepared(db, sql)).toBe(prepared(db, sql));
  db.close();
});

test('a connection keeps its own statements, and not without end', () => {
  const [one, other] = [new Database(':memory:'), new Database(':memory:')];
  const first = prepared(one, 'SELECT 0');
  expect(prepared(other, 'SELECT 0')).not.toBe(first);
  for (let n = 1; n <= 64; n++) prepared(one, `SELECT ${n}`);
  expect(prepared(one, 'SELECT 0')).not.toBe(first);
  one.close();
  other.close();
});

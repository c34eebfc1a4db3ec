import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openForWriting } from '../../../src/store/sqlite/connection.ts';
import { checkVersion, migrate } from '../../../src/store/sqlite/mirror-format.ts';
import { schemaVersion } from '../../../src/store/sqlite/schema.ts';
import { SqliteContactReader } from '../../../src/store/sqlite/sqlite-contact-reader.ts';
import { layFormer } from '../../fixtures/former-version.ts';
import { type Rows, rowsOf, schemaOf, writeFormerMirror } from './former-mirror.ts';

const script = fileURLToPath(new URL('./migrate-child.ts', import.meta.url));
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'parahack-migrate-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function former(format: 1 | 2, contacts?: number): { path: string; before: Rows } {
  const path = join(folder, `format-${format}.db`);
  writeFormerMirror(path, format, contacts);
  return { path, before: rowsOf(path) };
}

function child(path: string, killAt: number) {
  return spawnSync(process.execPath, [script, path, String(killAt)], { encoding: 'utf8' });
}

function bring(path: string): void {
  const db = openForWriting(path, false);
  try {
    migrate(db, path);
  } finally {
    db.close();
  }
}

/** The rows as they were, with the columns that they have gained. */
function expectKept(before: Rows, after: Rows, format: 1 | 2): void {
  const keyed = new Set(['field', 'cursor', 'run', 'chunk', 'outbox', 'push']);
  const gained = { sent_org_at: null, known_before: null, approved: 0, push_id: null, push_place: null };
  for (const [table, rows] of Object.entries(before)) {
    const expected = rows.map((row) => ({
      ...(format === 1 && table === 'outbox' ? gained : {}),
      ...(table === 'outbox'
        ? {
            local: 0,
            sent_by: null,
            doubt: null,
            job: null,
            api: null,
            first_base: null,
            found: null,
            replaced_by: null,
            lost_org_at: null,
            lost_key: null,
            became: null,
            unshown_at: null,
            done_order: null,
            base_at: null,
            lost_changes: null,
            lost_over_at: null,
          }
        : {}),
      ...(table === 'push' ? { queued: 0 } : {}),
      ...row,
      ...(keyed.has(table) ? { object: 'Contact' } : {}),
    }));
    if (table !== 'meta') {
      expect({ [table]: after[table] }).toEqual({ [table]: expected });
      continue;
    }
    const values = Object.fromEntries(rows.map(({ key, value }) => [key, value]));
    expect(Object.fromEntries(after.meta!.map(({ key, value }) => [key, value]))).toEqual({
      org_id: values.org_id,
      latest_read_at: values.latest_read_at,
      'described_at.Contact': values.described_at,
      'describe_last_modified.Contact': format === 1 ? null : values.describe_last_modified,
      'only_fields.Contact': values.only_fields,
    });
  }
}

describe.each([1, 2] as const)('a mirror of format %i', (format) => {
  test('keeps every row, its number and its order, and what was of contacts is of the object Contact', () => {
    const { path, before } = former(format);
    bring(path);
    const after = rowsOf(path);
    expect(before.outbox).toHaveLength(8);
    expectKept(before, after, format);
    expect(Object.keys(after)).toEqual(
      [...new Set([...Object.keys(before), 'contact_due', 'contact_edit', 'contact_swept', 'push'])].sort(),
    );
  });

  test('knows which requests were cut before, and may be carried out yet', () => {
    const { path } = former(format);
    const before = new Database(path);
    before.exec("DELETE FROM outbox WHERE state = 'in-doubt'");
    const insert = before.prepare(
      `INSERT INTO outbox (key, op, contact_key, changes, state, created_at, sent_at, upsert_field)
       VALUES (?, ?, ?, '{}', ?, '2026-01-01T00:00:00.000Z', ?, ?)`,
    );
    const sent = '2026-01-01T00:00:00.000Z';
    insert.run('cut', 'update', '1', 'in-doubt', sent, null);
    insert.run('to be repeated', 'delete', '2', 'pending', sent, null);
    insert.run('upserted', 'create', '3', 'in-doubt', sent, 'ParaHack_Id__c');
    insert.run('told by what it made', 'create', '4', 'in-doubt', sent, null);
    insert.run('never sent', 'update', '5', 'pending', null, null);
    before.close();
    bring(path);
    const lost = rowsOf(path).outbox!.filter(({ lost_org_at }) => lost_org_at !== null);
    expect(lost.map(({ key, lost_key }) => [key, lost_key])).toEqual(
      ['cut', 'to be repeated', 'upserted'].map((key) => [key, key]),
    );
  });

  test('has the schema of a new one afterwards: tables, keys, indices', () => {
    const { path } = former(format);
    bring(path);
    const fresh = join(folder, 'fresh.db');
    const db = openForWriting(fresh, true);
    migrate(db, fresh);
    db.close();
    const ofContacts = /^contact(_local|s.*)?$/;
    const common = (file: string) => schemaOf(file).filter(({ name }) => !ofContacts.test(name));
    expect(common(path)).toEqual(common(fresh));
    expect(common(path).map(({ name }) => name)).toEqual(
      expect.arrayContaining(['field', 'cursor', 'outbox_by_state', 'chunk_run', 'outbox_push']),
    );
  });

  test('has the view as this version makes it, of the columns that it had', () => {
    const { path } = former(format);
    bring(path);
    const db = new Database(path, { readonly: true });
    try {
      const names = db.prepare("SELECT name FROM pragma_table_info('contacts')").pluck().all();
      expect(names).toEqual([
        ...['Id', 'CreatedDate', 'SystemModstamp', 'IsDeleted', 'LastName'],
        ...['_key', '_state', '_error'],
      ]);
      const row = db.prepare('SELECT _key, _state, _error FROM contacts ORDER BY Id LIMIT 1').get();
      expect(row).toMatchObject({ _state: 'synced', _error: null });
    } finally {
      db.close();
    }
  });

  test('can be read before it is brought here, also where nobody may write', async () => {
    const { path } = former(format);
    const schema = schemaOf(path);
    await using reader = new SqliteContactReader(path);
    expect(reader.columns.map(({ name }) => name)).toEqual([
      'Id',
      'CreatedDate',
      'SystemModstamp',
      'IsDeleted',
      'LastName',
    ]);
    expect(await reader.coveredUntil()).toBe(Date.parse('2026-01-02T23:00:00.000Z'));
    expect(await reader.show('003000000000001AAA')).toMatchObject({ key: '003000000000001AAA', gone: null });
    expect(schemaOf(path)).toEqual(schema);
  });
});

test.each(['0.1.0', 'format-2'])(
  'killed before any statement of its migration, it is as it was, and whole when it is opened again: the mirror of %s',
  (version) => {
    const path = join(folder, 'former.db');
    layFormer(version, 'complete', path);
    const [schema, rows] = [schemaOf(path), rowsOf(path)];
    const copy = join(folder, 'copy.db');
    layFormer(version, 'complete', copy);
    const statements = Number(child(copy, 0).stdout);
    expect(statements).toBeGreaterThan(30);
    const [schemaAfter, rowsAfter] = [schemaOf(copy), rowsOf(copy)];
    const expectAsBeforeAndThenWhole = (at: string) => {
      expect({ at, schema: schemaOf(at), rows: rowsOf(at) }).toEqual({ at, schema, rows });
      bring(at);
      expect({ at, schema: schemaOf(at), rows: rowsOf(at) }).toEqual({
        at,
        schema: schemaAfter,
        rows: rowsAfter,
      });
    };
    const ends = (at: string) => ['-wal', '-shm', '-journal'].filter((end) => existsSync(at + end));
    const left = Array.from({ length: statements }, (_, i) => ends(`${copy}.at-${i + 1}`));
    for (let n = 1; n <= statements; n++) expectAsBeforeAndThenWhole(`${copy}.at-${n}`);
    // A copy of the files is what a kill leaves; that itself is tried where the most of them has been done.
    for (const killAt of [Math.ceil(statements / 2), statements]) {
      const killed = join(folder, `killed-${killAt}.db`);
      layFormer(version, 'complete', killed);
      expect(child(killed, killAt).signal).toBe('SIGKILL');
      expect(ends(killed)).toEqual(left[killAt - 1]);
      expectAsBeforeAndThenWhole(killed);
    }
  },
);

test('a mirror with 300,000 contacts is brought here without a contact being written', () => {
  const { path } = former(2, 300_000);
  const db = openForWriting(path, false);
  migrate(db, path);
  const [{ log: pages }] = db.pragma('wal_checkpoint') as [{ log: number }];
  db.close();
  // Of 8 KB: the contacts alone are some thousands.
  expect(pages).toBeLessThan(100);
});

test('a mirror that finds no room for its migration stays as it is', () => {
  const { path, before } = former(2);
  const db = openForWriting(path, false);
  db.pragma(`max_page_count = ${db.pragma('page_count', { simple: true })}`);
  expect(() => migrate(db, path)).toThrow(expect.objectContaining({ code: 'DISK_FULL' }));
  expect(db.inTransaction).toBe(false);
  db.close();
  expect(rowsOf(path)).toEqual(before);
  bring(path);
  expectKept(before, rowsOf(path), 2);
});

test('a mirror that another process has brought further in between is left as it is', () => {
  const { path } = former(2);
  const db = openForWriting(path, false);
  const exec = db.exec.bind(db);
  // Between the look at the version and the lock.
  db.exec = (sql) => {
    if (sql === 'BEGIN IMMEDIATE') {
      const other = new Database(path);
      other.pragma(`user_version = ${schemaVersion + 1}`);
      other.close();
    }
    return exec(sql);
  };
  expect(() => migrate(db, path)).toThrow(expect.objectContaining({ code: 'MIRROR_NEWER_THAN_TOOL' }));
  expect(db.inTransaction).toBe(false);
  expect(db.pragma('user_version', { simple: true })).toBe(schemaVersion + 1);
  db.close();
});

test('a mirror that another process has brought here in between is current', () => {
  const { path, before } = former(2);
  const db = openForWriting(path, false);
  const exec = db.exec.bind(db);
  db.exec = (sql) => {
    if (sql === 'BEGIN IMMEDIATE') bring(path);
    return exec(sql);
  };
  migrate(db, path);
  expect(checkVersion(db, path)).toBe('current');
  db.close();
  expectKept(before, rowsOf(path), 2);
});

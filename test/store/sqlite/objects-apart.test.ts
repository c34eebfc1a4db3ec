import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Connection } from '../../../src/sqlite/connection.ts';
import { commitStaging } from '../../../src/store/sqlite/commit-staging.ts';
import { openForWriting } from '../../../src/store/sqlite/connection.ts';
import { loadFields, markFilled, storeDescribe } from '../../../src/store/sqlite/contact-schema.ts';
import { moveCursors, readCursors, setFirstCursors } from '../../../src/store/sqlite/cursor-records.ts';
import { applyDescribe, readDescribedAt } from '../../../src/store/sqlite/describe-records.ts';
import { applyEffects } from '../../../src/store/sqlite/effects.ts';
import { migrate } from '../../../src/store/sqlite/mirror-format.ts';
import { countEntries, insertEntries, listEntries } from '../../../src/store/sqlite/outbox-records.ts';
import { listReadBackDue } from '../../../src/store/sqlite/read-back-records.ts';
import { replaceContents } from '../../../src/store/sqlite/replace-contents.ts';
import { insertRun, listRuns } from '../../../src/store/sqlite/run-records.ts';
import { settleEntries } from '../../../src/store/sqlite/send-records.ts';
import { describeOf, storedNames } from './contact-fields.ts';
import { epoch } from './pages.ts';

let folder: string;
let db: Connection;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'parahack-objects-'));
  db = opened('mirror.db');
});
afterEach(() => {
  db.close();
  rmSync(folder, { recursive: true, force: true });
});

function opened(name: string): Connection {
  const path = join(folder, name);
  const made = openForWriting(path, true);
  migrate(made, path);
  return made;
}

function entryOf(key: string, op: 'create' | 'delete' = 'create') {
  return {
    key,
    op,
    contactKey: key,
    contactId: op === 'delete' ? key : null,
    changes: {},
    base: null,
    upsertField: null,
    allowDuplicates: false,
    atomicGroup: null,
    createdAt: epoch,
    state: 'pending' as const,
  };
}

test('cursors, runs and chunks of one object are nothing to another', () => {
  moveCursors(db, 'Contact', { updated: epoch, deleted: epoch });
  expect(readCursors(db, 'Account')).toEqual({ updated: null, deleted: null });
  setFirstCursors(db, 'Account', { updated: 60_000, deleted: 60_000, isAgreed: true, unheardUntil: 0 });
  expect(readCursors(db, 'Contact')).toEqual({ updated: epoch, deleted: epoch });

  const [ours, theirs] = (['Contact', 'Account'] as const).map((object) =>
    insertRun(db, object, 'backfill', epoch, { object }),
  ) as [string, string];
  expect(listRuns(db, 'Contact', {}).map(({ id }) => id)).toEqual([ours]);
  expect(listRuns(db, 'Account', { kind: 'backfill', status: 'running' }).map(({ id }) => id)).toEqual([
    theirs,
  ]);
  // A copy of Account that is under way does not make the columns of Contact look unfilled.
  const by = [{ kind: 'page', spec: {} }];
  applyEffects(db, 'Account', [{ kind: 'replace-chunks', runId: theirs, ids: [], by }], null);
  storeDescribe(db, 'Contact', describeOf());
  expect(loadFields(db, 'Contact').some(({ unfilled }) => unfilled)).toBe(false);
  expect(loadFields(db, 'Account')).toEqual([]);
});

test('the same field is told of each object apart, and so is when it was asked', () => {
  const { fields } = describeOf();
  applyDescribe(db, 'Contact', { fields, lastModified: 'then' }, epoch, undefined);
  const position = db.prepare(
    "INSERT INTO field (object, name, position, label, type, column_type, unfilled, definition) VALUES ('Account', ?, 1, '', 'string', 'TEXT', 1, '{\"name\":\"LastName\"}')",
  );
  position.run('LastName');
  expect(loadFields(db, 'Account')).toMatchObject([{ name: 'LastName', unfilled: true }]);
  expect(loadFields(db, 'Contact')).toHaveLength(storedNames.length);
  markFilled(db, 'Contact', ['LastName']);
  expect(loadFields(db, 'Account')).toMatchObject([{ unfilled: true }]);
  expect(readDescribedAt(db, 'Contact')).toEqual({ lastModified: 'then', at: epoch });
  expect(readDescribedAt(db, 'Account')).toBeNull();
});

test('the outbox is listed, counted and read back by object', () => {
  insertEntries(db, 'Contact', [entryOf('a'), entryOf('b')]);
  insertEntries(db, 'Account', [entryOf('c')]);
  settleEntries(db, [
    { key: 'b', state: 'done', contactId: 'b', created: true, at: epoch },
    { key: 'c', state: 'done', contactId: 'c', created: true, at: epoch },
  ]);
  const keysOf = (entries: { key: string }[]) => entries.map(({ key }) => key);
  expect(keysOf(listEntries(db, 'Contact'))).toEqual(['a', 'b']);
  expect(keysOf(listEntries(db, 'Account', { keys: ['a', 'c'] }))).toEqual(['c']);
  expect(keysOf(listEntries(db, 'Account', { keyPrefix: 'a' }))).toEqual([]);
  expect(countEntries(db, 'Contact')).toMatchObject({ pending: 1, done: 1 });
  expect(keysOf(listReadBackDue(db, 'Contact', 9))).toEqual(['b']);
});

test('equal records of another object are another push, and what waits of it is nothing to the brake', () => {
  db.exec(`ATTACH ':memory:' AS staging;
    CREATE TABLE staging.entry (seq INTEGER PRIMARY KEY, key, op, contact_key, contact_id, changes, base,
      upsert_field, allow_duplicates, atomic_group, created_at, replaces);
    CREATE TABLE staging.fault (entry, field, code, message)`);
  const add = db.prepare(
    "INSERT INTO staging.entry VALUES (1, ?, 'delete', 'k', 'k', '{}', NULL, NULL, 0, NULL, '2026-01-01', NULL)",
  );
  const push = (object: string, key: string, deletes = 1) => {
    db.exec('DELETE FROM staging.entry');
    add.run(key);
    const open = { id: key, digest: 'same', at: '2026-01-02', resumeSince: '2026-01-01', api: null };
    return commitStaging(db, object, { deletes, edits: 9, editsShare: 1 }, open);
  };
  expect(push('Account', 'a')).toMatchObject({ pushId: 'a', resumedFrom: null, heldDeletes: 0 });
  expect(push('Contact', 'b')).toMatchObject({ pushId: 'b', resumedFrom: null, heldDeletes: 0 });
  expect(push('Contact', 'c')).toMatchObject({ pushId: 'b', resumedFrom: expect.any(Number) });
});

test('a fresh copy of Contact leaves what is kept of other objects, and takes nothing of theirs along', () => {
  const copy = opened('fresh.db');
  for (const mirror of [db, copy]) {
    const at = mirror === db ? 1 : 2;
    storeDescribe(mirror, 'Contact', describeOf());
    for (const object of ['Contact', 'Account']) {
      moveCursors(mirror, object, { updated: at * 60_000, deleted: at * 60_000 });
      mirror.prepare('INSERT INTO meta VALUES (?, ?)').run(`described_at.${object}`, `${at}`);
    }
  }
  const theirs = insertRun(db, 'Account', 'backfill', epoch, {});
  const by = [{ kind: 'page', spec: {} }];
  applyEffects(db, 'Account', [{ kind: 'replace-chunks', runId: theirs, ids: [], by }], null);
  copy.close();
  copyFileSync(join(folder, 'fresh.db'), join(folder, 'copy.db'));
  db.prepare('ATTACH ? AS fresh').run(join(folder, 'copy.db'));
  replaceContents(db, 'Contact', { at: epoch, force: false });
  expect(readCursors(db, 'Contact').updated).toBe(120_000);
  expect(readCursors(db, 'Account').updated).toBe(60_000);
  const meta = db.prepare("SELECT key, value FROM meta WHERE key LIKE 'described%' ORDER BY key").raw().all();
  expect(meta).toEqual([
    ['described_at.Account', '1'],
    ['described_at.Contact', '2'],
  ]);
  expect(listRuns(db, 'Account', {})).toMatchObject([{ status: 'running' }]);
  expect(db.prepare('SELECT count(*) FROM chunk').pluck().get()).toBe(1);
});

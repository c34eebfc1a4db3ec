import { existsSync, mkdirSync, rmSync } from 'node:fs';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DoctorFinding } from '../../src/contract/doctor.ts';
import { type Emulator, startEmulator } from '../../src/emulator/index.ts';
import { migrations } from '../../src/store/sqlite/schema.ts';
import { damaged } from '../../src/store/sqlite/sqlite-fault.ts';
import { backfillOrgs } from '../../src/usecases/backfill.ts';
import { doctor } from '../../src/usecases/doctor.ts';
import { watch } from '../../src/usecases/watch.ts';
import { control, expectMirrorEqualsOrg } from '../e2e/org.ts';
import { type OpenServices, openServices } from './open-services.ts';

let emulator: Emulator;
let app: OpenServices;
let path: string;
const context = () => ({ signal: new AbortController().signal, onEvent: () => {} });

beforeEach(async () => {
  emulator = await startEmulator({ contacts: 12 });
  app = openServices(emulator);
  path = app.services.mirrors.location(emulator.url);
  expect((await backfill()).error).toBeNull();
});
afterEach(async () => {
  await app[Symbol.asyncDispose]();
  await emulator.close();
});

async function backfill({ fresh = false, force = false } = {}) {
  const options = { orgs: [], all: false, api: 'rest' as const, concurrency: 1, fields: null };
  return (await backfillOrgs(app.services, { ...options, fresh, force }, context())).orgs[0]!;
}

async function watchOnce() {
  const options = { orgs: [], intervalMs: 60_000, once: true, push: true, reconcileEveryMs: null };
  return (await watch(app.services, options, context())).orgs[0]!;
}

async function checkOfMirror(): Promise<DoctorFinding> {
  const { checks } = await doctor(app.services, context());
  return checks.find(({ name }) => name.startsWith('mirror '))!;
}

/** As any program may do it. */
function change(sql: string): void {
  const db = new Database(path);
  db.exec(sql);
  db.close();
}

function namesOf(type: 'table' | 'index' | 'trigger'): string[] {
  const db = new Database(':memory:');
  for (const sql of migrations) db.exec(sql);
  const names = db
    .prepare("SELECT name FROM sqlite_schema WHERE type = ? AND name NOT LIKE 'sqlite_%'")
    .pluck()
    .all(type) as string[];
  db.close();
  return names;
}

async function expectNamedAndMended(lacking: string): Promise<void> {
  const check = await checkOfMirror();
  expect(check).toMatchObject({ status: 'fail', message: expect.stringContaining(`it lacks ${lacking}`) });
  // A file's name has the host of its org alone.
  const hint = check.hint?.replaceAll(emulator.url, new URL(emulator.url).host);
  expect(hint).toBe(damaged(path, 'it is').hint);
  const fresh = await backfill({ fresh: true });
  expect(fresh).toMatchObject({ status: 'complete', error: null });
  expect(existsSync(fresh.archived!)).toBe(true);
  expect((await watchOnce()).error).toBeNull();
  expect(await checkOfMirror()).toMatchObject({ status: 'ok' });
  await expectMirrorEqualsOrg(path, emulator.url);
}

describe('a mirror that lacks a part of itself', () => {
  it.each(namesOf('table'))('the table %s: doctor names it, and backfill --fresh mends it', async (table) => {
    change(`DROP VIEW contacts; DROP TABLE ${table}`);
    await expectNamedAndMended(`the table ${table}`);
  });

  it.each([
    ['the index outbox_local', 'DROP INDEX outbox_local'],
    ['the trigger outbox_pushed', 'DROP TRIGGER outbox_pushed'],
    ['the column error_hint of the table run', 'ALTER TABLE run DROP COLUMN error_hint'],
    [
      'the column Email of the table contact',
      'DROP VIEW contacts; DROP INDEX contact_email; ALTER TABLE contact DROP COLUMN Email',
    ],
  ])('%s: doctor names it, and backfill --fresh mends it', async (lacking, sql) => {
    change(sql);
    await expectNamedAndMended(lacking);
  });

  it('a column of local rows where programs write', async () => {
    await using mirror = await app.services.mirrors.open(emulator.url, { create: false });
    await mirror.setTwoWay({ on: true, conflicts: 'salesforce-wins' });
    change('DROP VIEW contacts; ALTER TABLE contact_local DROP COLUMN Email');
    expect(await checkOfMirror()).toMatchObject({
      status: 'fail',
      message: expect.stringContaining('it lacks the column Email of the table contact_local'),
    });
  });

  it('is MIRROR_CORRUPT to whoever meets it, with the steps that mend it', async () => {
    change('DROP TABLE cursor');
    const { error } = await watchOnce();
    expect(error).toMatchObject({
      code: 'MIRROR_CORRUPT',
      message: expect.stringContaining('it lacks the table cursor'),
      hint: damaged(path, 'it is').hint,
    });
    expect((await backfill()).error?.code).toBe('MIRROR_CORRUPT');
  });

  it('in a former version’s form', async () => {
    change('DROP TABLE chunk; PRAGMA user_version = 3');
    expect((await watchOnce()).error).toMatchObject({
      code: 'MIRROR_CORRUPT',
      message: expect.stringContaining('it lacks the table chunk'),
    });
  });

  it('is not replaced without --force while its outbox can be read and has open entries', async () => {
    change(`DROP TABLE cursor;
      INSERT INTO outbox (key, op, contact_key, changes, created_at)
        VALUES ('k', 'create', 'k', '{"LastName":"Queued"}', '2026-01-01T00:00:00.000Z')`);
    expect((await backfill({ fresh: true })).error?.code).toBe('OUTBOX_OPEN');
    const forced = await backfill({ fresh: true, force: true });
    expect(forced).toMatchObject({ status: 'complete' });
    const archive = new Database(forced.archived!, { readonly: true });
    expect(archive.prepare('SELECT key FROM outbox').pluck().all()).toEqual(['k']);
    archive.close();
  });
});

describe('a mirror that lacks its view', () => {
  it('is named by doctor, with what makes it anew', async () => {
    change('DROP VIEW contacts');
    const check = await checkOfMirror();
    expect(check).toMatchObject({
      status: 'fail',
      message: expect.stringContaining('lacks the view contacts'),
      hint: expect.stringContaining('watch --once'),
    });
    await expect(listed()).rejects.toMatchObject({
      code: 'MIRROR_FAILED',
      message: check.message,
      hint: check.hint,
    });
  });

  it.each(['DROP VIEW contacts', 'DROP TRIGGER contacts_refuse_update'])(
    'gets it back by the next cycle (%s)',
    async (sql) => {
      await watchOnce();
      change(sql);
      await control(emulator.url, 'touch', { count: 3, set: { Title: 'Later' } });
      expect(await watchOnce()).toMatchObject({ error: null });
      expect(await checkOfMirror()).toMatchObject({ status: 'ok' });
      expect(await listed()).toBe(12);
      expect(() => change("UPDATE contacts SET Title = 'x'")).toThrow(/read-only/);
    },
  );

  it('gets it back by whoever opens the mirror to write', async () => {
    change('DROP VIEW contacts');
    await using mirror = await app.services.mirrors.open(emulator.url, { create: false });
    await mirror.journal.startRun('push', Date.now(), {});
    expect(await listed()).toBe(12);
  });

  it('gets it back under a watch that has the mirror open, with the next describe', async () => {
    await using mirror = await app.services.mirrors.open(emulator.url, { create: false });
    await mirror.schema.confirmDescribe(Date.now());
    change('DROP VIEW contacts');
    await mirror.schema.confirmDescribe(Date.now());
    expect(await listed()).toBe(12);
  });
});

describe('a folder in the place of a mirror', () => {
  it('is told by every command, and no copy is begun that could not take its place', async () => {
    for (const end of ['', '-wal', '-shm']) rmSync(path + end, { force: true });
    mkdirSync(path);
    const told = {
      code: 'MIRROR_CORRUPT',
      message: `${path}, the mirror, is no file.`,
      hint: expect.stringContaining('Move it'),
    };
    expect(await checkOfMirror()).toMatchObject({ status: 'fail', message: told.message, hint: told.hint });
    expect((await watchOnce()).error).toMatchObject(told);
    expect((await backfill()).error).toMatchObject(told);
    for (const force of [false, true]) {
      expect((await backfill({ fresh: true, force })).error).toMatchObject(told);
      expect(await app.services.mirrors.copies.exists(emulator.url)).toBe(false);
    }
    await expect(listed()).rejects.toMatchObject(told);
  });
});

async function listed(): Promise<number> {
  await using reader = await app.services.mirrors.read(emulator.url);
  return (await reader.list({ limit: 5, deleted: false })).total;
}

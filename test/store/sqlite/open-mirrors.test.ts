import {
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import { silentLogger } from '../../../src/base/logger.ts';
import { mirrorPath } from '../../../src/store/sqlite/mirror-path.ts';
import { openMirrors } from '../../../src/store/sqlite/open-mirrors.ts';
import { SqliteContactReader } from '../../../src/store/sqlite/sqlite-contact-reader.ts';
import { heldLease } from '../../support/leases.ts';
import { describeOf, storedNames } from './contact-fields.ts';
import { contactRow, csvPage, epoch } from './pages.ts';
import { instanceUrl, openTempMirror } from './temp-mirrors.ts';

test('a mirror is named after its host, with the port where there is one', () => {
  const name = (url: string) => mirrorPath('/data/orgs', url);
  expect(name('https://acme.my.salesforce.com')).toBe('/data/orgs/acme.my.salesforce.com.db');
  expect(name('http://localhost:8080/')).toBe('/data/orgs/localhost_8080.db');
  expect(name('http://[::1]:8080')).toBe('/data/orgs/--1_8080.db');
});

describe('files', () => {
  test('folders are 0700 and files 0600, also while they are written', async () => {
    await using temp = await openTempMirror();
    await temp.mirror.schema.applyDescribe(describeOf(), epoch);
    await temp.mirror.commit({ page: csvPage(storedNames, [contactRow(1)], epoch) });
    expect(statSync(temp.folder).mode & 0o777).toBe(0o700);
    const names = readdirSync(temp.folder);
    expect(names).toContain('example.my.salesforce.com.db-wal');
    for (const name of names)
      expect([name, statSync(join(temp.folder, name)).mode & 0o777]).toEqual([
        name,
        name === '.spool' ? 0o700 : 0o600,
      ]);
  });

  test('a mirror that is there already opens without a writer thread, and without changing its file', async () => {
    await using temp = await openTempMirror();
    await temp.mirror.schema.applyDescribe(describeOf(), epoch);
    await temp.mirror[Symbol.asyncDispose]();
    const before = statSync(temp.mirror.location).mtimeMs;
    const mirror = await temp.mirrors.open(instanceUrl, { create: true });
    expect((await mirror.schema.fields()).length).toBe(storedNames.length);
    await mirror[Symbol.asyncDispose]();
    expect(statSync(temp.mirror.location).mtimeMs).toBe(before);
  });

  test('one mirror opened twice is one file, closed when both handles are', async () => {
    await using temp = await openTempMirror();
    const second = await temp.mirrors.open(instanceUrl, { create: false });
    await temp.mirror[Symbol.asyncDispose]();
    await temp.mirror[Symbol.asyncDispose]();
    await second.journal.startRun('push', epoch, {});
    expect(await second.journal.runs({ limit: 9 })).toHaveLength(1);
    await expect(temp.mirrors.remove(instanceUrl, heldLease())).rejects.toMatchObject({
      code: 'MIRROR_BUSY',
    });
    await second[Symbol.asyncDispose]();
    await expect(second.journal.startRun('push', epoch, {})).rejects.toThrow('closed');
    await temp.mirrors.remove(instanceUrl, heldLease());
    expect(await temp.mirrors.exists(instanceUrl)).toBe(false);
  });

  test('an archived mirror is whole under its new name, and a fresh one takes its place', async () => {
    await using temp = await openTempMirror();
    await temp.mirror.schema.applyDescribe(describeOf(), epoch);
    await temp.mirror.commit({ page: csvPage(storedNames, [contactRow(1)], epoch) });
    await temp.mirror[Symbol.asyncDispose]();
    const { location: first } = await temp.mirrors.archives.add(instanceUrl, heldLease());
    const fresh = await temp.mirrors.open(instanceUrl, { create: true });
    expect(await fresh.contacts.counts()).toEqual({ contacts: 0, deleted: 0 });
    await fresh[Symbol.asyncDispose]();
    const { location: second } = await temp.mirrors.archives.add(instanceUrl, heldLease());
    expect(second).not.toBe(first);
    expect(dirname(first)).toBe(temp.folder);
    expect(await temp.mirrors.exists(instanceUrl)).toBe(false);
    await using reader = new SqliteContactReader(first);
    expect((await reader.list({ limit: 5, deleted: false })).total).toBe(1);
  });

  test('a removed mirror takes along what was archived of its org, and nothing of another', async () => {
    await using temp = await openTempMirror();
    await temp.mirror[Symbol.asyncDispose]();
    const other = `${instanceUrl}:8443`;
    await (await temp.mirrors.open(other, { create: true }))[Symbol.asyncDispose]();
    const { location: kept } = await temp.mirrors.archives.add(other, heldLease());
    await temp.mirrors.archives.add(instanceUrl, heldLease());
    await (await temp.mirrors.open(instanceUrl, { create: true }))[Symbol.asyncDispose]();
    await temp.mirrors.archives.add(instanceUrl, heldLease());
    await temp.mirrors.remove(instanceUrl, heldLease());
    const left = readdirSync(temp.folder).filter((name) => name.includes('.db'));
    expect(left.filter((name) => !name.startsWith(basename(kept)))).toEqual([]);
    expect(left).toContain(basename(kept));
  });

  test('a mirror that is not there is NO_MIRROR unless it may be made', async () => {
    await using temp = await openTempMirror();
    await expect(temp.mirrors.open('https://none.example', { create: false })).rejects.toMatchObject({
      code: 'NO_MIRROR',
    });
    expect(() => new SqliteContactReader(temp.mirrors.location('https://none.example'))).toThrow(
      expect.objectContaining({ code: 'NO_MIRROR' }),
    );
    expect(await temp.mirrors.exists('https://none.example')).toBe(false);
  });
});

describe('files that are not as they should be', () => {
  async function opening(prepare: (path: string) => void): Promise<unknown> {
    const folder = mkdtempSync(join(tmpdir(), 'parahack-bad-'));
    try {
      prepare(mirrorPath(folder, instanceUrl));
      await using mirrors = openMirrors({ folder, log: silentLogger, clock: systemClock });
      return await mirrors.open(instanceUrl, { create: true }).catch((error: unknown) => error);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  test('a newer tool’s mirror is left as it is', async () => {
    await using temp = await openTempMirror();
    await temp.mirror[Symbol.asyncDispose]();
    const db = new Database(temp.mirror.location);
    db.pragma('user_version = 999');
    db.close();
    await expect(temp.mirrors.open(instanceUrl, { create: true })).rejects.toMatchObject({
      code: 'MIRROR_NEWER_THAN_TOOL',
      details: { version: 999 },
    });
  });

  test('garbage is MIRROR_CORRUPT, with a way out', async () => {
    const error = await opening((path) => writeFileSync(path, 'no database at all, '.repeat(1_000)));
    expect(error).toMatchObject({ code: 'MIRROR_CORRUPT', hint: expect.stringContaining('--fresh') });
  });

  test('another program’s database is not taken for a mirror', async () => {
    const error = await opening((path) => new Database(path).exec('CREATE TABLE mine (x)').close());
    expect(error).toMatchObject({ code: 'MIRROR_CORRUPT', hint: expect.stringContaining('Move it') });
  });

  test('an empty file, as a process killed at the start leaves it, becomes a mirror', async () => {
    expect(await opening((path) => writeFileSync(path, ''))).toMatchObject({ location: expect.any(String) });
  });

  test('a damaged page is found when it is read', async () => {
    await using temp = await openTempMirror();
    await temp.mirror.schema.applyDescribe(describeOf(), epoch);
    // What lies before the rows is read when the mirror is opened.
    const db = new Database(temp.mirror.location);
    const intact = Number(db.pragma('page_count', { simple: true }));
    db.close();
    const rows = Array.from({ length: 2_000 }, (_, n) => contactRow(n));
    await temp.mirror.commit({ page: csvPage(storedNames, rows, epoch) });
    await temp.mirrors[Symbol.asyncDispose]();
    const { size } = statSync(temp.mirror.location);
    const file = openSync(temp.mirror.location, 'r+');
    for (let at = intact * 8_192; at < size; at += 8_192)
      writeSync(file, Buffer.alloc(4_096, 0xee), 0, 4_096, at);
    closeSync(file);
    await using mirrors = openMirrors({ folder: temp.folder, log: silentLogger, clock: systemClock });
    const mirror = await mirrors.open(instanceUrl, { create: false });
    const faults = await mirror.checkIntegrity();
    expect(faults.length).toBeGreaterThan(0);
    // SQLite's own words: who shows them adds the file and what to do.
    expect(faults.join()).not.toMatch(/Error|mirror/);
  });

  test('a folder that cannot be made is DATA_DIR_UNWRITABLE', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'parahack-bad-'));
    try {
      writeFileSync(join(folder, 'file'), '');
      await using mirrors = openMirrors({
        folder: join(folder, 'file', 'orgs'),
        log: silentLogger,
        clock: systemClock,
      });
      await expect(mirrors.open(instanceUrl, { create: true })).rejects.toMatchObject({
        code: 'DATA_DIR_UNWRITABLE',
        hint: expect.stringContaining('--data-dir'),
      });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

test('several mirrors are written side by side on the threads there are', async () => {
  await using temp = await openTempMirror({ writers: 2 });
  const urls = Array.from({ length: 7 }, (_, n) => `https://org${n}.my.salesforce.com`);
  await Promise.all(
    urls.map(async (url, n) => {
      const mirror = await temp.mirrors.open(url, { create: true, lease: heldLease() });
      await mirror.schema.applyDescribe(describeOf(), epoch);
      for (let page = 0; page < 5; page++) {
        const rows = Array.from({ length: 100 + n }, (_, i) => contactRow(page * 1_000 + i));
        await mirror.commit({ page: csvPage(storedNames, rows, epoch) });
      }
      expect(await mirror.contacts.counts()).toEqual({ contacts: 5 * (100 + n), deleted: 0 });
      await mirror[Symbol.asyncDispose]();
    }),
  );
});

import { spawn } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { threadId } from 'node:worker_threads';
import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import { silentLogger } from '../../../src/base/logger.ts';
import { openMirrors } from '../../../src/store/sqlite/open-mirrors.ts';
import { brake, committed, record, some } from '../../contract/staging-records.ts';
import { allOf } from '../../sync/push-all.ts';
import { instanceUrl, openTempMirror } from './temp-mirrors.ts';

const spooled = (folder: string) => readdirSync(join(folder, '.spool'));

describe('records on their way into the outbox', () => {
  it('lie in a file that nobody else may read', async () => {
    await using opened = await openTempMirror();
    await using staging = await opened.mirror.outbox.openStaging();
    await staging.add(some(10, 'create'));
    const [name] = spooled(opened.folder);
    expect(statSync(join(opened.folder, '.spool', name!)).mode & 0o777).toBe(0o600);
  });

  it('hold no lock on the mirror, however slowly they come', async () => {
    await using opened = await openTempMirror();
    await using staging = await opened.mirror.outbox.openStaging();
    await staging.add(some(10, 'create'));
    const other = new Database(opened.mirror.location, { timeout: 0 });
    other.exec('BEGIN IMMEDIATE; COMMIT');
    other.close();
  });

  it('are the push that the version before has stored, as its digest tells', async () => {
    await using opened = await openTempMirror();
    const texts = ['say "no"', 'back\\slash', 'tab\tline\nend', 'Zoë \u007f 😀', '\u0001'];
    const creates = texts.map((LastName, i) => {
      const { entry, ...rest } = record(i);
      return { ...rest, entry: { ...entry, changes: { LastName, FirstName: 'F' } } };
    });
    const all = [...creates, ...some(3, 'update', 10)];
    await using staging = await opened.mirror.outbox.openStaging();
    await staging.add(all);
    await staging.commit(brake, { now: 5_000, since: 0 });
    const db = new Database(opened.mirror.location);
    const rows = db
      .prepare(
        `SELECT json_array(op, contact_id, changes, upsert_field, allow_duplicates, atomic_group IS NOT NULL)
         FROM outbox ORDER BY seq`,
      )
      .pluck()
      .all();
    const digest = createHash('sha256').update(rows.map((row) => `${row}\n`).join(''));
    db.prepare('UPDATE push SET digest = ?').run(digest.digest('hex'));
    db.close();
    await using again = await opened.mirror.outbox.openStaging();
    await again.add(all.map((own) => ({ ...own, entry: { ...own.entry, key: randomUUID() } })));
    expect(await again.commit(brake, { now: 9_000, since: 0 })).toMatchObject({ resumedFrom: 5_000 });
    expect(await opened.mirror.outbox.list()).toHaveLength(all.length);
  });

  it('leave nothing where they are given up', async () => {
    await using opened = await openTempMirror();
    await using staging = await opened.mirror.outbox.openStaging();
    await staging.add(some(10, 'create'));
    await staging[Symbol.asyncDispose]();
    expect(spooled(opened.folder)).toEqual([]);
    expect(await opened.mirror.outbox.list()).toEqual([]);
  });

  it('leave nothing that stays where their process is killed', async () => {
    await using opened = await openTempMirror();
    const path = new URL('./staging-child.ts', import.meta.url).pathname;
    const child = spawn(process.execPath, [path, opened.folder], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    child.kill('SIGKILL');
    await once(child, 'close');
    expect(spooled(opened.folder).sort()).toEqual([
      expect.stringMatching(/\.db$/),
      expect.stringMatching(/\.db\.lock$/),
    ]);
    // As the next command opens the folder.
    await using mirrors = openMirrors({ folder: opened.folder, log: silentLogger, clock: systemClock });
    await using mirror = await mirrors.open(instanceUrl, { create: false });
    expect(spooled(opened.folder)).toEqual([]);
    expect(await mirror.outbox.list()).toEqual([]);
  });

  it('that the outbox has lost are told as lost', async () => {
    await using opened = await openTempMirror();
    await using staging = await opened.mirror.outbox.openStaging();
    const all = some(2, 'create');
    await committed(staging, all);
    const other = new Database(opened.mirror.location);
    other.prepare('DELETE FROM outbox WHERE key = ?').run(all[0]!.entry.key);
    other.close();
    const items = (await allOf(staging.items())).flat();
    expect(items.map(({ outcome }) => outcome?.state ?? null)).toEqual([null, 'pending']);
  });
});

describe('files that a killed process of the same id left, as in a container where each is process 1', () => {
  const left = (folder: string) => (n: number) =>
    join(folder, '.spool', `${process.pid}-${threadId}-${n}.db`);

  it('do not stand in the way of a push', async () => {
    await using opened = await openTempMirror();
    const { mirror, folder } = opened;
    mkdirSync(join(folder, '.spool'), { recursive: true });
    for (const path of Array.from({ length: 100 }, (_, n) => left(folder)(n))) {
      const db = new Database(path);
      db.exec('CREATE TABLE entry (seq INTEGER PRIMARY KEY)');
      db.close();
    }
    await using staging = await mirror.outbox.openStaging();
    await committed(staging, some(3, 'create'));
    expect((await mirror.outbox.counts()).pending).toBe(3);
  });

  it('are removed where they are older than this process, and no others of it', async () => {
    const root = mkdtempSync(join(tmpdir(), 'parahack-left-'));
    const folder = join(root, 'orgs');
    mkdirSync(join(folder, '.spool'), { recursive: true });
    const [old, own] = [left(folder)(1), left(folder)(2)];
    for (const path of [old, own]) writeFileSync(path, 'rows');
    const yesterday = Date.now() / 1_000 - process.uptime() - 86_400;
    utimesSync(old, yesterday, yesterday);
    {
      await using mirrors = openMirrors({ folder, log: silentLogger, clock: systemClock });
      await using _ = await mirrors.open(instanceUrl, { create: true });
      expect([old, own].map((path) => existsSync(path))).toEqual([false, true]);
    }
    rmSync(root, { recursive: true, force: true });
  });
});

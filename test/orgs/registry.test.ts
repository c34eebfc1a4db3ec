import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openRegistry } from '../../src/orgs/open-registry.ts';
import { registryContract } from '../contract/registry.contract.ts';
import { orgFor } from './org-for.ts';

let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'parahack-sync-registry-'));
});
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

const a = orgFor('a');

registryContract('file', async () => openRegistry(dataDir));

describe('registry', () => {
  it('keeps orgs across openings', async () => {
    {
      await using registry = openRegistry(dataDir);
      await registry.put(a);
    }
    await using registry = openRegistry(dataDir);
    expect(await registry.list()).toEqual([a]);
  });

  it('goes on by a file that was put in the place of the one that is open', async () => {
    const path = join(dataDir, 'registry.db');
    {
      await using first = openRegistry(dataDir);
      await first.put(a);
    }
    const bytes = readFileSync(path);
    await using registry = openRegistry(dataDir);
    expect(await registry.list()).toEqual([a]);
    for (const end of ['', '-wal', '-shm']) rmSync(path + end, { force: true });
    // Between the two it goes on with what it knows, and makes no list without orgs.
    expect(await registry.list()).toEqual([a]);
    writeFileSync(path, '');
    expect(await registry.list()).toEqual([a]);
    writeFileSync(path, bytes);
    {
      await using other = openRegistry(dataDir);
      await other.update(a.instanceUrl, { sync: false });
      expect(await registry.get(a.instanceUrl)).toEqual({ ...a, sync: false });
      await registry.update(a.instanceUrl, { alias: 'prod' });
      expect(await other.list()).toEqual([{ ...a, sync: false, alias: 'prod' }]);
    }
    expect(await registry.list()).toEqual([{ ...a, sync: false, alias: 'prod' }]);
  });

  it('goes on with the orgs that it knows where its file was deleted and another process made an empty one', async () => {
    const path = join(dataDir, 'registry.db');
    await using registry = openRegistry(dataDir);
    await registry.put(a);
    expect(await registry.isInPlace()).toBe(true);
    for (const end of ['', '-wal', '-shm']) rmSync(path + end, { force: true });
    expect(await registry.isInPlace()).toBe(false);
    await openRegistry(dataDir)[Symbol.asyncDispose]();
    expect(statSync(path).size).toBeGreaterThan(0);
    expect(await registry.list()).toEqual([a]);
    expect(await registry.get(a.instanceUrl)).toEqual(a);
    expect(await registry.isInPlace()).toBe(false);
    {
      await using other = openRegistry(dataDir);
      await other.put(orgFor('b'));
    }
    expect(await registry.list()).toEqual([orgFor('b')]);
    expect(await registry.isInPlace()).toBe(true);
  });

  it('does not take the last org that is logged out for a file that was lost', async () => {
    await using registry = openRegistry(dataDir);
    await registry.put(a);
    {
      await using other = openRegistry(dataDir);
      await other.remove(a.instanceUrl);
    }
    expect(await registry.list()).toEqual([]);
    expect(await registry.isInPlace()).toBe(true);
  });

  it('stores an org in the file of that name, also where the one that is open was deleted or replaced', async () => {
    const path = join(dataDir, 'registry.db');
    await using registry = openRegistry(dataDir);
    await registry.put(a);
    for (const end of ['', '-wal', '-shm']) rmSync(path + end, { force: true });
    await registry.setAuthState(a.instanceUrl, 'login-needed');
    expect(() => statSync(path)).toThrow('ENOENT');
    await registry.put(orgFor('b'));
    {
      await using other = openRegistry(dataDir);
      expect(await other.list()).toEqual([orgFor('b')]);
    }
    for (const end of ['', '-wal', '-shm']) rmSync(path + end, { force: true });
    {
      await using other = openRegistry(dataDir);
      await other.put(a);
    }
    await registry.update(a.instanceUrl, { alias: 'prod' });
    await using other = openRegistry(dataDir);
    expect(await other.list()).toEqual([{ ...a, alias: 'prod' }]);
  });

  it('tells by its list that the open file was damaged, and goes on when it is mended', async () => {
    const path = join(dataDir, 'registry.db');
    await openRegistry(dataDir)[Symbol.asyncDispose]();
    await using registry = openRegistry(dataDir);
    await registry.put(a);
    const db = new Database(path);
    db.pragma('wal_checkpoint(TRUNCATE)');
    db.close();
    expect(await registry.list()).toEqual([a]);
    const bytes = readFileSync(path);
    writeFileSync(path, Buffer.alloc(bytes.length, 0x5a));
    await expect(registry.list()).rejects.toMatchObject({ code: 'REGISTRY_CORRUPT' });
    await expect(registry.list()).rejects.toMatchObject({ code: 'REGISTRY_CORRUPT' });
    await expect(registry.get(a.instanceUrl)).rejects.toMatchObject({ code: 'REGISTRY_CORRUPT' });
    writeFileSync(path, bytes);
    expect(await registry.list()).toEqual([a]);
  });

  it('makes the data folder and its files private', async () => {
    const inner = join(dataDir, 'new');
    await using registry = openRegistry(inner);
    await registry.put(a);
    expect(statSync(inner).mode & 0o777).toBe(0o700);
    for (const name of readdirSync(inner))
      expect([name, statSync(join(inner, name)).mode & 0o777]).toEqual([name, 0o600]);
  });

  it('holds no column for a secret', async () => {
    await using registry = openRegistry(dataDir);
    await registry.put(a);
    const db = new Database(join(dataDir, 'registry.db'));
    const names = db.pragma('table_info(org)') as { name: string }[];
    db.close();
    expect(names.map(({ name }) => name).filter((name) => /token|secret|key|password/.test(name))).toEqual(
      [],
    );
    expect(readFileSync(join(dataDir, 'registry.db'), 'latin1')).not.toContain('00D!');
  });

  it('leaves a registry alone that a newer program wrote', async () => {
    await openRegistry(dataDir)[Symbol.asyncDispose]();
    const db = new Database(join(dataDir, 'registry.db'));
    db.pragma('user_version = 99');
    db.close();
    expect(() => openRegistry(dataDir)).toThrow(
      expect.objectContaining({ code: 'REGISTRY_NEWER_THAN_TOOL' }),
    );
  });

  it('says which file is damaged, and never that the folder is not writable', async () => {
    writeFileSync(join(dataDir, 'registry.db'), 'no database at all, '.repeat(1_000));
    expect(() => openRegistry(dataDir)).toThrow(
      expect.objectContaining({
        code: 'REGISTRY_CORRUPT',
        message: `The list of connected orgs ${join(dataDir, 'registry.db')} is damaged.`,
        hint: expect.stringMatching(
          new RegExp(`^Stop a running watch, .* log in again .* ${join(dataDir, 'orgs')};`),
        ),
      }),
    );
  });

  it.each([
    ['that has no version', 'create table t (a); insert into t values (1)'],
    ['of the same version', 'create table org (a); insert into org values (1); pragma user_version = 1'],
    ['of a later version', 'create table t (a); insert into t values (1); pragma user_version = 99'],
  ])("leaves another program's database %s alone, and says that it is one", (_, sql) => {
    const path = join(dataDir, 'registry.db');
    const db = new Database(path);
    db.exec(sql);
    db.close();
    const bytes = readFileSync(path);
    expect(() => openRegistry(dataDir)).toThrow(
      expect.objectContaining({
        code: 'REGISTRY_CORRUPT',
        message: expect.stringMatching(/registry\.db is another program's database\.$/),
        hint: expect.stringContaining('log in again'),
      }),
    );
    const after = new Database(path, { readonly: true });
    expect(after.prepare('select count(*) from sqlite_schema').pluck().get()).toBe(1);
    after.close();
    expect(readFileSync(path)).toEqual(bytes);
    expect(readdirSync(dataDir)).toEqual(['registry.db']);
  });

  it.each(['BEGIN IMMEDIATE', 'BEGIN EXCLUSIVE'])(
    'says who may hold it where it is locked (%s)',
    async (begin) => {
      const path = join(dataDir, 'registry.db');
      const busy = { code: 'DATA_DIR_BUSY', message: expect.stringContaining(path) };
      await using registry = openRegistry(dataDir);
      await using held = new AsyncDisposableStack();
      const stranger = held.adopt(new Database(path), async (db) => void db.close());
      // A rollback journal: whoever reads is kept out too.
      if (begin === 'BEGIN EXCLUSIVE') {
        await registry[Symbol.asyncDispose]();
        stranger.pragma('journal_mode = delete');
      }
      stranger.exec(begin);
      if (begin === 'BEGIN EXCLUSIVE')
        expect(() => openRegistry(dataDir)).toThrow(expect.objectContaining(busy));
      else await expect(registry.remove('https://a.example')).rejects.toMatchObject(busy);
    },
    60_000,
  );

  it('says so where a folder lies in its place', () => {
    const path = join(dataDir, 'registry.db');
    mkdirSync(path);
    expect(() => openRegistry(dataDir)).toThrow(
      expect.objectContaining({
        code: 'REGISTRY_CORRUPT',
        message: `${path}, the list of connected orgs, is no file.`,
        hint: expect.stringContaining('log in again'),
      }),
    );
  });

  it('says so when the data folder cannot be used', async () => {
    expect(() => openRegistry('/dev/null/data')).toThrow(
      expect.objectContaining({ code: 'DATA_DIR_UNWRITABLE', hint: expect.stringContaining('--data-dir') }),
    );
  });

  it('names the file that lies where the data folder or one above it would be', () => {
    const file = join(dataDir, 'file');
    writeFileSync(file, '');
    for (const folder of [file, join(file, 'a', 'b')]) {
      expect(() => openRegistry(folder)).toThrow(
        expect.objectContaining({
          code: 'DATA_DIR_UNWRITABLE',
          message: `The data folder ${folder} cannot be made: ${file} is no folder.`,
          hint: expect.stringContaining('move that file away'),
        }),
      );
    }
  });

  it('can be opened for the first time by many processes at once', async () => {
    const codes = await Promise.all(
      Array.from(
        { length: 8 },
        (_, n) =>
          new Promise((resolve) => {
            spawn(process.execPath, [join(import.meta.dirname, 'open-registry-once.ts'), dataDir, `${n}`], {
              stdio: 'inherit',
            }).on('exit', resolve);
          }),
      ),
    );
    expect(codes).toEqual(Array(8).fill(0));
    await using registry = openRegistry(dataDir);
    expect(await registry.list()).toHaveLength(8);
  });
});

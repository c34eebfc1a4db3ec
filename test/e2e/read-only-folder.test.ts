import { spawn } from 'node:child_process';
import { chmodSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Emulator, startEmulator } from '../../src/emulator/index.ts';
import { layFormer } from '../fixtures/former-version.ts';
import { Cli, type Ended, ended } from './cli.ts';
import { bin, node } from './program.ts';

/** Nobody: root writes wherever it likes. */
const nobody = 65_534;
let emulator: Emulator;
let cli: Cli;

beforeEach(async () => {
  emulator = await startEmulator({ contacts: 40 });
  cli = new Cli();
  await cli.loginByToken(emulator, '--alias', 'acme');
  await cli.json(['backfill']);
  await cli.json(['push', '--queue', '-'], '{"LastName":"Waiting"}');
});
afterEach(async () => {
  walk(cli.folder, (path, isFolder) => chmodSync(path, isFolder ? 0o700 : 0o600));
  cli[Symbol.dispose]();
  await emulator.close();
});

function walk(path: string, visit: (path: string, isFolder: boolean) => void): void {
  const isFolder = statSync(path).isDirectory();
  if (isFolder) chmodSync(path, 0o755);
  if (isFolder) for (const name of readdirSync(path)) walk(join(path, name), visit);
  visit(path, isFolder);
}

/** As a user who may read everything there and write nothing. */
async function read(...args: string[]): Promise<Ended> {
  walk(cli.folder, (path, isFolder) => chmodSync(path, isFolder ? 0o555 : 0o444));
  const owner = process.getuid?.() === 0 ? { uid: nobody, gid: nobody } : {};
  const child = spawn(node, [bin, ...args], { env: cli.env, cwd: '/', ...owner });
  child.stdin.end();
  return ended(child);
}

async function expectEveryReadingCommand(): Promise<void> {
  const seen = async (...args: string[]) => {
    const result = await read(...args, '--json');
    expect({ args, ...result }).toMatchObject({ code: 0 });
    return JSON.parse(result.stdout);
  };
  expect((await seen('orgs')).orgs).toHaveLength(1);
  expect((await seen('contacts', 'list')).total).toBe(40);
  expect((await seen('contacts', 'search', 'a')).contacts.length).toBeGreaterThan(0);
  const [status] = (await seen('status')).orgs;
  expect(status).toMatchObject({ contacts: 40, error: null, outbox: { pending: 1 } });
  expect((await seen('runs')).runs.map(({ kind }: { kind: string }) => kind)).toContain('backfill');
  expect((await seen('outbox', 'list')).entries).toHaveLength(1);
  expect((await seen('archives', 'list')).archives).toEqual([]);
  const exported = await read('contacts', 'export', '--format', 'ndjson');
  expect(exported.code).toBe(0);
  expect(exported.stdout.trim().split('\n')).toHaveLength(40);
}

describe('on a data folder that may only be read', () => {
  it('every reading command works, and leaves nothing behind', async () => {
    await expectEveryReadingCommand();
    expect(readdirSync(join(cli.dataDir, 'orgs')).filter((name) => /-(wal|shm)$/.test(name))).toEqual([]);
  });

  it('doctor says that it cannot be written, and what to do', async () => {
    const { stdout, code } = await read('doctor', '--json');
    expect(code).toBe(1);
    const { checks } = JSON.parse(stdout);
    expect(checks.find(({ name }: { name: string }) => name === 'data folder')).toMatchObject({
      status: 'fail',
      message: expect.stringMatching(/cannot be written \(E(ROFS|ACCES)\)/),
      hint: expect.stringContaining('--data-dir'),
    });
  });

  it('also where nothing was ever locked, and beside a program that has the mirror open', async () => {
    rmSync(join(cli.dataDir, 'locks'), { recursive: true, force: true });
    const db = new Database(cli.databaseOf(emulator.url));
    db.prepare("insert or replace into meta values ('note', 'in the log')").run();
    try {
      await expectEveryReadingCommand();
    } finally {
      db.close();
    }
  });

  it.each(['0.1.0', 'format-2'])(
    'every reading command works on a mirror that %s has left, which cannot be brought here',
    async (version) => {
      const path = cli.databaseOf(emulator.url);
      for (const end of ['-wal', '-shm']) rmSync(path + end, { force: true });
      layFormer(version, 'complete', path);
      const left = readFileSync(path);
      const db = new Database(path, { readonly: true });
      const waiting = db.prepare("select count(*) from outbox where state = 'pending'").pluck().get();
      const open = db
        .prepare("select count(*) from outbox where state not in ('done', 'dropped')")
        .pluck()
        .get();
      const contacts = db.prepare('select count(*) from contact where _gone is null').pluck().get();
      const runs = db.prepare('select count(*) from run').pluck().get() as number;
      db.close();
      expect([waiting, open, contacts, runs].every((count) => Number(count) > 0)).toBe(true);
      for (const end of ['-wal', '-shm']) rmSync(path + end, { force: true });

      const told = await Promise.all(
        [['status'], ['runs', '--limit', '100'], ['outbox', 'list'], ['contacts', 'list']].map(
          async (args) => {
            const result = await read(...args, '--json');
            expect({ args, ...result }).toMatchObject({ code: 0 });
            return JSON.parse(result.stdout);
          },
        ),
      );
      const outbox = { pending: waiting };
      expect(told[0].orgs[0]).toMatchObject({
        contacts,
        error: null,
        outbox,
        lastBackfill: { status: 'complete' },
      });
      expect(told[0].orgs[0].coveredUntil).toMatch(/^20/);
      expect(told[1].runs).toHaveLength(runs);
      expect(told[2]).toMatchObject({ total: open });
      expect(told[3]).toMatchObject({ total: contacts });
      expect(readFileSync(path).equals(left)).toBe(true);
    },
  );

  it('what would write says so', async () => {
    for (const args of [['orgs', 'disable', 'acme'], ['outbox', 'drop', '--all'], ['backfill']]) {
      const result = await read(...args, '--json');
      expect({ args, ...result }).toMatchObject({ code: 1 });
      expect(JSON.parse(result.stdout).error.code).toMatch(/^(DATA_DIR_UNWRITABLE|LOCKS_UNUSABLE)$/);
    }
  });
});

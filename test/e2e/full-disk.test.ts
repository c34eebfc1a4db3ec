import { spawn } from 'node:child_process';
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Emulator, startEmulator } from '../../src/emulator/index.ts';
import { layFormer } from '../fixtures/former-version.ts';
import { Cli, type Ended, ended } from './cli.ts';
import { bin, node } from './program.ts';

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
  cli[Symbol.dispose]();
  await emulator.close();
});

/** No file may get a byte, be it in the data folder or in that for temporary files: as on a full disk. */
async function onFullDisk(...args: string[]): Promise<Ended> {
  const child = spawn('/bin/sh', ['-c', 'ulimit -f 0; exec "$@"', 'sh', node, bin, ...args], {
    env: cli.env,
    cwd: '/',
  });
  child.stdin.end();
  return ended(child);
}

async function expectEveryReadingCommand(): Promise<void> {
  const seen = async (...args: string[]) => {
    const result = await onFullDisk(...args, '--json');
    expect({ args, ...result }).toMatchObject({ code: 0 });
    return JSON.parse(result.stdout);
  };
  expect((await seen('orgs')).orgs).toHaveLength(1);
  const { contacts, total } = await seen('contacts', 'list');
  expect(total).toBe(40);
  expect(await seen('contacts', 'show', contacts[0].Id)).toMatchObject({ contact: { Id: contacts[0].Id } });
  expect((await seen('contacts', 'search', 'a')).contacts.length).toBeGreaterThan(0);
  const [status] = (await seen('status')).orgs;
  expect(status).toMatchObject({ contacts: 40, error: null, outbox: { pending: 1 } });
  const { runs } = await seen('runs');
  // A first copy is one run, its catch-up a step of it.
  expect(runs.map(({ kind }: { kind: string }) => kind)).toContain('backfill');
  expect((await seen('runs', 'show', runs[0].id)).run.id).toBe(runs[0].id);
  const { entries } = await seen('outbox', 'list');
  expect(entries).toHaveLength(1);
  expect((await seen('outbox', 'show', entries[0].key)).entry.key).toBe(entries[0].key);
  expect((await seen('archives', 'list')).archives).toEqual([]);
  expect((await seen('limits')).orgs).toMatchObject([{ error: null, api: { max: expect.any(Number) } }]);
  const exported = await onFullDisk('contacts', 'export', '--format', 'ndjson');
  expect(exported.code).toBe(0);
  expect(exported.stdout.trim().split('\n')).toHaveLength(40);
}

describe.skipIf(process.platform === 'win32')('on a disk without a free byte', () => {
  it('every reading command works', async () => {
    await expectEveryReadingCommand();
  });

  it('also where a killed process has left a log, and beside a program that has the mirror open', async () => {
    const path = cli.databaseOf(emulator.url);
    const note = `const d = new (require('better-sqlite3'))(${JSON.stringify(path)});
      d.exec("insert or replace into meta values ('note', 'in the log')"); process.kill(process.pid, 'SIGKILL')`;
    const child = spawn(process.execPath, ['-e', note], { cwd: new URL('../..', import.meta.url).pathname });
    expect((await ended(child)).signal).toBe('SIGKILL');
    rmSync(`${path}-shm`);
    await expectEveryReadingCommand();
    using db = closing(new Database(path));
    expect(db.prepare("select value from meta where key = 'note'").pluck().get()).toBe('in the log');
    await expectEveryReadingCommand();
  });

  it.each(['0.1.0', 'format-2'])(
    'also on a mirror that %s has left, which is brought here when there is room',
    async (version) => {
      const path = cli.databaseOf(emulator.url);
      for (const end of ['-wal', '-shm']) rmSync(path + end, { force: true });
      layFormer(version, 'complete', path);
      const told = async (...args: string[]) => {
        const result = await onFullDisk(...args, '--json');
        expect({ args, ...result }).toMatchObject({ code: 0 });
        return JSON.parse(result.stdout);
      };
      const [status] = (await told('status')).orgs;
      const { runs } = await told('runs');
      const { entries } = await told('outbox', 'list');
      expect(status).toMatchObject({ error: null, lastBackfill: { status: 'complete' } });
      expect([status.contacts, runs.length, entries.length].every((count) => count > 0)).toBe(true);

      const [later] = (await cli.json<{ orgs: object[] }>(['status'])).orgs;
      expect(later).toEqual({ ...status, lagSeconds: expect.any(Number) });
      expect(await cli.json(['runs'])).toEqual({ runs, unread: [] });
      expect(await cli.json(['outbox', 'list'])).toMatchObject({ entries });
    },
  );

  it('doctor says that there is no room, and leaves nothing behind', async () => {
    const { code, stdout } = await onFullDisk('doctor', '--json');
    expect(code).toBe(1);
    expect(JSON.parse(stdout).checks).toContainEqual({
      name: 'data folder',
      status: 'fail',
      message: expect.stringMatching(/^There is no room left to write in .* \(EFBIG\)$/),
      hint: expect.stringContaining('Make room'),
      instanceUrl: null,
    });
    expect(readdirSync(cli.env.PARAHACK_SYNC_DATA_DIR!).filter((name) => name.startsWith('.doctor'))).toEqual(
      [],
    );
  });

  it('a mirror that could not be made for want of room says so, and is made when there is room', async () => {
    const path = cli.databaseOf(emulator.url);
    for (const end of ['-wal', '-shm']) rmSync(path + end, { force: true });
    // What is left of a mirror whose making found no room.
    writeFileSync(path, '', { mode: 0o600 });
    const told = async (...args: string[]) => {
      const result = await onFullDisk(...args, '--json');
      expect({ args, ...result }).toMatchObject({ code: 1 });
      return JSON.parse(result.stdout);
    };
    const hint = expect.stringMatching(/free space|Free some space/);
    const noRoom = { code: expect.stringMatching(/^(DISK_FULL|MIRROR_FAILED)$/), hint };
    for (const args of [['runs'], ['outbox', 'list']])
      expect((await told(...args)).error).toMatchObject(noRoom);
    expect((await told('contacts', 'list')).error).toMatchObject({ code: 'NO_MIRROR' });
    const [status] = JSON.parse((await onFullDisk('status', '--json')).stdout).orgs;
    expect(status).toMatchObject({ contacts: null, error: noRoom });
    const { checks } = await told('doctor');
    expect(checks).toContainEqual({
      name: 'mirror acme',
      status: 'fail',
      message: expect.not.stringContaining('no such table'),
      hint,
      instanceUrl: emulator.url,
    });
    expect((await cli.json<{ orgs: object[] }>(['backfill'])).orgs).toMatchObject([
      { status: 'complete', contacts: 40 },
    ]);
  });

  it('what would write says so, and goes on when there is room', async () => {
    for (const args of [['orgs', 'disable', 'acme'], ['outbox', 'drop', '--all'], ['backfill']]) {
      const result = await onFullDisk(...args, '--json');
      expect({ args, ...result }).toMatchObject({ code: 1 });
      expect(JSON.parse(result.stdout).error.code).toBe('DISK_FULL');
    }
    expect((await cli.json<{ orgs: { status: string }[] }>(['backfill'])).orgs).toMatchObject([
      { status: 'complete', contacts: 40 },
    ]);
  });
});

function closing(db: Database.Database): Database.Database & Disposable {
  return Object.assign(db, { [Symbol.dispose]: () => void db.close() });
}

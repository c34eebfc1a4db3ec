import { copyFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Emulator, startEmulator } from '../../src/emulator/index.ts';
import { Cli } from './cli.ts';

interface Shown {
  alias: string | null;
  twoWay: boolean;
  conflicts: string;
}

let emulator: Emulator;
let cli: Cli;
let mirror: string;

beforeEach(async () => {
  emulator = await startEmulator({ contacts: 20 });
  cli = new Cli();
  mirror = cli.databaseOf(emulator.url);
  await logIn();
  await cli.json(['backfill']);
});
afterEach(async () => {
  cli[Symbol.dispose]();
  await emulator.close();
});

/** What is said to people of it. */
async function logIn(): Promise<string> {
  cli.sealCheaply();
  const args = ['login', '--access-token-stdin', '--instance-url', emulator.url, '--alias', 'prod'];
  const { code, stderr } = await cli.run(args, { input: `${emulator.accessToken}\n` });
  expect({ code, stderr }).toMatchObject({ code: 0 });
  return stderr;
}

const set = (...flags: string[]) => cli.json<{ org: Shown }>(['orgs', 'set', 'prod', ...flags]);

/** Both commands show the same. */
async function shown(): Promise<{ twoWay: boolean; conflicts: string }> {
  const [ofOrgs, ofStatus] = await Promise.all(
    ['orgs', 'status'].map(async (command) => {
      const { orgs } = await cli.json<{ orgs: Shown[] }>([command]);
      return { twoWay: orgs[0]!.twoWay, conflicts: orgs[0]!.conflicts };
    }),
  );
  expect(ofStatus).toEqual(ofOrgs);
  return ofOrgs!;
}

/** As any program does it. Null, or why it is refused. */
function insert(path = mirror): string | null {
  const db = new Database(path);
  try {
    db.pragma('busy_timeout = 15000');
    db.prepare("INSERT INTO contacts (LastName) VALUES ('Ng')").run();
    return null;
  } catch (error) {
    return (error as Error).message;
  } finally {
    db.close();
  }
}

function dropRegistry(): void {
  for (const end of ['', '-wal', '-shm']) rmSync(join(cli.dataDir, `registry.db${end}`), { force: true });
}

const manual = { twoWay: true, conflicts: 'manual' };
const takenUp = /is taken up as it is: two-way is on, conflicts manual/;

it('two-way stays as the mirror has it through logout and login, and another policy leaves it on', async () => {
  await set('--two-way', 'on', '--conflicts', 'manual');
  await cli.json(['logout', 'prod']);
  expect(await logIn()).toMatch(takenUp);
  expect(await shown()).toEqual(manual);
  expect((await set('--conflicts', 'local-wins')).org).toMatchObject({
    twoWay: true,
    conflicts: 'local-wins',
  });
  expect(insert()).toBeNull();
  expect(await shown()).toEqual({ twoWay: true, conflicts: 'local-wins' });
});

it.each([
  ['removed', () => dropRegistry()],
  [
    'emptied',
    () => {
      dropRegistry();
      writeFileSync(join(cli.dataDir, 'registry.db'), '');
    },
  ],
  [
    'damaged',
    async () => {
      dropRegistry();
      writeFileSync(join(cli.dataDir, 'registry.db'), 'no database '.repeat(1_000));
      expect((await cli.run(['orgs', '--json'])).stdout).toContain('REGISTRY_CORRUPT');
      dropRegistry();
    },
  ],
])('two-way stays as the mirror has it where the list of orgs was %s', async (_, lose) => {
  await set('--two-way', 'on', '--conflicts', 'manual');
  await lose();
  expect(await logIn()).toMatch(takenUp);
  expect(await shown()).toEqual(manual);
  expect(insert()).toBeNull();
});

it('what an older list of orgs says of two-way does not hold against the mirror', async () => {
  const registry = join(cli.dataDir, 'registry.db');
  const before = join(cli.folder, 'registry.db');
  copyFileSync(registry, before);
  await set('--two-way', 'on', '--conflicts', 'manual');
  dropRegistry();
  copyFileSync(before, registry);
  expect(await shown()).toEqual(manual);
  const { code, stderr } = await cli.run(['watch', '--once', 'prod']);
  expect(code).toBe(0);
  expect(stderr).toMatch(takenUp);
  // The list says so by now: a mirror that is made anew is told.
  for (const end of ['', '-wal', '-shm']) rmSync(mirror + end, { force: true });
  expect(await shown()).toEqual(manual);
  await cli.json(['backfill']);
  expect(insert()).toBeNull();
});

it('a fresh copy in place of a damaged mirror takes edits at once, and one that was put aside takes none', async () => {
  await set('--two-way', 'on', '--conflicts', 'manual');
  const { orgs } = await cli.json<{ orgs: { archived: string }[] }>(['backfill', '--fresh']);
  expect(insert(orgs[0]!.archived)).toContain(`write to ${basename(mirror)}`);
  for (const end of ['-wal', '-shm']) rmSync(mirror + end, { force: true });
  writeFileSync(mirror, 'no database '.repeat(1_000));
  const { orgs: listed } = await cli.json<{ orgs: Shown[] }>(['orgs']);
  expect(listed[0]).toMatchObject(manual);
  expect((await cli.run(['orgs', 'set', 'prod', '--two-way', 'off', '--json'])).stdout).toContain(
    'MIRROR_CORRUPT',
  );
  expect(await cli.json(['backfill', '--fresh'])).toMatchObject({ orgs: [{ status: 'complete' }] });
  expect(insert()).toBeNull();
  expect(await shown()).toEqual(manual);
});

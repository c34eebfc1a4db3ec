import type { ChildProcess } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { type Emulator, startEmulator } from '../../src/emulator/index.ts';
import { repeats } from '../support/deep.ts';
import { Cli, ended } from './cli.ts';
import { everythingIn } from './everything-in.ts';
import { calls, contactsOf, control, expectMirrorEqualsOrg } from './org.ts';

/** Halts of each kind in the deep run, a tenth in the common one. */
const halts = repeats(1);
/** Long enough to halt whoever waits for the answer. */
const answerMs = 1_000;

interface Scene {
  /** What the process that will be halted does. */
  args: string[];
  input?: string;
  /** Of the requests that it makes undisturbed, those in whose answers it may be halted. */
  match: string;
  /** One of them, counted from 0. */
  midst: number;
  /** What comes before it. */
  before(cli: Cli, emulator: Emulator): Promise<void>;
  /** What the process that takes over does. */
  takeOver(cli: Cli, emulator: Emulator): Promise<void>;
  after(cli: Cli, emulator: Emulator): Promise<void>;
  code: 0 | 6;
  /** Tables in which it may note what concerns itself alone: its run, its calls, the end of its push. */
  own?: readonly string[];
}

/** A command that goes on after another process has taken its work over; it was waiting for its answer number `nth`. */
async function haltAndTakeOver(cli: Cli, emulator: Emulator, scene: Scene, nth: number) {
  await scene.before(cli, emulator);
  await control(emulator.url, 'faults', [
    ...(nth > 0 ? [{ match: scene.match, times: nth, delayMs: 0, headers: { 'X-Test': '1' } }] : []),
    { match: scene.match, times: 1, delayMs: answerMs },
  ]);
  const halted = cli.start([...scene.args, '--json']);
  halted.stdin?.end(scene.input ?? '');
  const end = ended(halted);
  await untilTaken(emulator.url, halted);
  await haltIdle(halted, cli.databaseOf(emulator.url));
  // As a person does who takes them for left over.
  rmSync(join(cli.dataDir, 'locks'), { recursive: true });
  await scene.takeOver(cli, emulator);
  const file = cli.databaseOf(emulator.url);
  const taken = everythingIn(file);
  halted.kill('SIGCONT');
  return { ...(await end), taken, left: everythingIn(file) };
}

/** Not within a transaction: whoever is halted there keeps all others from writing, and they say so. */
async function haltIdle(halted: ChildProcess, file: string): Promise<void> {
  for (;;) {
    halted.kill('SIGSTOP');
    if (!isBeingWritten(file)) return;
    halted.kill('SIGCONT');
    await delay(5);
  }
}

function isBeingWritten(file: string): boolean {
  const db = new Database(file, { timeout: 0 });
  try {
    db.exec('BEGIN IMMEDIATE; ROLLBACK');
    return false;
  } catch (error) {
    if ((error as { code?: string }).code === 'SQLITE_BUSY') return true;
    throw error;
  } finally {
    db.close();
  }
}

/** Until the request whose answer is held back has come. */
async function untilTaken(url: string, halted: ChildProcess): Promise<void> {
  for (;;) {
    const left = (await (await fetch(`${url}/__emulator/faults`)).json()) as unknown[];
    if (left.length === 0) return;
    if (halted.exitCode !== null) throw new Error('It made fewer requests than it was to be halted in.');
    await delay(5);
  }
}

/** How many requests of the kind it makes when nobody halts it. */
async function requestsOf(scene: Scene): Promise<number> {
  await using emulator = await startEmulator({ contacts: 60 });
  using cli = new Cli();
  await cli.loginByToken(emulator);
  await scene.before(cli, emulator);
  const known = (await calls(emulator.url)).length;
  const run = await cli.run([...scene.args, '--json'], { input: scene.input });
  expect(run.code).toBe(0);
  const match = new RegExp(scene.match);
  return (await calls(emulator.url))
    .slice(known)
    .filter(({ method, path }) => match.test(`${method} ${path}`)).length;
}

const watchOnce = async (cli: Cli) => {
  const { code, stdout } = await cli.run(['watch', '--once', '--json']);
  expect({ code, stdout }).toMatchObject({ code: 0 });
};
/** In which answers it is halted: spread over all that it asks, in the common run one in the midst. */
async function haltsIn(scene: Scene): Promise<number[]> {
  if (halts === 1) return [scene.midst];
  const requests = await requestsOf(scene);
  expect(requests).toBeGreaterThan(scene.midst);
  return Array.from({ length: halts }, (_, n) => Math.floor((n * requests) / halts));
}

const touched = async (emulator: Emulator, from: number) => {
  const ids = (await contactsOf(emulator.url)).slice(from, from + 5).map(({ Id }) => Id);
  await control(emulator.url, 'touch', { ids });
  await control(emulator.url, 'clock', { advanceMs: 120_000 });
};
const smallPages = (emulator: Emulator) =>
  control(emulator.url, 'settings', { maxPageRows: 20, bulkPageRows: 20 });

const sending = '^(POST|PATCH|DELETE) ';
const names = Array.from({ length: 3 }, (_, n) => `Halted ${n}`);
const pushing = {
  args: ['push', '-'],
  input: names.map((LastName) => JSON.stringify({ LastName })).join('\n'),
  match: sending,
  midst: 1,
  own: ['meta', 'push', 'run', 'run_step'],
  async before(cli: Cli) {
    await cli.json(['backfill']);
  },
  async after(cli: Cli, emulator: Emulator) {
    const made = (await contactsOf(emulator.url)).map(({ LastName }) => String(LastName));
    expect(made.filter((name) => name.startsWith('Halted')).sort()).toEqual(names);
    const { entries } = await cli.json<{ entries: { contact: { name: string } }[] }>([
      'outbox',
      'list',
      '--state',
      'done',
    ]);
    expect(entries.map(({ contact }) => contact.name).filter((name) => name !== 'Other')).toEqual(names);
  },
};

const scenes: Record<string, Scene> = {
  'a first copy': {
    args: ['backfill', '--api', 'rest', '--concurrency', '1'],
    match: '.*',
    midst: 5,
    async before(_cli, emulator) {
      await smallPages(emulator);
    },
    async takeOver(cli, emulator) {
      await cli.json(['backfill']);
      await touched(emulator, 0);
      await watchOnce(cli);
    },
    after: async () => {},
    code: 6,
  },
  'a cycle': {
    args: ['watch', '--once'],
    match: '.*',
    midst: 3,
    async before(cli, emulator) {
      await smallPages(emulator);
      await cli.json(['backfill']);
      await touched(emulator, 0);
    },
    async takeOver(cli, emulator) {
      await watchOnce(cli);
      await touched(emulator, 10);
      await watchOnce(cli);
    },
    after: async () => {},
    code: 6,
  },
  'a push whose records still wait': {
    ...pushing,
    code: 6,
    async takeOver(cli, emulator) {
      await control(emulator.url, 'faults', [{ match: sending, times: 100, status: 503 }]);
      const { code } = await cli.run(['push', '-'], { input: JSON.stringify({ LastName: 'Other' }) });
      expect(code).toBe(5);
      await control(emulator.url, 'faults', []);
    },
  },
  // Pushed again they would be made a second time, so that they are told as what they are.
  'a push whose records the other has sent': {
    ...pushing,
    code: 0,
    async takeOver(cli) {
      await watchOnce(cli);
    },
  },
};

describe.skipIf(process.platform === 'win32')(
  'a process that is halted while its lock files are deleted and another takes its work over',
  () => {
    it.each(Object.entries(scenes))(
      'in %s ends with LEASE_LOST, and the mirror is the other’s',
      async (_what, scene) => {
        const nths = await haltsIn(scene);
        for (const nth of nths) {
          await using emulator = await startEmulator({ contacts: 60 });
          using cli = new Cli();
          await cli.loginByToken(emulator);
          const { code, stdout, taken, left } = await haltAndTakeOver(cli, emulator, scene, nth);
          expect({ nth, code, stdout }).toEqual({
            nth,
            code: scene.code,
            stdout: expect.stringContaining('LEASE_LOST'),
          });
          for (const table of scene.own ?? []) delete taken[table];
          expect(left).toMatchObject(taken);
          // Nobody is kept out by what the halted process left.
          await watchOnce(cli);
          await scene.after(cli, emulator);
          await expectMirrorEqualsOrg(cli.databaseOf(emulator.url), emulator.url);
        }
      },
      120_000 * halts,
    );
  },
);

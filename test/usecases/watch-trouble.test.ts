import {
  closeSync,
  copyFileSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { Services } from '../../src/compose/services.ts';
import { readConfig } from '../../src/config/read-config.ts';
import type { StatusItem, StatusResult } from '../../src/contract/status.ts';
import type { WatchEvent } from '../../src/contract/watch.ts';
import { type Emulator, startEmulator } from '../../src/emulator/index.ts';
import { backfillOrgs } from '../../src/usecases/backfill.ts';
import { login } from '../../src/usecases/login.ts';
import { status } from '../../src/usecases/status.ts';
import { watch } from '../../src/usecases/watch.ts';
import { control, expectMirrorEqualsOrg } from '../e2e/org.ts';
import { haveSmallDisks, mountDisk, type SmallDisk } from '../support/small-disk.ts';

let folder: string;
let services: Services;
/** The org in trouble, and the one beside it. */
let orgs: [Emulator, Emulator];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'parahack-sync-trouble-'));
  orgs = [await startEmulator({ contacts: 20 }), await startEmulator({ contacts: 20, seed: 2 })];
  const env = { PARAHACK_SYNC_DATA_DIR: folder, PARAHACK_SYNC_CREDENTIAL_STORE: 'memory' };
  services = new Services(readConfig({ flags: {}, env, cwd: folder }), { log: silentLogger });
  // Intervals and backoff pass at once.
  const sleep = (ms: number, options?: { signal?: AbortSignal }) =>
    systemClock.sleep(Math.min(ms, 20), options);
  Object.assign(services, { clock: { ...systemClock, sleep } });
  const common = { flow: 'access-token' as const, alias: null, sync: true, replaceUser: false };
  const signal = new AbortController().signal;
  for (const { url, accessToken } of orgs) {
    await login(services, { ...common, instanceUrl: url, accessToken }, { signal, onEvent: () => {} });
  }
});
afterEach(async () => {
  await services[Symbol.asyncDispose]();
  await Promise.all(orgs.map((org) => org.close()));
  rmSync(folder, { recursive: true, force: true });
});

interface Trouble {
  /** Before the watch, in place of after its first cycles. */
  from?: 'start';
  begin(path: string): void;
  /** After each failure. */
  again?(): void;
  end(path: string): void;
}

/**
 * Watches both orgs; after a good cycle of each, the first is in trouble until it has failed twice and the other has
 * had three cycles beside it. Both orgs change meanwhile. Ends as soon as the first has recovered and has those changes.
 */
async function watchedThrough({ from, begin, again, end }: Trouble): Promise<WatchEvent[]> {
  const stop = new AbortController();
  const path = services.mirrors.location(orgs[0].url);
  const events: WatchEvent[] = [];
  let phase: 'before' | 'within' | 'after' = 'before';
  const seen = { failures: 0, cyclesBeside: 0, cycles: 0 };
  let changing: Promise<unknown> | null = null;
  let told: Promise<StatusResult> | null = null;
  let isTold = false;
  const enter = () => {
    phase = 'within';
    Object.assign(seen, { failures: 0, cyclesBeside: 0, cycles: 0 });
    changing = Promise.all(
      orgs.map(({ url }) => control(url, 'touch', { count: 3, set: { Title: 'Meanwhile' } })),
    );
    begin(path);
  };
  if (from === 'start') enter();
  const result = await watch(
    services,
    { orgs: [], intervalMs: 60_000, once: false, push: true, reconcileEveryMs: null },
    {
      signal: AbortSignal.any([stop.signal, AbortSignal.timeout(90_000)]),
      onEvent(event) {
        if (!('instanceUrl' in event) || event.event.startsWith('backfill:progress')) return;
        events.push(event);
        const isFirst = event.instanceUrl === orgs[0].url;
        if (event.event === 'cycle:complete') seen[isFirst ? 'cycles' : 'cyclesBeside']++;
        if (event.event === 'cycle:failed' && isFirst) seen.failures++;
        if (phase === 'within' && event.event === 'cycle:failed') again?.();
        if (phase === 'within' && event.event === 'cycle:failed' && isFirst) {
          told ??= status(services, { org: null }).finally(() => {
            isTold = true;
          });
        }
        if (phase === 'before' && isFirst && seen.cycles > 0 && seen.cyclesBeside > 0) enter();
        else if (phase === 'within' && isTold && seen.failures >= 2 && seen.cyclesBeside >= 3) {
          phase = 'after';
          seen.cycles = 0;
          end(path);
        } else if (phase === 'after' && seen.cycles >= 2) stop.abort();
      },
    },
  );
  await changing;
  expect({ phase, ended: stop.signal.aborted }).toEqual({ phase: 'after', ended: true });
  expect(result.orgs.map(({ error }) => error)).toEqual([null, null]);
  expectTold((await told!).orgs, codesOf(events));
  expect((await status(services, { org: null })).orgs.map(({ failing }) => failing)).toEqual([null, null]);
  return events;
}

/** What `status` said while the first org's mirror was in trouble. */
function expectTold([first, second]: readonly StatusItem[], codes: readonly string[]): void {
  expect(first!.failing).toEqual({
    code: codes[0],
    message: expect.any(String),
    hint: expect.toSatisfy((hint) => hint === null || hint.length > 0),
    since: expect.stringMatching(/Z$/),
    lastAt: expect.stringMatching(/Z$/),
    failures: expect.any(Number),
    retryAt: expect.stringMatching(/Z$/),
  });
  expect(Date.parse(first!.failing!.retryAt!)).toBeGreaterThan(Date.parse(first!.failing!.lastAt));
  expect(second!.failing).toBeNull();
}

/** What is told of the first org between its first failure and its recovery. */
function codesOf(events: readonly WatchEvent[]): string[] {
  return [
    ...new Set(
      events.flatMap((event) =>
        event.event === 'cycle:failed' && event.instanceUrl === orgs[0].url ? [event.error.code] : [],
      ),
    ),
  ];
}

async function expectAllIsWell(events: readonly WatchEvent[]): Promise<void> {
  expect(
    events.filter((event) => event.event === 'cycle:failed' && event.instanceUrl === orgs[1].url),
  ).toEqual([]);
  expect(events.filter((event) => event.event === 'cycle:recovered')).toMatchObject([
    {
      instanceUrl: orgs[0].url,
      failures: expect.any(Number),
      lastedMs: expect.toSatisfy(Number.isInteger, 'whole milliseconds'),
    },
  ]);
  for (const { url } of orgs) {
    const path = services.mirrors.location(url);
    expect(await expectMirrorEqualsOrg(path, url)).toBe(20);
    const db = new Database(path, { readonly: true });
    expect(db.prepare("select count(*) from contacts where Title = 'Meanwhile'").pluck().get()).toBe(3);
    db.close();
  }
}

/** On a disk of its own, as a user moves a large mirror to another one. Both orgs have been copied. */
async function onDisk(disk: SmallDisk): Promise<void> {
  const { signal } = new AbortController();
  const { orgs: items } = await backfillOrgs(
    services,
    { orgs: [], all: false, api: 'auto', concurrency: null, fresh: false, force: false, fields: null },
    { signal, onEvent: () => {} },
  );
  expect(items.map(({ error }) => error)).toEqual([null, null]);
  const path = services.mirrors.location(orgs[0].url);
  copyFileSync(path, join(disk.path, 'mirror.db'));
  rmSync(path);
  symlinkSync(join(disk.path, 'mirror.db'), path);
}

describe('one org’s mirror in trouble: its cycles fail with the reason, the other org goes on, and it recovers by itself', () => {
  describe.skipIf(!haveSmallDisks())('on a disk of its own', () => {
    it('that is full', async () => {
      using disk = mountDisk(4_096);
      await onDisk(disk);
      const covered: unknown[] = [];
      const events = await watchedThrough({
        begin(path) {
          // What the log has room for already is no trouble yet.
          const db = new Database(path);
          db.pragma('wal_checkpoint(TRUNCATE)');
          db.close();
          covered.push(cursorsIn(path));
          disk.fill();
        },
        // An org at rest leaves a few bytes free.
        again: () => disk.fill(),
        end(path) {
          disk.free();
          covered.push(cursorsIn(path));
        },
      });
      expect(codesOf(events)).toEqual(['DISK_FULL']);
      expect(covered[1]).toEqual(covered[0]);
      await expectAllIsWell(events);
    });

    it('that is read-only when the watch begins', async () => {
      using disk = mountDisk(4_096);
      await onDisk(disk);
      const events = await watchedThrough({
        from: 'start',
        begin: () => disk.makeReadOnly(),
        end: () => disk.makeWritable(),
      });
      expect(codesOf(events)).toEqual(['DATA_DIR_UNWRITABLE']);
      await expectAllIsWell(events);
    });
  });

  it('busy: another program holds the write lock', async () => {
    let stranger: Database.Database | null = null;
    const events = await watchedThrough({
      begin(path) {
        stranger = new Database(path);
        stranger.exec('BEGIN IMMEDIATE');
      },
      end: () => void stranger?.close(),
    });
    expect(codesOf(events)).toEqual(['MIRROR_BUSY']);
    await expectAllIsWell(events);
  });

  it('damaged, until somebody puts the file back', async () => {
    let sound = Buffer.alloc(0);
    const events = await watchedThrough({
      begin(path) {
        const db = new Database(path);
        db.pragma('wal_checkpoint(TRUNCATE)');
        db.close();
        sound = readFileSync(path);
        overwrite(path, Buffer.alloc(sound.length, 0x5a));
      },
      end: (path) => overwrite(path, sound),
    });
    expect(codesOf(events)).toEqual(['MIRROR_CORRUPT']);
    await expectAllIsWell(events);
  });
});

/** As they are in the file. */
function cursorsIn(path: string): unknown {
  const db = new Database(path, { readonly: true });
  try {
    return db.prepare('select name, at from cursor order by name').all();
  } finally {
    db.close();
  }
}

/** In place, as a failing disk does. */
function overwrite(path: string, bytes: Buffer): void {
  const file = openSync(path, 'r+');
  writeSync(file, bytes);
  closeSync(file);
}

it('a mirror that was removed is copied anew while the other org goes on', async () => {
  const stop = new AbortController();
  const events: string[] = [];
  const path = services.mirrors.location(orgs[0].url);
  const count = (event: string) => events.filter((one) => one === event).length;
  let removed = false;
  await watch(
    services,
    { orgs: [], intervalMs: 60_000, once: false, push: true, reconcileEveryMs: null },
    {
      signal: AbortSignal.any([stop.signal, AbortSignal.timeout(90_000)]),
      onEvent(event) {
        if (!('instanceUrl' in event)) return;
        events.push(`${event.event} ${event.instanceUrl === orgs[0].url ? 'a' : 'b'}`);
        if (!removed && event.event === 'cycle:complete' && count('cycle:complete a') > 0) {
          removed = true;
          for (const end of ['', '-wal', '-shm']) rmSync(path + end, { force: true });
        }
        if (count('backfill:complete a') === 2 && count('cycle:complete a') > 2) stop.abort();
      },
    },
  );
  expect([count('backfill:complete a'), count('backfill:complete b')]).toEqual([2, 1]);
  expect(count('cycle:failed b')).toBe(0);
  expect(await expectMirrorEqualsOrg(path, orgs[0].url)).toBe(20);
});

it('an unreadable folder of the mirrors is told at each org and mends itself', async () => {
  // A file where the folder should be: root may write into any folder.
  writeFileSync(join(folder, 'orgs'), '');
  const stop = new AbortController();
  const codes = new Set<string>();
  const complete = new Map<string, number>();
  let mended = false;
  await watch(
    services,
    { orgs: [], intervalMs: 60_000, once: false, push: true, reconcileEveryMs: null },
    {
      signal: AbortSignal.any([stop.signal, AbortSignal.timeout(90_000)]),
      onEvent(event) {
        if (event.event === 'cycle:failed') codes.add(`${event.error.code}`);
        if (event.event === 'cycle:failed' && !mended && event.failures > 1) {
          mended = true;
          rmSync(join(folder, 'orgs'));
        }
        if (event.event !== 'cycle:complete') return;
        complete.set(event.instanceUrl, (complete.get(event.instanceUrl) ?? 0) + 1);
        // Each of both: under load one may have many before the other is tried again.
        if (orgs.every(({ url }) => (complete.get(url) ?? 0) >= 2)) stop.abort();
      },
    },
  );
  expect([...codes]).toEqual(['DATA_DIR_UNWRITABLE']);
  for (const { url } of orgs)
    expect(await expectMirrorEqualsOrg(services.mirrors.location(url), url)).toBe(20);
});

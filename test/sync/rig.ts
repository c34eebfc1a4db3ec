import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../../src/base/clock.ts';
import { systemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { type Emulator, type EmulatorOptions, startEmulator } from '../../src/emulator/index.ts';
import { contact } from '../../src/org/synced-object.ts';
import { connectRemote } from '../../src/salesforce/connect-remote.ts';
import { openMirrors } from '../../src/store/sqlite/open-mirrors.ts';
import type { WriterWorker } from '../../src/store/sqlite/writer/writer-worker.ts';
import { usualSizes } from '../../src/sync/batch-sizes.ts';
import type { SyncContext } from '../../src/sync/context.ts';
import type { SyncEvent } from '../../src/sync/events.ts';
import type { Mirrors } from '../../src/sync/ports/mirrors.ts';
import type { StoredMirror } from '../../src/sync/ports/stored-mirror.ts';
import { openWire } from '../../src/wire/open-wire.ts';
import { heldLease } from '../support/leases.ts';
import { startLocalThread } from '../support/local-thread.ts';

/** Waits pass at once, so that backoff and polling cost a test nothing; the org's clock is its own. */
const hurried: Clock = {
  ...systemClock,
  sleep: (ms, options) => systemClock.sleep(Math.min(ms, 5), options),
};

/** The real client, the real store and a local org, put together as the app does. */
/** What jobs work with, on a mirror that lies in a file. */
interface RigContext extends SyncContext {
  mirror: StoredMirror;
}

export interface Rig extends AsyncDisposable {
  emulator: Emulator;
  context: RigContext;
  mirrors: Mirrors;
  folder: string;
  events: SyncEvent[];
  signal: AbortSignal;
  /** Time passes, for the org and for this machine alike. */
  pass(ms: number): void;
  /** The same mirror and org for another process: nothing that the first held in its memory is there. */
  anew(): ReturnType<typeof connectParts>;
}

/**
 * The wall clock, moved to the fifth second of a minute: what a cycle reads depends on whether a minute has just
 * turned, and a test is to turn it itself.
 */
function earlyInMinute(): () => number {
  const ahead = 60_000 + 5_000 - (Date.now() % 60_000);
  return () => Date.now() + ahead;
}

export async function openRig(options: EmulatorOptions = {}): Promise<Rig> {
  let passed = 0;
  const wallClock = options.wallClock ?? earlyInMinute();
  const emulator = await startEmulator({
    contacts: 0,
    dailyLimit: 10_000_000,
    ...options,
    wallClock: () => wallClock() + passed,
  });
  const clock: Clock = {
    ...hurried,
    now: () => wallClock() + passed,
    monotonicMs: () => hurried.monotonicMs() + passed,
  };
  const folder = mkdtempSync(join(tmpdir(), 'parahack-sync-rig-'));
  const events: SyncEvent[] = [];
  const connect = (onEvent?: (event: SyncEvent) => void) =>
    connectParts(emulator.url, emulator.accessToken, folder, {
      onEvent,
      clock,
      userId: emulator.userId,
      // A thread of its own for each takes half of the processor's time of these tests.
      startThread: () => startLocalThread(async (_call, work) => work()),
    });
  const parts = await connect((event) => events.push(event));
  return {
    emulator,
    folder,
    events,
    signal: new AbortController().signal,
    context: parts.context,
    mirrors: parts.mirrors,
    pass(ms) {
      passed += ms;
    },
    anew: () => connect(),
    async [Symbol.asyncDispose]() {
      await parts.close();
      await emulator.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export async function connectParts(
  url: string,
  accessToken: string,
  folder: string,
  {
    onEvent = () => {},
    clock = hurried,
    userId = '005000000000001AAA',
    startThread,
  }: {
    onEvent?: ((event: SyncEvent) => void) | undefined;
    clock?: Clock;
    userId?: string;
    startThread?: (() => WriterWorker) | undefined;
  } = {},
) {
  const wire = openWire();
  const mirrors = openMirrors({
    folder: join(folder, 'orgs'),
    log: silentLogger,
    clock: systemClock,
    startThread,
  });
  const mirror = await mirrors.open(url, { create: true, lease: heldLease() });
  const token = async () => accessToken;
  const remote = connectRemote({
    session: { instanceUrl: url, userId, accessToken: token, renew: token },
    apiVersion: '62.0',
    wire,
    clock,
    notBefore: await mirror.contacts.latestReadAt(),
  });
  const context: RigContext = {
    object: contact,
    remote,
    records: remote.of(contact),
    mirror,
    clock,
    stopBudgetMs: 60_000,
    sizes: usualSizes,
    log: silentLogger,
    onEvent,
  };
  return {
    context,
    mirrors,
    async close() {
      await mirror[Symbol.asyncDispose]();
      await mirrors[Symbol.asyncDispose]();
      await wire.close();
    },
  };
}

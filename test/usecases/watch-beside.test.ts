import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { WatchEvent } from '../../src/contract/watch.ts';
import { type Emulator, startEmulator } from '../../src/emulator/index.ts';
import { openFileLeases } from '../../src/lease/file-leases.ts';
import { takeOrgLease } from '../../src/usecases/org-lease.ts';
import { watch } from '../../src/usecases/watch.ts';
import { type OpenServices, openServices } from './open-services.ts';

let emulator: Emulator;
let app: OpenServices;

beforeEach(async () => {
  emulator = await startEmulator({ contacts: 5 });
  app = openServices(emulator);
});
afterEach(async () => {
  await app[Symbol.asyncDispose]();
  await emulator.close();
});

/** The lease of the org as another process has it. */
function holdOrg(purpose: 'backfill' | 'watch') {
  const leases = openFileLeases(join(app.services.config.dataDir, 'locks'));
  return takeOrgLease({ leases, mirrors: app.services.mirrors }, emulator.url, purpose);
}

async function watched(once: boolean, onEvent: (event: WatchEvent, stop: () => void) => void) {
  const end = AbortSignal.timeout(90_000);
  const stop = new AbortController();
  const options = { orgs: [], intervalMs: 60_000, once, push: true, reconcileEveryMs: null };
  const signal = AbortSignal.any([end, stop.signal]);
  const result = await watch(app.services, options, {
    signal,
    onEvent: (event) => onEvent(event, () => stop.abort()),
  });
  expect(end.aborted).toBe(false);
  return result;
}

describe('a watch of one org', () => {
  it('waits for a copy of it that somebody else makes and then goes on', async () => {
    const lease = await holdOrg('backfill');
    const seen: string[] = [];
    let told = '';
    await watched(false, (event, stop) => {
      seen.push(event.event);
      if (event.event === 'cycle:skipped') {
        told = event.error.message;
        expect(event.retryInMs).toBe(60_000);
        void lease.release();
      }
      if (event.event === 'cycle:complete') stop();
    });
    expect(seen).toContain('cycle:complete');
    expect(told).toBe(`Another call of this process is working on ${emulator.url} (backfill).`);
  });

  it('ends where another watch has it, and with --once where a copy has', async () => {
    for (const [purpose, once] of [
      ['watch', false],
      ['backfill', true],
    ] as const) {
      await using _lease = await holdOrg(purpose);
      const seen: (number | null)[] = [];
      const reasons: string[] = [];
      const { orgs } = await watched(once, (event) => {
        if (event.event === 'cycle:skipped') seen.push(event.retryInMs);
        if (event.event === 'watch:stop') reasons.push(event.reason);
      });
      expect(orgs).toMatchObject([{ error: { code: 'ORG_BUSY', details: { purpose } } }]);
      expect(seen).toEqual([null]);
      expect(reasons).toEqual([once ? 'once' : 'busy']);
    }
  });
});

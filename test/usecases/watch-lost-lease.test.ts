import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { isAppError } from '../../src/base/errors.ts';
import type { WatchEvent } from '../../src/contract/watch.ts';
import { startEmulator } from '../../src/emulator/index.ts';
import { openFileLeases } from '../../src/lease/file-leases.ts';
import type { Lease } from '../../src/sync/ports/leases.ts';
import { takeOrgLease, watchLeaseName } from '../../src/usecases/org-lease.ts';
import { watch } from '../../src/usecases/watch.ts';
import { contactsOf, control, expectMirrorEqualsOrg } from '../e2e/org.ts';
import { openServices } from './open-services.ts';

it('a watch whose lock files were deleted is seen again as one that runs', async () => {
  await using emulator = await startEmulator({ contacts: 5 });
  await using app = openServices(emulator);
  const { services } = app;
  const locks = join(services.config.dataDir, 'locks');
  const stop = new AbortController();
  const holder = () => services.leases.holderOf(watchLeaseName);
  const began = Promise.withResolvers<void>();
  const onEvent = ({ event }: WatchEvent) => event === 'cycle:complete' && began.resolve();
  const options = { orgs: [], intervalMs: 1_500, once: false, push: true, reconcileEveryMs: null };
  const watching = watch(services, options, { signal: stop.signal, onEvent });
  await began.promise;
  expect(await holder()).toMatchObject({ pid: process.pid });
  rmSync(locks, { recursive: true, force: true });
  expect(await holder()).toBeNull();
  await expect.poll(holder, { timeout: 30_000 }).toMatchObject({ pid: process.pid });
  expect(readdirSync(locks).filter((name) => name.endsWith('.failure'))).toHaveLength(1);
  stop.abort();
  await watching;
  expect(await holder()).toBeNull();
});

it('a watch whose lock files were deleted says ORG_BUSY while another works, and goes on by itself after it', async () => {
  await using emulator = await startEmulator({ contacts: 5 });
  await using app = openServices(emulator);
  const { services } = app;
  const locks = join(services.config.dataDir, 'locks');
  const stop = new AbortController();
  const end = AbortSignal.timeout(90_000);
  const lost = 'cycle:failed LEASE_LOST';
  const told: string[] = [];
  let other: Lease | null = null;
  let isLeaving = false;
  let isReleased = false;
  let doing = Promise.resolve();
  const onEvent = (event: WatchEvent) => {
    const code = 'error' in event ? ` ${event.error?.code}` : '';
    told.push(`${event.event}${code}`);
    const cycles = told.filter((line) => line === 'cycle:complete').length;
    if (event.event === 'cycle:complete' && cycles === 1) {
      doing = (async () => {
        // The watch can look at its org before that, and takes the lock anew: it loses it all the same.
        while (other === null) {
          rmSync(locks, { recursive: true, force: true });
          const parts = { leases: openFileLeases(locks), mirrors: services.mirrors };
          other = await takeOrgLease(parts, emulator.url, 'backfill').catch((error: unknown) => {
            if (!isAppError(error, 'ORG_BUSY')) throw error;
            return null;
          });
        }
        await using _mirror = await services.mirrors.open(emulator.url, { create: false, lease: other });
      })();
    }
    if (told.at(-1) === 'cycle:skipped ORG_BUSY' && !isLeaving) {
      isLeaving = true;
      const taking = doing;
      doing = (async () => {
        // The watch can meet the lock before whoever takes it has come to the end of taking it, and tells so once.
        await taking;
        const ids = (await contactsOf(emulator.url)).slice(0, 2).map(({ Id }) => Id);
        await control(emulator.url, 'touch', { ids });
        await control(emulator.url, 'clock', { advanceMs: 120_000 });
        await other?.release();
        isReleased = true;
      })();
    }
    const last = told.includes(lost) ? 'cycle:recovered' : 'cycle:complete';
    if (isReleased && event.event === last) stop.abort();
  };
  const options = { orgs: [], intervalMs: 1_500, once: false, push: true, reconcileEveryMs: null };
  const result = await watch(services, options, { signal: AbortSignal.any([stop.signal, end]), onEvent });
  await doing;
  expect(end.aborted).toBe(false);
  expect(result.orgs).toMatchObject([{ error: null }]);
  const kinds = told.filter((line, n) => line.startsWith('cycle:') && line !== told[n - 1]);
  const asFailed = [lost, 'cycle:skipped ORG_BUSY', 'cycle:complete', 'cycle:recovered'];
  // Found lost between two turns, where nothing was being done, there is nothing that has failed.
  const expected = kinds.includes(lost) ? asFailed : ['cycle:skipped ORG_BUSY', 'cycle:complete'];
  expect(kinds.slice(-expected.length)).toEqual(expected);
  await expectMirrorEqualsOrg(services.mirrors.location(emulator.url), emulator.url);
});

import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { AppError } from '../../src/base/errors.ts';
import type { OrgRecord } from '../../src/orgs/org-record.ts';
import { renewIdleLogins } from '../../src/usecases/renew-idle.ts';
import { type WatchParts, watch } from '../../src/usecases/watch.ts';
import { MemoryFailureNotes } from '../support/memory-failure-notes.ts';

const failure = new AppError('DISK_FULL', 'There is no room left.');

/** The parts that the care for idle logins uses, with a registry that says what `list` says. */
function servicesWith(list: () => OrgRecord[], sleep: (signal?: AbortSignal) => Promise<void>) {
  const warned: string[] = [];
  const quiet = () => {};
  const services = {
    registry: { list: async () => list(), isInPlace: async () => true },
    leases: { take: async () => null },
    processOrg: async () => null,
    failureNotes: new MemoryFailureNotes(),
    config: { apiBudget: 0.5 },
    clock: {
      ...systemClock,
      sleep: (_ms: number, options?: { signal?: AbortSignal }) => sleep(options?.signal),
    },
    log: { debug: quiet, info: quiet, error: quiet, warn: (message: string) => void warned.push(message) },
  } as unknown as WatchParts;
  return { services, warned };
}

const untilAborted = (signal?: AbortSignal) =>
  new Promise<void>((_, reject) => {
    signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
  });

describe('the care for the logins of orgs whose sync is off', () => {
  it('outlives a registry that cannot be read for a while', async () => {
    let looks = 0;
    const end = new AbortController();
    const { services, warned } = servicesWith(
      () => {
        looks++;
        if (looks === 2) end.abort();
        if (looks === 1) throw failure;
        return [];
      },
      async (signal) => signal?.throwIfAborted(),
    );
    await renewIdleLogins(services, end.signal);
    expect(looks).toBe(2);
    expect(warned).toEqual([expect.stringContaining('There is no room left.')]);
  });

  it('ends with a watch that fails', async () => {
    let looks = 0;
    const waits: (AbortSignal | undefined)[] = [];
    const { services } = servicesWith(
      () => {
        if (++looks > 2) throw failure;
        return [{ instanceUrl: 'https://a.example', orgId: '00D000000000001', sync: true } as OrgRecord];
      },
      (signal) => {
        waits.push(signal);
        return untilAborted(signal);
      },
    );
    const watched = watch(
      services,
      { orgs: [], intervalMs: 60_000, once: false, push: true, reconcileEveryMs: null },
      { signal: new AbortController().signal, onEvent: () => {} },
    );
    await expect(watched).rejects.toBe(failure);
    expect(waits.map((signal) => signal?.aborted)).toEqual([true]);
  });
});

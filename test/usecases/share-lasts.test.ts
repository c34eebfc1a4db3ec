import { setImmediate as nextTick } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { WatchEvent } from '../../src/contract/watch.ts';
import { maxKeptOpen } from '../../src/daemon/loop-limits.ts';
import { type Emulator, startEmulator } from '../../src/emulator/index.ts';
import type { OrgRecord } from '../../src/orgs/org-record.ts';
import { connectRemote } from '../../src/salesforce/connect-remote.ts';
import { slotOf, spanAt } from '../../src/sync/budget/call-slots.ts';
import { ledgerIdOf } from '../../src/sync/budget/ledger-id.ts';
import { callsIn } from '../../src/sync/budget/share.ts';
import type { CallLedger } from '../../src/sync/ports/call-ledger.ts';
import type { Mirror } from '../../src/sync/ports/mirror.ts';
import type { RemoteOptions } from '../../src/usecases/ports/org-access.ts';
import { status } from '../../src/usecases/status.ts';
import { type WatchParts, watch } from '../../src/usecases/watch.ts';
import { openWire, type Wire } from '../../src/wire/open-wire.ts';
import { newEntry } from '../contract/new-entry.ts';
import { orgFor } from '../orgs/org-for.ts';
import { manualClock } from '../support/manual-clock.ts';
import { copied, partsOf, quietOrg } from './parts.ts';

const minute = 60_000;
const hour = 60 * minute;
/** Beside each org between its turns: the look at the list of orgs, and the renewal of idle logins. */
const sleepersBesides = 2;
/** For so long the watch sleeps beside each turn, before it looks how that goes. */
const lookMs = 500;
const start = Date.UTC(2026, 2, 4, 10, 0, 30);

let emulator: Emulator;
let wire: Wire;
let org: OrgRecord;
let clock: ReturnType<typeof manualClock>;

beforeEach(async () => {
  clock = manualClock(start);
  emulator = await startEmulator({ contacts: 20, dailyLimit: 400, wallClock: () => clock.now() });
  wire = openWire();
  org = { ...orgFor('a'), instanceUrl: emulator.url, apiUrl: emulator.url };
});

afterEach(async () => {
  await wire.close();
  await emulator.close();
});

/**
 * A watch in manual time on a real client and a local org, whose only calls are those of the watch. Nothing is asked of the
 * orgs `besides` over HTTP.
 */
async function watching(
  during: (watched: Watched) => Promise<void>,
  besides: readonly OrgRecord[] = [],
): Promise<Watched> {
  const orgs = [org, ...besides];
  let looks = 0;
  const sleep: typeof clock.sleep = (ms, options) => {
    if (ms !== lookMs) return clock.sleep(ms, options);
    looks++;
    return clock.sleep(ms, options).finally(() => {
      looks--;
    });
  };
  const parts = { ...partsOf(orgs), clock: { ...clock, sleep } };
  for (const { instanceUrl } of orgs) await copied(parts, instanceUrl, start - 5 * minute);
  let opened = 0;
  const calls: number[] = [];
  const cycles: Cycle[] = [];
  const others: WatchEvent[] = [];
  const end = new AbortController();
  const services: WatchParts = {
    ...parts,
    openRemote: async (session, { budget }: RemoteOptions = {}) => {
      if (session.instanceUrl !== org.instanceUrl) return quietOrg(session, {}, () => clock.now());
      opened++;
      return connectRemote({
        session: { ...session, instanceUrl: emulator.url, accessToken: token, renew: token },
        apiVersion: '62.0',
        wire,
        clock,
        wallMs: () => clock.now(),
        gate: {
          before: async (kind, options) => {
            await budget?.before(kind, options);
            calls.push(clock.now());
          },
          after: (usage) => budget?.after(usage),
        },
      });
    },
  };
  const running = watch(
    services,
    { orgs: [], intervalMs: 5 * minute, once: false, push: true, reconcileEveryMs: null },
    {
      signal: end.signal,
      onEvent(event) {
        if ('instanceUrl' in event && event.instanceUrl !== org.instanceUrl) return;
        if (event.event === 'cycle:complete') cycles.push({ ...event, at: clock.now() });
        else others.push(event);
      },
    },
  );
  const watched: Watched = {
    made: calls,
    raise: (budget) => parts.registry.update(org.instanceUrl, { budget }),
    opened: () => opened,
    calls: parts.calls,
    mirror: parts.mirrors.of(org.instanceUrl),
    cycles,
    others,
    status: async () => (await status(parts, { org: null })).orgs[0]!.api,
    async pass(ms) {
      const until = clock.now() + ms;
      for (;;) {
        // The time stands still as long as the org is in its turn, and so does not sleep.
        while (clock.sleeping().length - looks < orgs.length + sleepersBesides) await nextTick();
        if (clock.now() >= until) return;
        clock.advance(Math.max(1, Math.min(until - clock.now(), ...clock.sleeping())));
      }
    },
  };
  try {
    await during(watched);
  } finally {
    end.abort();
    await running;
  }
  return watched;
}

interface Cycle {
  at: number;
  upserted: number;
  apiCalls: number;
}

interface Watched {
  /** When each call was made. */
  made: number[];
  /** Sets another share of the org's calls. */
  raise(budget: number): Promise<unknown>;
  /** How often it was connected. */
  opened(): number;
  calls: CallLedger;
  mirror: Mirror;
  cycles: Cycle[];
  others: WatchEvent[];
  status(): Promise<Awaited<ReturnType<typeof status>>['orgs'][number]['api']>;
  pass(ms: number): Promise<void>;
}

const token = async () => emulator.accessToken;

/** Most calls within any 24 hours. */
function mostInADay(calls: readonly number[]): number {
  let from = 0;
  let most = 0;
  for (const [i, at] of calls.entries()) {
    while (calls[from]! <= at - 24 * hour) from++;
    most = Math.max(most, i - from + 1);
  }
  return most;
}

const touch = (count: number) =>
  fetch(`${emulator.url}/__emulator/touch`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ count, set: { Title: `At ${clock.now()}` } }),
  });

describe('a share of 100 calls a day, at an interval of five minutes', () => {
  it('lasts: the org is asked at even distances to the end of the day and of the next', async () => {
    const { cycles, made, others } = await watching(async ({ pass, status }) => {
      await pass(hour);
      expect(await status()).toMatchObject({
        stretched: { intervalMs: 5 * minute, stretchedMs: expect.any(Number) },
        share: { allowed: 100, reserve: 10 },
      });
      await pass(53 * hour);
    });
    expect(others.map(({ event }) => event)).toEqual(['watch:start', 'interval:stretched', 'watch:stop']);
    expect(mostInADay(made)).toBeLessThanOrEqual(90);
    // The share is put to use, too.
    expect(mostInADay(made)).toBeGreaterThanOrEqual(75);
    const distances = cycles.slice(3).map(({ at }, i) => at - cycles[i + 2]!.at);
    expect(Math.max(...distances)).toBeLessThan(60 * minute);
    expect(Math.min(...distances)).toBeGreaterThan(20 * minute);
    expect(start + 54 * hour - cycles.at(-1)!.at).toBeLessThan(60 * minute);
  });

  it('lasts also while changes come: each is there with the next cycle, to the end of the day', async () => {
    const { cycles, made, others } = await watching(async ({ pass }) => {
      for (let n = 0; n < 18; n++) {
        await pass(90 * minute);
        await touch(1);
      }
      await pass(90 * minute);
    });
    expect(others.filter(({ event }) => event === 'cycle:failed')).toEqual([]);
    expect(cycles.reduce((sum, { upserted }) => sum + upserted, 0)).toBeGreaterThanOrEqual(18);
    expect(mostInADay(made)).toBeLessThanOrEqual(90);
    const late = cycles.filter(({ at }) => at > start + 22 * hour && at <= start + 24 * hour);
    expect(late.some(({ upserted }) => upserted > 0)).toBe(true);
  });
});

describe('a share that one large push takes much of', () => {
  it('is asked as often as its pulls alone may', async () => {
    await fetch(`${emulator.url}/__emulator/settings`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ dailyLimit: 4_000 }),
    });
    await watching(async ({ pass, cycles, others, mirror, made }) => {
      await pass(hour);
      expect(others.map(({ event }) => event)).toEqual(['watch:start']);
      const before = made.length;
      await mirror.outbox.add(Array.from({ length: 24 }, () => newEntry({ createdAt: clock.now() })));
      await pass(5 * minute);
      expect(made.length - before).toBeGreaterThan(24);
      const from = cycles.length;
      await pass(2 * hour);
      expect(others.filter(({ event }) => event === 'interval:stretched')).toEqual([]);
      expect(cycles.length - from).toBeGreaterThanOrEqual(23);
    });
  });
});

const setDailyLimit = (dailyLimit: number) =>
  fetch(`${emulator.url}/__emulator/settings`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ dailyLimit }),
  });

describe('an org that tells another limit', () => {
  it.each([0, 10])('is watched on within the longest backoff, though it told %d for hours', async (told) => {
    await setDailyLimit(15_000);
    await watching(async ({ pass, cycles, made }) => {
      await pass(3 * hour);
      await setDailyLimit(told);
      await pass(3 * hour);
      const [inTime, calls] = [cycles.length, made.length];
      await pass(2 * hour);
      expect(cycles).toHaveLength(inTime);
      // No more than a look each five minutes.
      expect(made.length - calls).toBeLessThanOrEqual(24);
      await setDailyLimit(15_000);
      await pass(46 * minute);
      expect(cycles.length).toBeGreaterThan(inTime);
    });
  });
});

describe('an org that has refused for the day', () => {
  const plant = (fault: Record<string, unknown>) =>
    fetch(`${emulator.url}/__emulator/faults`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify([{ match: '/services/data/', ...fault }]),
    });

  it('is watched on with the next look, though the session has ended meanwhile', async () => {
    await setDailyLimit(15_000);
    await watching(async ({ pass, cycles, others, made }) => {
      await pass(hour);
      await plant({ errorCode: 'REQUEST_LIMIT_EXCEEDED' });
      while (!others.some(({ event }) => event === 'cycle:failed')) await pass(minute);
      const [before, callsBefore] = [cycles.length, made.length];
      await plant({ status: 401 });
      await pass(20 * minute);
      const look = made[callsBefore]!;
      expect(cycles[before]!.at - look).toBeLessThan(minute);
    });
  });
});

describe('the pushes of a watch', () => {
  const creates = async () => {
    const calls = await fetch(`${emulator.url}/__emulator/calls`);
    const made = (await calls.json()) as { method: string; path: string; status: number | null }[];
    // Rows are read back by POST too.
    return made
      .filter(({ method, path }) => method === 'POST' && !path.includes('/composite/'))
      .map(({ status }) => status);
  };

  it('are left out until the time that the org asked for, and its pulls go on', async () => {
    await watching(async ({ pass, cycles, mirror }) => {
      await pass(12 * minute);
      const fault = { match: '^POST', times: 1, status: 429, headers: { 'Retry-After': '5400' } };
      await fetch(`${emulator.url}/__emulator/faults`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify([fault]),
      });
      await mirror.outbox.add([newEntry({ createdAt: clock.now() })]);
      await pass(85 * minute);
      expect(await creates()).toEqual([429]);
      expect(cycles.length).toBeGreaterThan(2);
      await pass(100 * minute);
      expect(await creates()).toEqual([429, 201]);
      expect((await mirror.outbox.counts()).done).toBe(1);
    });
  });

  const plant = (...faults: Record<string, unknown>[]) =>
    fetch(`${emulator.url}/__emulator/faults`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(faults),
    });

  it.each([
    [429, undefined],
    [403, 'REQUEST_LIMIT_EXCEEDED'],
  ])('are left out until then through many cycles that go without them (%s)', async (status, errorCode) => {
    await setDailyLimit(100_000);
    await watching(async ({ pass, cycles, mirror }) => {
      await pass(12 * minute);
      await plant({ match: '^POST', times: 1, status, errorCode, headers: { 'Retry-After': '5400' } });
      await mirror.outbox.add([newEntry({ createdAt: clock.now() })]);
      await pass(85 * minute);
      expect(cycles.length).toBeGreaterThan(15);
      expect(await creates()).toEqual([status]);
      await pass(15 * minute);
      expect(await creates()).toEqual([status, 201]);
    });
  });

  it('are left out until then also where it was said behind a pull that failed', async () => {
    await setDailyLimit(100_000);
    await watching(async ({ pass, others, mirror }) => {
      await pass(12 * minute);
      await plant(
        { match: '^GET .*/updated', times: 1_000, status: 400, errorCode: 'UNKNOWN' },
        { match: '^POST', times: 1, status: 429, headers: { 'Retry-After': '5400' } },
      );
      await mirror.outbox.add([newEntry({ createdAt: clock.now() })]);
      await pass(85 * minute);
      expect(others.filter(({ event }) => event === 'cycle:failed').length).toBeGreaterThan(3);
      expect(await creates()).toEqual([429]);
      await pass(50 * minute);
      expect(await creates()).toEqual([429, 201]);
    });
  });

  it('are told where the pull before them has failed, what Salesforce refused of them too, and once', async () => {
    await setDailyLimit(100_000);
    await watching(async ({ pass, others, mirror }) => {
      await pass(12 * minute);
      await plant(
        { match: '^GET .*/updated', times: 1_000, status: 400, errorCode: 'UNKNOWN' },
        { match: '^POST', times: 1, status: 400, errorCode: 'FIELD_CUSTOM_VALIDATION_EXCEPTION' },
      );
      await mirror.outbox.add([newEntry({ createdAt: clock.now() })]);
      await pass(10 * minute);
      await mirror.outbox.add([newEntry({ createdAt: clock.now() })]);
      await pass(60 * minute);
      expect(await mirror.outbox.counts()).toMatchObject({ rejected: 1, done: 1 });
      const told = others.filter(({ event }) => event === 'push:complete');
      expect(told).toEqual([
        expect.objectContaining({ pushed: 0, rejected: 1, runId: expect.any(String) }),
        expect.objectContaining({ pushed: 1, rejected: 0, runId: expect.any(String) }),
      ]);
      expect(others.map(({ event }) => event)).toContain('cycle:failed');
    });
  });

  it('go out where pulls have used all but the reserve of the share', async () => {
    await watching(async ({ pass, others, mirror, calls }) => {
      await pass(2 * minute);
      const now = clock.now();
      const used = callsIn(await calls.callsOf(ledgerIdOf(org.orgId), spanAt(now)));
      const wanted = { slot: slotOf(now), span: spanAt(now), calls: 90 - used, limit: 90 };
      expect(await calls.reserve(ledgerIdOf(org.orgId), wanted)).toBe(90 - used);
      await mirror.outbox.add([newEntry({ createdAt: now })]);
      await pass(60 * minute);
      expect(others).toContainEqual(
        expect.objectContaining({
          event: 'cycle:failed',
          error: expect.objectContaining({ code: 'API_BUDGET_EXHAUSTED' }),
        }),
      );
      expect(await creates()).toEqual([201]);
      expect((await mirror.outbox.counts()).done).toBe(1);
    });
  });

  it('go out within an interval where they are queued after pulls have used all but the reserve of the share', async () => {
    await watching(async ({ pass, others, mirror, calls }) => {
      await pass(2 * minute);
      const now = clock.now();
      const used = callsIn(await calls.callsOf(ledgerIdOf(org.orgId), spanAt(now)));
      const wanted = { slot: slotOf(now), span: spanAt(now), calls: 90 - used, limit: 90 };
      expect(await calls.reserve(ledgerIdOf(org.orgId), wanted)).toBe(90 - used);
      await pass(60 * minute);
      const failed = others.filter(({ event }) => event === 'cycle:failed');
      expect(failed).toEqual([expect.objectContaining({ retryInMs: expect.any(Number) })]);
      expect((failed[0] as { retryInMs: number }).retryInMs).toBeGreaterThan(12 * hour);
      await mirror.outbox.add([newEntry({ createdAt: clock.now() })]);
      await pass(6 * minute);
      expect((await mirror.outbox.counts()).done).toBe(1);
      expect(others.filter(({ event }) => event === 'push:complete')).toEqual([
        expect.objectContaining({ pushed: 1 }),
      ]);
      expect(others.filter(({ event }) => event === 'cycle:failed')).toHaveLength(1);
    });
  });

  it('that wait because the share was spent go out within seconds of a raised one', async () => {
    await watching(async ({ pass, mirror, calls, raise }) => {
      await pass(2 * minute);
      const now = clock.now();
      const used = callsIn(await calls.callsOf(ledgerIdOf(org.orgId), spanAt(now)));
      const wanted = { slot: slotOf(now), span: spanAt(now), calls: 100 - used, limit: 100 };
      expect(await calls.reserve(ledgerIdOf(org.orgId), wanted)).toBe(100 - used);
      await mirror.outbox.add([newEntry({ createdAt: clock.now() })]);
      await pass(60 * minute);
      expect(await creates()).toEqual([]);
      await raise(0.5);
      await pass(minute);
      expect(await creates()).toEqual([201]);
      expect((await mirror.outbox.counts()).done).toBe(1);
    });
  });

  it('that the org has asked to leave out are not sent because its share is another', async () => {
    await watching(async ({ pass, mirror, raise }) => {
      await pass(12 * minute);
      await plant({
        match: '^POST',
        times: 1,
        status: 403,
        errorCode: 'REQUEST_LIMIT_EXCEEDED',
        headers: { 'Retry-After': '5400' },
      });
      await mirror.outbox.add([newEntry({ createdAt: clock.now() })]);
      await pass(60 * minute);
      expect(await creates()).toEqual([403]);
      await raise(0.5);
      await pass(20 * minute);
      expect(await creates()).toEqual([403]);
    });
  });

  it('that are refused for now meanwhile are tried again with the next interval', async () => {
    await watching(async ({ pass, mirror, calls }) => {
      await pass(2 * minute);
      const now = clock.now();
      const used = callsIn(await calls.callsOf(ledgerIdOf(org.orgId), spanAt(now)));
      const wanted = { slot: slotOf(now), span: spanAt(now), calls: 90 - used, limit: 90 };
      expect(await calls.reserve(ledgerIdOf(org.orgId), wanted)).toBe(90 - used);
      await pass(60 * minute);
      await plant({ match: '^POST', times: 1, status: 403, errorCode: 'REQUEST_LIMIT_EXCEEDED' });
      await mirror.outbox.add([newEntry({ createdAt: clock.now() })]);
      await pass(6 * minute);
      expect(await creates()).toEqual([403]);
      await pass(15 * minute);
      expect(await creates()).toEqual([403, 201]);
    });
  });

  it('go out within an interval of five minutes also where cycles come at a stretched one', async () => {
    await watching(async ({ pass, cycles, mirror }) => {
      await pass(3 * hour);
      const before = cycles.length;
      while (cycles.length === before) await pass(minute);
      await mirror.outbox.add([newEntry({ createdAt: clock.now() })]);
      await pass(6 * minute);
      expect((await mirror.outbox.counts()).done).toBe(1);
      expect(cycles).toHaveLength(before + 1);
    });
  });
});

describe('an idle cycle', () => {
  // Where there are more than stay open, each is opened for its turn with a client that knows nothing of the org's time yet.
  it.each([
    ['that stays open', 0],
    ['that is opened for each turn', maxKeptOpen],
  ])('of an org %s costs two calls, and an hour one more for the describe', async (_how, others) => {
    await emulator.close();
    emulator = await startEmulator({ contacts: 20, dailyLimit: 100_000, wallClock: () => clock.now() });
    org = { ...orgFor('a'), instanceUrl: emulator.url, apiUrl: emulator.url };
    const besides = Array.from({ length: others }, (_, n) => orgFor(`besides-${n}`));
    await watching(async ({ pass, cycles, opened }) => {
      await pass(32 * minute);
      const logged = async () => {
        const calls = await fetch(`${emulator.url}/__emulator/calls`);
        return (await calls.json()) as { method: string; path: string; status: number }[];
      };
      const [callsBefore, cyclesBefore, openedBefore] = [(await logged()).length, cycles.length, opened()];
      await pass(2 * hour);
      const requests = (await logged()).slice(callsBefore);
      const names = requests.map(({ path }) => /sobjects\/Contact\/(\w+)/.exec(path)?.[1] ?? path);
      const counted = (name: string) => names.filter((one) => one === name).length;
      const n = cycles.length - cyclesBefore;
      expect(n).toBe(24);
      expect(opened() - openedBefore).toBe(others === 0 ? 0 : n);
      expect([counted('updated'), counted('deleted'), counted('describe')]).toEqual([n, n, 2]);
      expect(names).toHaveLength(2 * n + 2);
      const describes = requests.filter(({ path }) => /describe/.test(path)).map(({ status }) => status);
      // The mirror's first one was not the org's own, and so had no Last-Modified.
      expect(describes).toEqual([200, 304]);
      const costs = cycles.slice(cyclesBefore).map(({ apiCalls }) => apiCalls);
      expect(costs.filter((cost) => cost !== 2)).toEqual([3, 3]);
    }, besides);
  });
});

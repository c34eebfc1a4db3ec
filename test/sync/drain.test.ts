import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { AppError } from '../../src/base/errors.ts';
import { openFileLeases } from '../../src/lease/file-leases.ts';
import { SqliteOutbox } from '../../src/store/sqlite/sqlite-outbox.ts';
import { backfill } from '../../src/sync/backfill/backfill.ts';
import { runCycle } from '../../src/sync/cycle/cycle.ts';
import type { Lease } from '../../src/sync/ports/leases.ts';
import type { NewOutboxEntry } from '../../src/sync/ports/outbox-entry.ts';
import { withLease } from '../../src/sync/with-lease.ts';
import { calls, contactsOf, control } from '../e2e/org.ts';
import { heldLease } from '../support/leases.ts';
import { pushAll, recordsOf } from './push-all.ts';
import { openRig, type Rig } from './rig.ts';

const day = 86_400_000;

async function copied(contacts: number): Promise<Rig> {
  const rig = await openRig({ contacts });
  expect((await backfill(rig.context, { api: 'rest', signal: rig.signal })).error).toBeNull();
  return rig;
}

function pushed(
  rig: Rig,
  records: Record<string, unknown>[],
  more: { allOrNone?: boolean; signal?: AbortSignal } = {},
) {
  return pushAll(rig.context, recordsOf(records), { signal: rig.signal, ...more });
}

function created(LastName: string, atomicGroup: string | null): NewOutboxEntry {
  const key = randomUUID();
  return {
    key,
    op: 'create',
    contactKey: key,
    contactId: null,
    changes: { LastName },
    base: null,
    upsertField: null,
    allowDuplicates: false,
    atomicGroup,
    createdAt: 0,
    state: 'pending',
  };
}

const cycle = (rig: Rig) => runCycle(rig.context, { push: true, signal: rig.signal });
const named = async (rig: Rig, name: string) =>
  (await contactsOf(rig.emulator.url)).filter(({ LastName }) => LastName === name).length;
const statesOf = async (rig: Rig) => (await rig.context.mirror.outbox.list()).map(({ state }) => state);

/** The machine's clock, which tells how old a sending is; the org's own goes along. */
async function passDays(rig: Rig, days: number): Promise<void> {
  const { clock } = rig.context;
  const now = clock.now();
  rig.context.clock = { ...clock, now: () => now + days * day };
  await control(rig.emulator.url, 'clock', { advanceMs: days * day });
}

/** Lost answers after the commit, at the first sending and all its repeats. */
const lostAnswers = [{ match: 'POST .*/ui-api/records', times: 4, reset: 'after-commit' }];

describe('the outbox is drained', () => {
  it('and a contact whose answer was lost 30 days ago is not made a second time, however often it was tried', async () => {
    await using rig = await copied(3);
    const { url } = rig.emulator;
    await control(url, 'faults', lostAnswers);
    await pushed(rig, [{ LastName: 'Once' }]);
    expect(await statesOf(rig)).toEqual(['in-doubt']);
    // Tried again after two weeks, in vain: that must not count as its first sending.
    await passDays(rig, 14);
    await control(url, 'faults', lostAnswers);
    await pushed(rig, [{ LastName: 'Another' }]);
    await control(url, 'faults', []);
    await passDays(rig, 17);
    await pushed(rig, [{ LastName: 'Last' }]);
    expect(await statesOf(rig)).toEqual(['in-doubt', 'done', 'done']);
    expect(await named(rig, 'Once')).toBe(1);
  });

  it('and what it cannot leave in doubt for want of room is found so by the next one', async () => {
    await using rig = await copied(3);
    const { url } = rig.emulator;
    await control(url, 'faults', lostAnswers);
    await pushed(rig, [{ LastName: 'Once' }]);
    await control(url, 'faults', [{ match: 'POST .*/ui-api/records', status: 429, times: 99 }]);
    const settle = SqliteOutbox.prototype.settle;
    const full = vi.spyOn(SqliteOutbox.prototype, 'settle').mockImplementation(function (
      this: SqliteOutbox,
      all,
    ) {
      const isLeft = all.some(({ state }) => state === 'in-doubt');
      return isLeft ? Promise.reject(new AppError('DISK_FULL', 'No room.')) : settle.call(this, all);
    });
    expect((await cycle(rig)).push).toMatchObject({ unsent: 1, error: { code: 'REQUEST_LIMIT_EXCEEDED' } });
    full.mockRestore();
    expect(await statesOf(rig)).toEqual(['pending']);
    await control(url, 'faults', []);
    await cycle(rig);
    expect(await statesOf(rig)).toEqual(['done']);
    expect(await named(rig, 'Once')).toBe(1);
  });

  it.each([
    ['before its budget is over, takes the answer that still comes', 1_000, 60_000, 'done'],
    ['and its budget is over, leaves what was sent in doubt', 60_000, 500, 'in-doubt'],
  ])('and work that is ended %s', async (_, answerMs, budgetMs, state) => {
    await using rig = await copied(3);
    await control(rig.emulator.url, 'faults', [
      { match: 'POST .*/ui-api/records', times: 1, delayMs: answerMs },
    ]);
    const stop = new AbortController();
    rig.context.stopBudgetMs = budgetMs;
    const from = performance.now();
    const pushing = pushed(rig, [{ LastName: 'Ended' }], { signal: stop.signal });
    while ((await named(rig, 'Ended')) === 0) await delay(10);
    stop.abort();
    await pushing;
    expect(performance.now() - from).toBeLessThan(30_000);
    expect(await statesOf(rig)).toEqual([state]);
    await cycle(rig);
    expect(await statesOf(rig)).toEqual(['done']);
    expect(await named(rig, 'Ended')).toBe(1);
  });

  it('and a contact in doubt that waits since for its repeat is not made a second time after 30 days', async () => {
    await using rig = await copied(3);
    const { url } = rig.emulator;
    await control(url, 'faults', lostAnswers);
    await pushed(rig, [{ LastName: 'Waits' }]);
    // The repeat is refused for now, so that the entry waits again.
    await control(url, 'faults', [{ match: 'POST .*/ui-api/records', status: 429, times: 99 }]);
    await cycle(rig);
    expect(await statesOf(rig)).toEqual(['in-doubt']);
    await control(url, 'faults', []);
    await passDays(rig, 31);
    await pushed(rig, [{ LastName: 'Last' }]);
    expect(await statesOf(rig)).toEqual(['in-doubt', 'done']);
    expect(await named(rig, 'Waits')).toBe(1);
  });

  it.each<[string, (rig: Rig, sleepsLong: () => void) => void | Promise<void>]>([
    [
      'while it waited behind others',
      (rig, sleepsLong) => {
        const { writes } = rig.context.records;
        const send = writes.createIdempotent.bind(writes);
        writes.createIdempotent = async (create, options) => {
          const outcome = await send(create, options);
          if (create.fields.LastName === 'Early') sleepsLong();
          return outcome;
        };
      },
    ],
    [
      'between the last look and the request',
      (rig, sleepsLong) => {
        const { outbox } = rig.context.mirror;
        const mark = outbox.markSent.bind(outbox);
        outbox.markSent = async (keys, ...rest) => {
          await mark(keys, ...rest);
          const [entry] = await outbox.list({ keys });
          if (entry?.changes.LastName === 'Kept') sleepsLong();
        };
      },
    ],
    [
      'before it was repeated',
      async (rig, sleepsLong) => {
        const { clock } = rig.context;
        await control(rig.emulator.url, 'faults', lostAnswers);
        rig.context.clock = {
          ...clock,
          sleep: async (ms, options) => {
            sleepsLong();
            await clock.sleep(ms, options);
          },
        };
      },
    ],
  ])('and a contact is not made a second time where its key was forgotten %s', async (_, plant) => {
    await using rig = await copied(3);
    const { outbox } = rig.context.mirror;
    const early = created('Early', null);
    await outbox.add([{ ...early, state: 'held' }]);
    await control(rig.emulator.url, 'faults', lostAnswers);
    await pushed(rig, [{ LastName: 'Kept' }]);
    expect(await statesOf(rig)).toEqual(['held', 'in-doubt']);
    await outbox.move([early.key], ['held'], 'pending', rig.context.clock.now());
    await control(rig.emulator.url, 'faults', []);
    let isLong = false;
    await plant(rig, () => {
      if (!isLong) rig.pass(31 * day);
      isLong = true;
    });
    await cycle(rig);
    expect({ isLong, state: (await statesOf(rig))[1] }).toEqual({ isLong: true, state: 'in-doubt' });
    await control(rig.emulator.url, 'faults', []);
    rig.pass(3 * 60_000);
    await pushed(rig, [{ LastName: 'Later' }]);
    expect(await statesOf(rig)).toEqual(['done', 'done', 'done']);
    expect([await named(rig, 'Early'), await named(rig, 'Kept')]).toEqual([1, 1]);
  });

  it('and a contact in doubt is not sent another way where the org takes Idempotency-Keys no more', async () => {
    await using rig = await copied(3);
    const { url } = rig.emulator;
    await control(url, 'faults', lostAnswers);
    await pushed(rig, [{ LastName: 'Doubt' }]);
    await control(url, 'settings', { idempotency: false });
    const report = await pushed(rig, [{ LastName: 'Later' }]);
    expect(report.entries.map(({ entry }) => entry?.state)).toEqual(['done']);
    expect(await statesOf(rig)).toEqual(['in-doubt', 'done']);
    expect([await named(rig, 'Doubt'), await named(rig, 'Later')]).toEqual([1, 1]);
    rig.pass(3 * 60_000);
    await cycle(rig);
    expect(await statesOf(rig)).toEqual(['done', 'done']);
    expect(await named(rig, 'Doubt')).toBe(1);
  });

  it('past a record that Salesforce cannot take for now, which keeps back only changes of its own contact', async () => {
    await using rig = await copied(3);
    const { url } = rig.emulator;
    const [first, second] = (await contactsOf(url)).map(({ Id }) => String(Id));
    await control(url, 'faults', [
      { match: 'PATCH .*/composite/sobjects', times: 4, status: 500, errorCode: 'UNKNOWN_EXCEPTION' },
    ]);
    const report = await pushed(rig, [
      { Id: first, Title: 'Stuck' },
      { Id: first, Title: 'Behind' },
      { LastName: 'Passes' },
    ]);
    expect(report.entries.map(({ entry }) => entry?.state)).toEqual(['in-doubt', 'pending', 'done']);
    expect(report.stopped).toMatchObject({ code: 'ORG_UNAVAILABLE' });
    await cycle(rig);
    expect(await statesOf(rig)).toEqual(['done', 'pending', 'done']);
    rig.pass(3 * 60_000);
    await cycle(rig);
    expect(await statesOf(rig)).toEqual(['done', 'done', 'done']);
    const titles = new Map((await contactsOf(url)).map(({ Id, Title }) => [Id, Title]));
    expect(titles.get(first)).toBe('Behind');
    expect(titles.get(second)).not.toBe('Behind');
  });

  it('past a contact whose answer is lost, which stays in doubt and is not made twice', async () => {
    await using rig = await copied(3);
    await control(rig.emulator.url, 'faults', lostAnswers);
    await pushed(rig, [{ LastName: 'Doubt' }, { LastName: 'Next' }, { LastName: 'Last' }]);
    expect(await statesOf(rig)).toEqual(['in-doubt', 'done', 'done']);
    await cycle(rig);
    expect(await statesOf(rig)).toEqual(['done', 'done', 'done']);
    expect([await named(rig, 'Doubt'), await named(rig, 'Next')]).toEqual([1, 1]);
  });

  it('no further than the third lost answer in a row', async () => {
    await using rig = await copied(3);
    await control(rig.emulator.url, 'faults', [{ ...lostAnswers[0], times: 99 }]);
    await pushed(
      rig,
      [1, 2, 3, 4, 5].map((n) => ({ LastName: `Doubt ${n}` })),
    );
    expect(await statesOf(rig)).toEqual(['in-doubt', 'in-doubt', 'in-doubt', 'pending', 'pending']);
  });

  it('no further than the first eight collections of creates whose answers are lost', async () => {
    await using rig = await copied(3);
    await control(rig.emulator.url, 'faults', [
      { match: 'POST .*/composite/sobjects', times: 99, reset: 'after-commit' },
    ]);
    await pushed(
      rig,
      Array.from({ length: 1_801 }, (_, n) => ({ LastName: `Many ${n}` })),
    );
    const states = await statesOf(rig);
    expect(states.filter((state) => state === 'in-doubt')).toHaveLength(1_600);
    expect(states.filter((state) => state === 'pending')).toHaveLength(201);
  });

  it('and tells of contacts in doubt once, and again only where their number or names changed', async () => {
    await using rig = await copied(3);
    const told: string[] = [];
    rig.context.log = { ...rig.context.log, warn: (message: string) => void told.push(message) };
    const lost = [{ match: 'POST .*/composite/sobjects', times: 1, reset: 'after-commit' }];
    const many = Array.from({ length: 30 }, (_, n) => ({ LastName: `Many ${n}` }));
    await control(rig.emulator.url, 'faults', lost);
    await pushed(rig, many);
    for (let i = 0; i < 3; i++) await cycle(rig);
    const ofDoubt = () => told.filter((message) => message.includes('stay in doubt')).length;
    expect(ofDoubt()).toBe(1);
    await control(rig.emulator.url, 'faults', lost);
    await pushed(rig, many);
    for (let i = 0; i < 3; i++) await cycle(rig);
    expect(ofDoubt()).toBe(2);
  });

  it('under a lease where something waits, what a process left `sent` too, and without one else', async () => {
    await using rig = await copied(3);
    const { outbox } = rig.context.mirror;
    const taken: string[] = [];
    const withDrainLease = async <T>(work: (lease: Lease) => Promise<T>) => {
      taken.push((await statesOf(rig)).join());
      return work(heldLease());
    };
    const cycled = () => runCycle(rig.context, { push: true, withDrainLease, signal: rig.signal });
    const counts = outbox.counts.bind(outbox);
    let looks = 0;
    outbox.counts = async () => {
      const seen = await counts();
      // Another process queues one between the look and the end of the cycle.
      if (looks++ === 0) await outbox.add([created('Behind the look', null)]);
      return seen;
    };
    await cycled();
    expect({ looks: looks > 0, taken, states: await statesOf(rig) }).toEqual({
      looks: true,
      taken: [],
      states: ['pending'],
    });
    await cycled();
    expect({ taken, states: await statesOf(rig) }).toEqual({ taken: ['pending'], states: ['done'] });
    await cycled();
    expect(taken).toHaveLength(1);

    const left = created('Left by a killed one', null);
    await outbox.add([left]);
    await outbox.markSent([left.key], 'ui-api', rig.context.clock.now());
    await cycled();
    expect({ taken, states: await statesOf(rig) }).toEqual({
      taken: ['pending', 'done,sent'],
      states: ['done', 'done'],
    });
    expect(await named(rig, 'Left by a killed one')).toBe(1);
  });

  it('with a group of --all-or-none in one request, wherever a pass ends', async () => {
    await using rig = await copied(3);
    const { url } = rig.emulator;
    const many = Array.from({ length: 1_990 }, (_, i) => created(`Single${i}`, null));
    const group = Array.from({ length: 20 }, (_, i) => created(i === 19 ? '' : `Group${i}`, 'group'));
    await rig.context.mirror.outbox.add([...many, ...group]);
    await cycle(rig);
    const made = (await contactsOf(url)).map(({ LastName }) => String(LastName));
    expect(made.filter((name) => name.startsWith('Single'))).toHaveLength(1_990);
    expect(made.filter((name) => name.startsWith('Group'))).toEqual([]);
  });

  it('to the answer of a request that is on its way when the work is interrupted', async () => {
    await using rig = await copied(3);
    const stop = new AbortController();
    const { records } = rig.context;
    const { writes } = records;
    const createIdempotent: typeof writes.createIdempotent = async (...args) => {
      const outcome = writes.createIdempotent(...args);
      stop.abort();
      return outcome;
    };
    rig.context.records = { ...records, writes: { ...writes, createIdempotent } };
    const report = await pushed(rig, [{ LastName: 'On its way' }, { LastName: 'Not yet' }], {
      signal: stop.signal,
    });
    expect(report.entries.map(({ entry }) => entry?.state)).toEqual(['done', 'pending']);
    rig.context.records = records;
    await cycle(rig);
    expect(await statesOf(rig)).toEqual(['done', 'done']);
    expect([await named(rig, 'On its way'), await named(rig, 'Not yet')]).toEqual([1, 1]);
  });

  it('by one process at a time, however many push beside a watch', async () => {
    await using rig = await copied(3);
    const { url, accessToken } = rig.emulator;
    await control(url, 'settings', { latencyMs: 2 });
    const child = new URL('./push-child.ts', import.meta.url).pathname;
    const pushes = [12, 26, 230].map(async (count) => {
      const args = [child, url, accessToken, rig.folder, `Beside${count}`, String(count)];
      const [code] = await once(spawn(process.execPath, args, { stdio: 'inherit' }), 'exit');
      return code;
    });
    let running = true;
    const all = Promise.all(pushes).finally(() => {
      running = false;
    });
    const leases = openFileLeases(join(rig.folder, 'locks'));
    const withDrainLease = <T>(work: (lease: Lease) => Promise<T>) => withLease(leases, 'outbox', work);
    while (running) await runCycle(rig.context, { push: true, withDrainLease, signal: rig.signal });
    expect(await all).toEqual([0, 0, 0]);
    await runCycle(rig.context, { push: true, withDrainLease, signal: rig.signal });
    expect(new Set(await statesOf(rig))).toEqual(new Set(['done']));
    const made = (await contactsOf(url)).map(({ LastName }) => String(LastName));
    const ours = made.filter((name) => name.startsWith('Beside'));
    expect(ours).toHaveLength(268);
    expect(new Set(ours).size).toBe(268);
  });

  it('and a deleted contact is gone from the mirror at once, given by 15 characters or by 18', async () => {
    await using rig = await copied(3);
    const [first, second] = (await contactsOf(rig.emulator.url)).map(({ Id }) => String(Id));
    await pushed(rig, [
      { Id: first?.slice(0, 15), IsDeleted: true },
      { Id: second, IsDeleted: true },
    ]);
    expect(await rig.context.mirror.contacts.counts()).toEqual({ contacts: 1, deleted: 2 });
    const states = await rig.context.mirror.contacts.states([first!, second!]);
    expect([...states.values()].map(({ gone }) => gone)).toEqual(['deleted', 'deleted']);
  });

  it('and a contact that stands twice in a group is a fault before anything is sent', async () => {
    await using rig = await copied(3);
    const [first] = (await contactsOf(rig.emulator.url)).map(({ Id }) => String(Id));
    const twice = [
      { Id: first, Title: 'One' },
      { Id: first?.slice(0, 15), Title: 'Two' },
    ];
    await expect(pushed(rig, twice, { allOrNone: true })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      details: { faults: [expect.objectContaining({ code: 'GIVEN_TWICE' })] },
    });
    expect((await calls(rig.emulator.url)).filter(({ method }) => method === 'PATCH')).toEqual([]);
  });
});

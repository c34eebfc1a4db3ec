import { describe, expect, it, vi } from 'vitest';
import { AppError } from '../../src/base/errors.ts';
import { backfill } from '../../src/sync/backfill/backfill.ts';
import { runCycle } from '../../src/sync/cycle/cycle.ts';
import { calls, contactsOf, control } from '../e2e/org.ts';
import { pushAll, recordsOf } from './push-all.ts';
import { openRig, type Rig } from './rig.ts';

async function copied(contacts = 3): Promise<Rig> {
  const rig = await openRig({ contacts });
  expect((await backfill(rig.context, { api: 'rest', signal: rig.signal })).error).toBeNull();
  return rig;
}

const queue = (rig: Rig, records: Record<string, unknown>[]) =>
  pushAll(rig.context, recordsOf(records), { queue: true, signal: rig.signal });
const push = (rig: Rig, records: Record<string, unknown>[], signal = rig.signal) =>
  pushAll(rig.context, recordsOf(records), { signal });
const cycle = (rig: Rig) => runCycle(rig.context, { push: true, signal: rig.signal });
const statesOf = async (rig: Rig) => (await rig.context.mirror.outbox.list()).map(({ state }) => state);
const sent = async (rig: Rig) =>
  (await calls(rig.emulator.url)).filter(
    ({ method, path }) => method === 'POST' && path.includes('/ui-api/'),
  );

/** The waits of a drain, which the rig's clock hurries through. */
function watchWaits(rig: Rig): number[] {
  const waits: number[] = [];
  const { clock } = rig.context;
  rig.context.clock = {
    ...clock,
    sleep: (ms, options) => {
      waits.push(ms);
      return clock.sleep(ms, options);
    },
  };
  return waits;
}

describe('pull and push fail apart', () => {
  it.each([
    [{ status: 400, errorCode: 'INVALID_REPLICATION_DATE' }, 'CURSOR_OUT_OF_REACH'],
    [{ status: 500, errorCode: 'UNKNOWN_EXCEPTION' }, 'ORG_UNAVAILABLE'],
  ])('a pull that fails for a reason of its own still sends the outbox: %j', async (fault, code) => {
    await using rig = await copied();
    await queue(rig, [{ LastName: 'Sent' }]);
    await control(rig.emulator.url, 'faults', [{ match: 'GET .*/updated', times: 9, ...fault }]);
    await control(rig.emulator.url, 'clock', { advanceMs: 100_000 });
    await expect(cycle(rig)).rejects.toMatchObject({ code });
    expect(await statesOf(rig)).toEqual(['done']);
  });

  it('but nothing is sent into an org that does not answer: that would leave doubts only', async () => {
    await using rig = await copied();
    await queue(rig, [{ LastName: 'Waits' }]);
    await control(rig.emulator.url, 'faults', [{ match: 'GET .*/updated', times: 99, status: 503 }]);
    await control(rig.emulator.url, 'clock', { advanceMs: 100_000 });
    await expect(cycle(rig)).rejects.toMatchObject({ code: 'ORG_UNAVAILABLE' });
    expect(await sent(rig)).toEqual([]);
    expect(await statesOf(rig)).toEqual(['pending']);
  });

  it.each([
    [
      'before an answer',
      async (stop: () => void, answer: () => Promise<unknown>) => {
        stop();
        return answer();
      },
    ],
    [
      'with the last answer of its pull',
      async (stop: () => void, answer: () => Promise<unknown>) => {
        const last = await answer();
        stop();
        return last;
      },
    ],
    [
      'while its pull fails for a reason of its own',
      async (stop: () => void) => {
        stop();
        throw new AppError('INVALID_REPLICATION_DATE', 'Out of reach.');
      },
    ],
  ])('a cycle that is told to end %s never goes on to the push', async (_when, answered) => {
    await using rig = await copied();
    await queue(rig, [{ LastName: 'Waits' }]);
    await control(rig.emulator.url, 'clock', { advanceMs: 100_000 });
    const stop = new AbortController();
    const { records } = rig.context;
    rig.context.records = {
      ...records,
      changes: {
        ...records.changes,
        deleted: (window, options) =>
          answered(
            () => stop.abort(),
            () => records.changes.deleted(window, options),
          ) as ReturnType<typeof records.changes.deleted>,
      },
    };
    const withDrainLease = vi.fn(() => Promise.reject(new Error('The lease was asked for.')));
    await expect(
      runCycle(rig.context, { push: true, withDrainLease, signal: stop.signal }),
    ).rejects.toMatchObject({ name: 'AbortError' });
    expect(withDrainLease).not.toHaveBeenCalled();
    expect(await sent(rig)).toEqual([]);
    expect(await statesOf(rig)).toEqual(['pending']);
    const [run] = await rig.context.mirror.journal.runs({ kind: 'cycle', limit: 1 });
    expect(run).toMatchObject({ status: 'interrupted' });
  });

  it('a cycle leaves the outbox to another process that is sending it', async () => {
    await using rig = await copied();
    await queue(rig, [{ LastName: 'Waits' }]);
    const withDrainLease = () => Promise.reject(new AppError('ORG_BUSY', 'Another process is sending.'));
    const report = await runCycle(rig.context, { push: true, withDrainLease, signal: rig.signal });
    expect(report).toMatchObject({ push: { pushed: 0, unsent: 0, error: null }, outbox: { pending: 1 } });
  });

  it('a lock that cannot be had is the push’s trouble, not the pull’s', async () => {
    await using rig = await copied();
    await queue(rig, [{ LastName: 'Waits' }]);
    const withDrainLease = () => Promise.reject(new AppError('LOCKS_UNUSABLE', 'No locks here.'));
    const report = await runCycle(rig.context, { push: true, withDrainLease, signal: rig.signal });
    expect(report.push.error).toMatchObject({ code: 'LOCKS_UNUSABLE' });
  });

  it('contacts that were pushed and cannot be read back yet are pushed all the same', async () => {
    await using rig = await copied();
    await control(rig.emulator.url, 'faults', [
      { match: 'POST .*/composite/sobjects/Contact$', times: 99, status: 500 },
    ]);
    const { stopped, entries } = await push(rig, [{ LastName: 'Pushed' }]);
    expect({ stopped, state: entries[0]?.entry?.state }).toEqual({ stopped: null, state: 'done' });
    await control(rig.emulator.url, 'faults', []);
    await cycle(rig);
    expect((await rig.context.mirror.contacts.counts()).contacts).toBe(4);
    expect(await rig.context.mirror.outbox.readBackDue(9)).toEqual([]);
  });
});

describe('what Salesforce does not take for now', () => {
  it('is tried again a few times, with growing and uneven waits, then left to the next drain', async () => {
    await using rig = await copied();
    const waits = watchWaits(rig);
    await control(rig.emulator.url, 'faults', [
      { match: 'POST .*/ui-api/records', times: 99, status: 400, errorCode: 'UNABLE_TO_LOCK_ROW' },
    ]);
    await push(rig, [{ LastName: 'Locked' }]);
    expect(await rig.context.mirror.outbox.list()).toMatchObject([
      { state: 'pending', sentAt: null, attempts: 4, errors: [{ code: 'REFUSED_FOR_NOW' }] },
    ]);
    expect(waits).toHaveLength(3);
    expect(waits[0]).toBeGreaterThanOrEqual(250);
    expect(waits[2]).toBeGreaterThan(waits[0]!);
    expect(await sent(rig)).toHaveLength(4);
  });

  it('is sent again alone: the others of its request are done already', async () => {
    await using rig = await copied();
    const { records: contacts } = rig.context;
    const asked: number[] = [];
    rig.context.records = {
      ...contacts,
      writes: {
        ...contacts.writes,
        createMany: async (records, options) => {
          asked.push(records.length);
          const outcomes = await contacts.writes.createMany(
            asked.length === 1 ? records.slice(1) : records,
            options,
          );
          const locked = {
            kind: 'not-done' as const,
            ofRecord: true as const,
            error: new AppError('REFUSED_FOR_NOW', 'x'),
          };
          return asked.length === 1 ? [locked, ...outcomes] : outcomes;
        },
      },
    };
    await push(
      rig,
      ['Locked', ...Array.from({ length: 29 }, (_, n) => `Free ${n}`)].map((LastName) => ({ LastName })),
    );
    expect(asked).toEqual([30, 1]);
    const names = (await contactsOf(rig.emulator.url)).map(({ LastName }) => String(LastName));
    expect(names.filter((name) => /^(Locked|Free )/.test(name))).toHaveLength(30);
  });

  it('waits as long as the org asks for, and not for an hour', async () => {
    await using rig = await copied();
    const waits = watchWaits(rig);
    const busy = (seconds: number) => [
      { match: 'POST .*/ui-api/records', times: 1, status: 429, headers: { 'retry-after': String(seconds) } },
    ];
    await control(rig.emulator.url, 'faults', busy(7));
    await push(rig, [{ LastName: 'Soon' }]);
    expect(waits[0]).toBeGreaterThanOrEqual(7_000);
    expect(await statesOf(rig)).toEqual(['done']);
    waits.length = 0;
    await control(rig.emulator.url, 'faults', busy(3_600));
    await push(rig, [{ LastName: 'Later' }]);
    expect(waits).toEqual([]);
    expect(await statesOf(rig)).toEqual(['done', 'pending']);
  });

  it('and takes minutes to say so is repeated once only', async () => {
    await using rig = await copied();
    const { records } = rig.context;
    let asked = 0;
    const createIdempotent = async () => {
      asked++;
      return { kind: 'unknown' as const, error: new AppError('TIMEOUT', 'No answer in two minutes.') };
    };
    rig.context.records = { ...records, writes: { ...records.writes, createIdempotent } };
    await push(rig, [{ LastName: 'Slow' }]);
    expect(asked).toBe(2);
    expect(await statesOf(rig)).toEqual(['in-doubt']);
  });

  it('because of a limit keeps a few records back, and ends the drain where it is the org’s', async () => {
    await using rig = await copied();
    const limited = (times: number) =>
      control(rig.emulator.url, 'faults', [
        { match: 'POST .*/ui-api/records', times, status: 400, errorCode: 'STORAGE_LIMIT_EXCEEDED' },
      ]);
    const records = Array.from({ length: 15 }, (_, n) => ({ LastName: `Full ${n}` }));
    await limited(9);
    await push(rig, records);
    const counts = await rig.context.mirror.outbox.counts();
    expect(counts).toMatchObject({ pending: 9, done: 6 });
    await limited(99);
    const before = (await sent(rig)).length;
    await push(rig, records);
    expect((await sent(rig)).length - before).toBe(10);
  });

  it('takes no more than a minute of a drain together', async () => {
    // The longest waits: all records with their whole patience would take 87 seconds.
    using _random = vi.spyOn(Math, 'random').mockReturnValue(0.999);
    await using rig = await copied();
    const waits = watchWaits(rig);
    await control(rig.emulator.url, 'faults', [
      { match: 'POST .*/ui-api/records', times: 999, status: 400, errorCode: 'UNABLE_TO_LOCK_ROW' },
    ]);
    await push(
      rig,
      Array.from({ length: 25 }, (_, n) => ({ LastName: `Locked ${n}` })),
    );
    expect(waits.reduce((sum, ms) => sum + ms, 0)).toBeLessThanOrEqual(60_000);
    expect((await sent(rig)).length).toBeGreaterThanOrEqual(25);
  });

  it('takes no more of a cycle than its timetable has for it', async () => {
    await using rig = await copied();
    const waits = watchWaits(rig);
    await control(rig.emulator.url, 'faults', [
      { match: 'POST .*/ui-api/records', times: 999, status: 400, errorCode: 'UNABLE_TO_LOCK_ROW' },
    ]);
    await queue(
      rig,
      Array.from({ length: 10 }, (_, n) => ({ LastName: `Locked ${n}` })),
    );
    const report = await runCycle(rig.context, { push: true, patienceMs: 3_000, signal: rig.signal });
    expect(report.push).toMatchObject({ unsent: 10 });
    expect(waits.reduce((sum, ms) => sum + ms, 0)).toBeLessThanOrEqual(3_000);
    expect((await sent(rig)).length).toBeGreaterThanOrEqual(10);
  });

  it('is left at once when the work is interrupted', async () => {
    await using rig = await copied();
    const stop = new AbortController();
    const { clock } = rig.context;
    rig.context.clock = {
      ...clock,
      sleep: async (ms, options) => {
        stop.abort();
        return clock.sleep(ms, options);
      },
    };
    await control(rig.emulator.url, 'faults', [
      { match: 'POST .*/ui-api/records', times: 99, status: 400, errorCode: 'UNABLE_TO_LOCK_ROW' },
    ]);
    const { stopped } = await push(rig, [{ LastName: 'A' }, { LastName: 'B' }], stop.signal);
    expect((stopped as Error).name).toBe('AbortError');
    expect(await sent(rig)).toHaveLength(1);
    expect(await statesOf(rig)).toEqual(['pending', 'pending']);
  });
});

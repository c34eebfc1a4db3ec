import { describe, expect, it } from 'vitest';
import { AppError } from '../../src/base/errors.ts';
import { silentLogger } from '../../src/base/logger.ts';
import type { SyncContext } from '../../src/sync/context.ts';
import { deletedSince } from '../../src/sync/deleted-since.ts';
import type { DeletedAnswer, UpdatedAnswer, Window } from '../../src/sync/ports/record-changes.ts';
import { findSafeStart } from '../../src/sync/safe-start.ts';

const minute = 60_000;
const now = Date.UTC(2026, 2, 4, 10, 0, 30);

type Coverage = (window: Window) => number | null;

/** An org that answers only what T0 is made of. */
function orgWhere(covered: { updated: Coverage; deleted: Coverage }): SyncContext {
  const answer = (latestDateCovered: number | null) => ({
    latestDateCovered,
    answeredAt: now,
    durationMs: 0,
    readAt: now,
  });
  const changes = {
    updated: async (window: Window): Promise<UpdatedAnswer> => ({
      ids: [],
      ...answer(covered.updated(window)),
    }),
    deleted: async (window: Window): Promise<DeletedAnswer> => ({
      records: [],
      earliestDateAvailable: null,
      ...answer(covered.deleted(window)),
    }),
  };
  const remote = { clock: { now: () => now } };
  return { remote, records: { changes }, log: silentLogger } as unknown as SyncContext;
}

const at = (time: number) => () => time;

describe('T0', () => {
  it('is what the org covers, not its clock, where a transaction has been open for minutes', async () => {
    const org = orgWhere({ updated: at(now - 12 * minute), deleted: at(now - 12 * minute) });
    expect(await findSafeStart(org)).toBe(Date.UTC(2026, 2, 4, 9, 48));
  });

  it('is the smaller of both coverages, whichever lags', async () => {
    const later = at(now - minute);
    const earlier = at(now - 40 * minute);
    const expected = Date.UTC(2026, 2, 4, 9, 20);
    expect(await findSafeStart(orgWhere({ updated: later, deleted: earlier }))).toBe(expected);
    expect(await findSafeStart(orgWhere({ updated: earlier, deleted: later }))).toBe(expected);
  });

  it('may lie before the span that was asked', async () => {
    const org = orgWhere({ updated: at(now - 3 * 86_400_000), deleted: at(now) });
    expect(await findSafeStart(org)).toBe(Date.UTC(2026, 2, 1, 10, 0));
  });

  it('is the start of the span where the org says nothing of coverage', async () => {
    const asked: Window[] = [];
    const silent: Coverage = (window) => {
      asked.push(window);
      return null;
    };
    expect(await findSafeStart(orgWhere({ updated: silent, deleted: silent }))).toBe(asked[0]!.start);
  });

  it('never lies past the minute of the org that answers, whatever end it claims to cover', async () => {
    const future = (window: Window) => window.end + 60 * minute;
    expect(await findSafeStart(orgWhere({ updated: future, deleted: future }))).toBe(
      Date.UTC(2026, 2, 4, 10, 0),
    );
  });

  it('comes from a shorter span where the day holds too many ids', async () => {
    const crowded: Coverage = ({ start, end }) => {
      if (end - start > 10 * minute) throw new AppError('EXCEEDED_ID_LIMIT', 'Too many ids.');
      return now - 2 * minute;
    };
    const org = orgWhere({ updated: crowded, deleted: at(now - minute) });
    expect(await findSafeStart(org)).toBe(Date.UTC(2026, 2, 4, 9, 58));
  });

  it.each(['says nothing of coverage', 'cannot name even a minute'])(
    'lies a day back where a shorter span was asked for and the org %s',
    async (what) => {
      const crowded: Coverage = ({ start, end }) => {
        const isTooLong = end - start > (what === 'says nothing of coverage' ? 5 * minute : 0);
        if (isTooLong) throw new AppError('EXCEEDED_ID_LIMIT', 'Too many.');
        return null;
      };
      // What began before the short span may be open still, and nothing tells of it.
      const expected = Date.UTC(2026, 2, 3, 10, 1);
      expect(await findSafeStart(orgWhere({ updated: crowded, deleted: at(now) }))).toBe(expected);
      expect(await findSafeStart(orgWhere({ updated: at(now), deleted: crowded }))).toBe(expected);
    },
  );

  it('is waited for where the list of deletions was dropped up to the current minute', async () => {
    const org = orgThatDropped(Date.UTC(2026, 2, 4, 10, 1));
    expect(await findSafeStart(org.context)).toBe(Date.UTC(2026, 2, 4, 10, 1));
    expect(org.waits).toEqual([31_000]);
  });

  it('does not lie before that list begins, where a transaction has been open for longer', async () => {
    const stays = orgThatDropped(Date.UTC(2026, 2, 4, 9, 55), Date.UTC(2026, 2, 4, 9, 50));
    await expect(findSafeStart(stays.context)).rejects.toMatchObject({
      code: 'REFUSED_FOR_NOW',
      message: expect.stringMatching(/dropped its list of deleted contacts .*2026-03-04T09:5\d/),
    });
    expect(stays.waits).toHaveLength(3);
    // Halving from a day on comes to no start between the two by itself.
    const reaches = orgThatDropped(Date.UTC(2026, 2, 4, 9, 49), Date.UTC(2026, 2, 4, 9, 50));
    expect(await findSafeStart(reaches.context)).toBe(Date.UTC(2026, 2, 4, 9, 50));
    expect(reaches.waits).toEqual([]);
  });

  it('is given up after some minutes, as what another try may bring', async () => {
    const org = orgThatDropped(Number.POSITIVE_INFINITY);
    await expect(findSafeStart(org.context)).rejects.toMatchObject({
      code: 'REFUSED_FOR_NOW',
      message: expect.stringContaining('Out of reach.'),
    });
    expect(org.waits).toEqual([31_000, 60_000, 60_000]);
  });
});

/** An org whose list of deletions begins at `since`, with a transaction that has been open since then. */
function orgThatDropped(since: number, openSince = Number.POSITIVE_INFINITY) {
  let time = now;
  const waits: number[] = [];
  const refuseBefore = (window: Window) => {
    if (window.start < since) throw new AppError('INVALID_REPLICATION_DATE', 'Out of reach.');
    if (window.start > time) throw new AppError('INVALID_REPLICATION_DATE', 'Not yet.');
  };
  const covered = () => ({
    latestDateCovered: Math.min(time, openSince),
    answeredAt: time,
    durationMs: 0,
    readAt: time,
  });
  const changes = {
    updated: async () => ({ ids: [], ...covered() }),
    deleted: async (window: Window) => {
      refuseBefore(window);
      return { records: [], earliestDateAvailable: null, ...covered() };
    },
  };
  const clock = {
    sleep: async (ms: number) => {
      waits.push(ms);
      time += ms;
    },
  };
  const remote = { instanceUrl: 'https://org.example', clock: { now: () => time } };
  const context = { remote, clock, records: { changes }, log: silentLogger } as unknown as SyncContext;
  return { context, waits };
}

it.each([
  { what: 'no end ahead', least: 10 * minute, ends: now },
  { what: 'no end at all', least: 0, ends: 0 },
])('an org that takes $what is asked few times for T0', async ({ least, ends }) => {
  let calls = 0;
  const asked: Coverage = ({ start, end }) => {
    calls++;
    if (end > ends || start < now - least) throw new AppError('INVALID_REPLICATION_DATE', 'Out of reach.');
    return now - minute;
  };
  const { remote, clock, records, log } = orgThatDropped(0).context;
  const { changes } = orgWhere({ updated: asked, deleted: asked }).records;
  const context = { remote, clock, log, records: { ...records, changes } } as SyncContext;
  if (ends > 0) expect(await findSafeStart(context)).toBe(Date.UTC(2026, 2, 4, 9, 59));
  else await expect(findSafeStart(context)).rejects.toMatchObject({ code: 'REFUSED_FOR_NOW' });
  // Two lists, or one and three waits.
  expect(calls).toBeLessThanOrEqual(ends > 0 ? 2 * 12 : 4 * 4);
});

describe('the list of deletions of a while', () => {
  const endsOf = async (since: number, refusesFuture: boolean) => {
    let calls = 0;
    const changes = {
      deleted: async ({ start, end }: Window) => {
        if (calls++ > 100) throw new Error('It asks for ever.');
        if (start < since || (refusesFuture && end > now))
          throw new AppError('INVALID_REPLICATION_DATE', 'Out of reach.');
        return {
          records: [{ id: '003000000000001AAA', deletedDate: '' }],
          earliestDateAvailable: null,
          latestDateCovered: now,
          answeredAt: now,
          durationMs: 0,
          readAt: now,
        };
      },
    };
    const context = {
      remote: { clock: { now: () => now, told: () => now } },
      records: { changes },
    } as unknown as SyncContext;
    const list = await deletedSince(context, 0, { signal: new AbortController().signal });
    return { since: list.since, ids: list.ids.size };
  };

  it.each([false, true])(
    'begins where the org lets it, and ends (an end ahead is refused: %s)',
    async (no) => {
      for (let minutes = 0; minutes < 20; minutes++) {
        const since = Date.UTC(2026, 2, 4, 10, 0) - minutes * minute;
        const list = await endsOf(since, no);
        expect(list.since).toBeGreaterThanOrEqual(since);
        if (minutes > 0 || !no) expect(list).toEqual({ since: expect.toSatisfy((at) => at < now), ids: 1 });
      }
    },
  );

  it.each([false, true])(
    'is empty and begins now where all was dropped (an end ahead is refused: %s)',
    async (no) => {
      expect(await endsOf(Date.UTC(2026, 2, 4, 10, 1), no)).toEqual({ since: now, ids: 0 });
    },
  );

  it('vouches for nothing where the answer does not say how far it tells', async () => {
    const changes = {
      deleted: async () => ({
        records: [{ id: '003000000000001AAA', deletedDate: '' }],
        earliestDateAvailable: null,
        latestDateCovered: null,
        answeredAt: now,
        durationMs: 0,
        readAt: now,
      }),
    };
    const context = {
      remote: { clock: { now: () => now, told: () => now } },
      records: { changes },
    } as unknown as SyncContext;
    const list = await deletedSince(context, now - 60 * minute, { signal: new AbortController().signal });
    expect(list.ids).toEqual(new Set(['003000000000001AAA']));
    expect(list.since).toBeGreaterThanOrEqual(now);
  });
});

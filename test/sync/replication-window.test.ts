import { describe, expect, it } from 'vitest';
import { AppError } from '../../src/base/errors.ts';
import { coveredBy } from '../../src/sync/coverage.ts';
import { minuteMs } from '../../src/sync/minute.ts';
import type { Window } from '../../src/sync/ports/record-changes.ts';
import { assertWithinReach, readWindow } from '../../src/sync/replication-window.ts';

const noon = Date.UTC(2026, 0, 31, 12);
const at = (minutes: number) => noon + minutes * minuteMs;
const nowAt = (minutes: number) => () => at(minutes) + 20_000;
const inMinutes = ({ start, end }: Window) => `${(start - noon) / minuteMs}-${(end - noon) / minuteMs}`;

/** An org that answers a window only while it holds at most `limit` ids, one id a minute unless told. */
function scriptedOrg({
  limit = 1000,
  coveredUntil = at(1000),
  idsIn = (w: Window) => (w.end - w.start) / minuteMs,
}) {
  const calls: string[] = [];
  const taken: string[] = [];
  const crowded: string[] = [];
  return {
    calls,
    taken,
    crowded,
    reader: {
      async call(window: Window) {
        calls.push(inMinutes(window));
        if (idsIn(window) > limit) throw new AppError('EXCEEDED_ID_LIMIT', 'too many');
        return 'answer';
      },
      async take(piece: Window) {
        taken.push(inMinutes(piece));
        return Math.min(piece.end, coveredUntil);
      },
      async takeCrowdedMinute(piece: Window) {
        crowded.push(inMinutes(piece));
        return piece.end;
      },
    },
  };
}

describe('readWindow', () => {
  it('asks once where the answer fits', async () => {
    const org = scriptedOrg({});
    const result = await readWindow(at(0), nowAt(9), org.reader);
    expect(org.taken).toEqual(['0-10']);
    expect(result).toEqual({ pieces: 1, complete: true });
  });

  it('does nothing for an empty window', async () => {
    const org = scriptedOrg({});
    await readWindow(at(1) + 10_000, nowAt(0), org.reader);
    expect(org.calls).toEqual([]);
  });

  it.each([0, 9])(
    'takes no offence at an org that refuses an end in the future, %s minutes after the cursor',
    async (minutes) => {
      const org = scriptedOrg({});
      const reader = {
        ...org.reader,
        async call(window: Window) {
          if (window.end > nowAt(minutes)()) throw new AppError('INVALID_REPLICATION_DATE', 'in the future');
          return org.reader.call(window);
        },
      };
      await readWindow(at(0), nowAt(minutes), reader);
      expect(org.taken).toEqual(minutes === 0 ? [] : [`0-${minutes}`]);
    },
  );

  it('halves on EXCEEDED_ID_LIMIT and covers the window without a gap, in order', async () => {
    const org = scriptedOrg({ limit: 3 });
    await readWindow(at(0), nowAt(15), org.reader);
    const edges = org.taken.map((piece) => piece.split('-').map(Number));
    expect(edges[0]![0]).toBe(0);
    expect(edges.at(-1)![1]).toBe(16);
    for (const [i, edge] of edges.entries()) if (i > 0) expect(edge[0]).toBe(edges[i - 1]![1]);
    expect(edges.length).toBeGreaterThan(5);
  });

  it('hands a minute that is still too large to its own reader and goes on behind it', async () => {
    const idsIn = (w: Window) => (w.start <= at(5) && w.end > at(5) ? 5000 : 1);
    const org = scriptedOrg({ limit: 10, idsIn });
    const result = await readWindow(at(0), nowAt(7), org.reader);
    expect(org.crowded).toEqual(['5-6']);
    expect(org.taken.at(-1)).toMatch(/-8$/);
    expect(result.complete).toBe(true);
  });

  it('stops at the first piece that is not fully covered', async () => {
    const org = scriptedOrg({ limit: 4, coveredUntil: at(5) });
    const result = await readWindow(at(0), nowAt(15), org.reader);
    expect(org.taken).toEqual(['0-4', '4-8']);
    expect(result.complete).toBe(false);
  });

  it('leaves the current minute out where the org refuses an end in the future', async () => {
    const org = scriptedOrg({});
    const reader = {
      ...org.reader,
      async call(window: Window) {
        if (window.end > at(10)) throw new AppError('INVALID_REPLICATION_DATE', 'end in the future');
        return org.reader.call(window);
      },
    };
    await readWindow(at(0), nowAt(10), reader);
    expect(org.taken).toEqual(['0-10']);
  });

  it('goes on where the answers tell that the end was long past', async () => {
    const org = scriptedOrg({});
    const reader = {
      ...org.reader,
      // The machine slept for an hour; the org's clock is known again with the first answer.
      take: (piece: Window) => {
        now = at(60);
        return org.reader.take(piece);
      },
    };
    let now = at(3);
    await readWindow(at(0), () => now, reader);
    expect(org.taken).toEqual(['0-4', '4-61']);
  });

  it.each([
    ['a guess that was a minute behind', false, ['0-4', '4-5']],
    ['the org’s own word, before the minute turned', true, ['0-4']],
  ])('ends with the minute that the answers tell where the end was %s', async (_what, isKnown, taken) => {
    const org = scriptedOrg({});
    let now = at(3) + 50_000;
    let isTimeKnown = isKnown;
    const reader = {
      ...org.reader,
      isTimeKnown: () => isTimeKnown,
      take: (piece: Window) => {
        now = at(4) + 10_000;
        isTimeKnown = true;
        return org.reader.take(piece);
      },
    };
    await readWindow(at(0), () => now, reader);
    expect(org.taken).toEqual(taken);
  });

  it('throws what it cannot mend by a shorter window', async () => {
    const reader = {
      ...scriptedOrg({}).reader,
      call: async () => Promise.reject(new AppError('TIMEOUT', 'slow')),
    };
    await expect(readWindow(at(0), nowAt(4), reader)).rejects.toMatchObject({
      code: 'TIMEOUT',
    });
  });
});

describe('coveredBy', () => {
  it('is latestDateCovered, cut to the minute', () => {
    const answer = { latestDateCovered: at(3) + 59_000, answeredAt: at(10), durationMs: 100 };
    expect(coveredBy(answer)).toBe(at(3));
  });

  it('never lies past the moment the org began to answer, even where it answers an end in the future', () => {
    expect(coveredBy({ latestDateCovered: at(11), answeredAt: at(10) + 5_000, durationMs: 6_000 })).toBe(
      at(9),
    );
  });

  it('says nothing where the org says nothing', () => {
    expect(coveredBy({ latestDateCovered: null, answeredAt: at(10), durationMs: 0 })).toBeNull();
  });
});

describe('assertWithinReach', () => {
  it.each([
    ['updated', 30],
    ['deleted', 15],
  ] as const)('refuses a cursor of %s older than %i days', (kind, days) => {
    const now = at(0);
    assertWithinReach(kind, now - days * 86_400_000, now);
    expect(() => assertWithinReach(kind, now - days * 86_400_000 - 1, now)).toThrowError(
      expect.objectContaining({ code: 'CURSOR_OUT_OF_REACH' }),
    );
  });
});

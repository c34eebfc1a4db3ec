import { describe, expect, it } from 'vitest';
import { AppError } from '../../src/base/errors.ts';
import { silentLogger } from '../../src/base/logger.ts';
import type { SyncContext } from '../../src/sync/context.ts';
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
});

import { describe, expect, it } from 'vitest';
import { MemoryCallLedger } from '../../../src/store/memory/memory-call-ledger.ts';
import { slotReturnsAt, spanAt } from '../../../src/sync/budget/call-slots.ts';
import { takeOverCalls } from '../../../src/sync/budget/take-over-calls.ts';
import type { HourCalls } from '../../../src/sync/ports/stored-mirror.ts';

const hourMs = 3_600_000;
const day = 24 * hourMs;
const ledgerId = '00D000000000001';
/** Twenty past the hour. */
const now = Date.UTC(2026, 2, 4, 10, 20);
const hour = Math.floor(now / hourMs);

/** A mirror in which a former version has counted. */
function mirrorOf(...left: HourCalls[]) {
  return {
    formerCalls: async () => left,
    forgetFormerCalls: async () => void left.splice(0),
  };
}

const slotsAt = (ledger: MemoryCallLedger, at: number) => ledger.callsOf(ledgerId, spanAt(at));

describe('calls that a former version has counted', () => {
  it('count for at least their 24 hours, whenever in their hour they were made, and for an hour longer at most', async () => {
    const ledger = new MemoryCallLedger();
    await takeOverCalls(mirrorOf({ hour: hour - 3, calls: 40 }), { ledger, ledgerId, now });
    const [noted, ...more] = await slotsAt(ledger, now);
    expect(more).toEqual([]);
    expect(noted?.calls).toBe(40);
    const [first, last] = [(hour - 3) * hourMs, (hour - 2) * hourMs];
    expect(slotReturnsAt(noted!.slot)).toBeGreaterThanOrEqual(last + day);
    expect(slotReturnsAt(noted!.slot)).toBeLessThanOrEqual(first + hourMs + day);
  });

  it.each([
    ['of this hour', 0],
    ['of a clock that was ahead', 30],
  ])('count as made now where they are %s', async (_when, ahead) => {
    const ledger = new MemoryCallLedger();
    await takeOverCalls(mirrorOf({ hour: hour + ahead, calls: 7 }), { ledger, ledgerId, now });
    expect(await slotsAt(ledger, now)).toEqual([{ slot: now / 300_000, calls: 7 }]);
  });

  it('count no more where they are older than a day', async () => {
    const ledger = new MemoryCallLedger();
    const left = [
      { hour: hour - 25, calls: 9 },
      { hour: hour - 24, calls: 2 },
    ];
    await takeOverCalls(mirrorOf(...left), { ledger, ledgerId, now });
    expect((await slotsAt(ledger, now)).map(({ calls }) => calls)).toEqual([2]);
  });

  it('are taken over once, beside what is counted already', async () => {
    const ledger = new MemoryCallLedger();
    const slot = now / 300_000;
    await ledger.reserve(ledgerId, { slot, span: spanAt(now), calls: 5, limit: 100 });
    const mirror = mirrorOf({ hour: hour - 1, calls: 40 }, { hour, calls: 3 });
    for (let n = 0; n < 2; n++) await takeOverCalls(mirror, { ledger, ledgerId, now });
    expect((await slotsAt(ledger, now)).map(({ calls }) => calls)).toEqual([40, 8]);
  });

  it('stay in the mirror where the count of all processes cannot be written', async () => {
    const mirror = mirrorOf({ hour, calls: 3 });
    const ledger = { reserve: () => Promise.reject(new Error('no room')) };
    await expect(takeOverCalls(mirror, { ledger, ledgerId, now })).rejects.toThrow('no room');
    expect(await mirror.formerCalls()).toEqual([{ hour, calls: 3 }]);
  });
});

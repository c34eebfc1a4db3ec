import { describe, expect, test } from 'vitest';
import type { CallLedger, ReportedUsage } from '../../src/sync/ports/call-ledger.ts';

export interface OpenedLedger extends AsyncDisposable {
  ledger: CallLedger;
}

const org = '00D000000000001';
const other = '00D000000000002';
const span = { from: 100, to: 400 };
const told: ReportedUsage = { used: 18, max: 15_000, at: 1_000, app: { used: 3, max: 250 } };

/** What every ledger of calls does. */
export function callLedgerContract(name: string, open: () => Promise<OpenedLedger>): void {
  describe(`${name}: calls that an installation makes`, () => {
    test('are set aside as far as the limit goes, and no further', async () => {
      await using opened = await open();
      const { ledger } = opened;
      expect(await ledger.callsOf(org, span)).toEqual([]);
      expect(await ledger.reserve(org, { slot: 200, span, calls: 6, limit: 10 })).toBe(6);
      expect(await ledger.reserve(org, { slot: 201, span, calls: 6, limit: 10 })).toBe(4);
      expect(await ledger.reserve(org, { slot: 201, span, calls: 1, limit: 10 })).toBe(0);
      expect(await ledger.reserve(org, { slot: 201, span, calls: 1, limit: 5 })).toBe(0);
      expect(await ledger.callsOf(org, span)).toEqual([
        { slot: 200, calls: 6 },
        { slot: 201, calls: 4 },
      ]);
      expect(await ledger.reserve(other, { slot: 200, span, calls: 6, limit: 10 })).toBe(6);
    });

    test('are free again as soon as they are given back', async () => {
      await using opened = await open();
      const { ledger } = opened;
      await ledger.reserve(org, { slot: 200, span, calls: 10, limit: 10 });
      await ledger.giveBack(org, { slot: 200, calls: 7 });
      expect(await ledger.callsOf(org, span)).toEqual([{ slot: 200, calls: 3 }]);
      expect(await ledger.reserve(org, { slot: 202, span, calls: 10, limit: 10 })).toBe(7);
      await ledger.giveBack(org, { slot: 200, calls: 99 });
      expect(await ledger.callsOf(org, span)).toEqual([{ slot: 202, calls: 7 }]);
      // Of a slot that is over nothing is left to give.
      await ledger.giveBack(org, { slot: 150, calls: 5 });
      expect(await ledger.callsOf(org, span)).toEqual([{ slot: 202, calls: 7 }]);
    });

    test('count as long as their slot is in the span, and for no other', async () => {
      await using opened = await open();
      const { ledger } = opened;
      for (const slot of [100, 400]) await ledger.reserve(org, { slot, span, calls: 1, limit: 10 });
      expect(await ledger.callsOf(org, { from: 101, to: 399 })).toEqual([]);
      const later = { from: 101, to: 401 };
      expect(await ledger.reserve(org, { slot: 101, span: later, calls: 10, limit: 10 })).toBe(9);
      expect(await ledger.callsOf(org, later)).toEqual([
        { slot: 101, calls: 9 },
        { slot: 400, calls: 1 },
      ]);
    });

    test('count again when a clock that was ahead is set right, with those that were made meanwhile', async () => {
      await using opened = await open();
      const { ledger } = opened;
      const ahead = { from: 4_850, to: 5_150 };
      await ledger.reserve(org, { slot: 250, span, calls: 5, limit: 10 });
      expect(await ledger.reserve(org, { slot: 5_000, span: ahead, calls: 3, limit: 10 })).toBe(3);
      await ledger.giveBack(org, { slot: 5_000, calls: 1 });
      expect(await ledger.reserve(org, { slot: 251, span, calls: 10, limit: 10 })).toBe(3);
      expect(await ledger.callsOf(org, span)).toEqual([
        { slot: 250, calls: 5 },
        { slot: 251, calls: 5 },
      ]);
      // Those made meanwhile are taken over once.
      expect(await ledger.reserve(org, { slot: 252, span, calls: 10, limit: 20 })).toBe(10);
    });

    test('count beside a clock that is set far back, and when it is set right', async () => {
      await using opened = await open();
      const { ledger } = opened;
      const later = { from: 4_850, to: 5_150 };
      await ledger.reserve(org, { slot: 5_000, span: later, calls: 6, limit: 10 });
      expect(await ledger.reserve(org, { slot: 250, span, calls: 10, limit: 10 })).toBe(4);
      expect(await ledger.callsOf(org, later)).toEqual([{ slot: 5_000, calls: 6 }]);
      expect(await ledger.reserve(org, { slot: 5_001, span: later, calls: 10, limit: 10 })).toBe(4);
    });

    test('are kept for some days and not for ever', async () => {
      await using opened = await open();
      const { ledger } = opened;
      const all = { from: 0, to: 9_999 };
      for (let slot = 1_000; slot < 3_000; slot++)
        await ledger.reserve(org, {
          slot,
          span: { from: slot - 288, to: slot + 288 },
          calls: 1,
          limit: 1_000,
        });
      const kept = await ledger.callsOf(org, all);
      expect(kept.length).toBeGreaterThan(4 * 288 - 1);
      expect(kept.length).toBeLessThan(7 * 288);
      expect(kept.at(-1)).toEqual({ slot: 2_999, calls: 1 });
    });

    test('what the org has said is the later word, quota of the app included', async () => {
      await using opened = await open();
      const { ledger } = opened;
      expect(await ledger.reported(org)).toBeNull();
      await ledger.report(org, told);
      expect(await ledger.reported(org)).toEqual(told);
      await ledger.report(org, { ...told, used: 17, at: 999 });
      expect(await ledger.reported(org)).toEqual(told);
      const later = { ...told, used: 2, at: 1_001, app: null };
      await ledger.report(org, later);
      expect(await ledger.reported(org)).toEqual(later);
      expect(await ledger.reported(other)).toBeNull();
    });

    test('what the org has said while the clock was ahead gives way to what it says then', async () => {
      await using opened = await open();
      const { ledger } = opened;
      await ledger.report(org, { ...told, at: told.at + 30 * 86_400_000 });
      await ledger.report(org, { ...told, used: 17 });
      expect(await ledger.reported(org)).toEqual({ ...told, used: 17 });
    });

    test('one looks at a time whether a paused org has room', async () => {
      await using opened = await open();
      const { ledger } = opened;
      expect(await ledger.mayLook(org, { now: 5_000, everyMs: 100 })).toBe(true);
      expect(await ledger.mayLook(org, { now: 5_099, everyMs: 100 })).toBe(false);
      expect(await ledger.mayLook(other, { now: 5_099, everyMs: 100 })).toBe(true);
      expect(await ledger.mayLook(org, { now: 5_100, everyMs: 100 })).toBe(true);
      // Set back, the clock keeps nobody from looking for longer.
      expect(await ledger.mayLook(org, { now: 0, everyMs: 100 })).toBe(true);
      expect(await ledger.reported(org)).toBeNull();
      await ledger.report(org, told);
      expect(await ledger.mayLook(org, { now: 50, everyMs: 100 })).toBe(false);
    });

    test('how a watch has stretched its interval is kept until it is not stretched any more', async () => {
      await using opened = await open();
      const { ledger } = opened;
      expect(await ledger.stretched(org)).toBeNull();
      const stretched = { intervalMs: 300_000, stretchedMs: 2_400_000, at: 7 };
      await ledger.saveStretched(org, stretched);
      await ledger.report(org, told);
      expect(await ledger.stretched(org)).toEqual(stretched);
      await ledger.saveStretched(org, null);
      expect(await ledger.stretched(org)).toBeNull();
      expect(await ledger.reported(org)).toEqual(told);
    });

    test('until when the org asks for rest is known to all, by the last word', async () => {
      await using opened = await open();
      const { ledger } = opened;
      const none = { pull: null, push: null };
      expect(await ledger.heldBack(org)).toEqual(none);
      await ledger.holdBack(org, 'pull', 9_000);
      await ledger.report(org, told);
      await ledger.holdBack(org, 'pull', 7_000);
      expect(await ledger.heldBack(org)).toEqual({ pull: 7_000, push: null });
      await ledger.holdBack(org, 'push', 8_000);
      expect(await ledger.heldBack(org)).toEqual({ pull: 7_000, push: 8_000 });
      expect(await ledger.heldBack(other)).toEqual(none);
      expect(await ledger.reported(org)).toEqual(told);
    });

    test('none of them is lost as long as nothing happened to it', async () => {
      await using opened = await open();
      const { ledger } = opened;
      await ledger.reserve(org, { slot: 200, span, calls: 6, limit: 10 });
      expect(await ledger.lostAt(org)).toBeNull();
      await ledger.noteLost(org, [{ slot: 200, calls: 1 }]);
      expect(await ledger.callsOf(org, span)).toEqual([{ slot: 200, calls: 6 }]);
    });
  });
}

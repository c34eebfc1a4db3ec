import { describe, expect, it } from 'vitest';
import { nothingKnown, type RowState } from '../../src/sync/merge/evidence.ts';
import { mergeBurial, mergeLive } from '../../src/sync/merge/merge-evidence.ts';
import fc from '../support/properties.ts';

const start = Date.UTC(2026, 2, 4, 10);
const at = (minutes: number) => new Date(start + minutes * 60_000).toISOString();
const live = (stamp: number, readAt: number) => ({ stamp: at(stamp), readAt: at(readAt) });
const burial = (stamp: number, evidenceAt: number) => ({
  gone: 'deleted' as const,
  stamp: at(stamp),
  evidenceAt: at(evidenceAt),
  masterRecordId: null,
});
const readings = (...reads: ReturnType<typeof live>[]) =>
  reads.reduce((state: RowState, read) => mergeLive(state, read).next, nothingKnown);

const year = 365 * 24 * 60;

describe('a stamp that the org had not come to when the record was read later', () => {
  it('is no order: the later reading counts, whichever comes first', () => {
    const [wrong, later] = [live(year, 0), live(5, 10)];
    expect(readings(wrong, later).stamp).toBe(at(5));
    expect(readings(later, wrong).stamp).toBe(at(5));
  });

  it('says nothing against a later deletion', () => {
    const wrong = readings(live(year, 0));
    expect(mergeBurial(wrong, burial(5, 10)).next.gone).toBe('deleted');
    expect(mergeLive(mergeBurial(wrong, burial(5, 10)).next, live(7, 8)).next.gone).toBeNull();
  });

  it('of a deletion hides no later one', () => {
    const restored = mergeLive(mergeBurial(nothingKnown, burial(year, 0)).next, live(5, 10)).next;
    expect(restored.gone).toBeNull();
    expect(mergeBurial(restored, burial(15, 20)).next.gone).toBe('deleted');
  });

  it('is an order where a read may have taken so long, as a whole bulk job does', () => {
    const [long, meanwhile] = [live(40, 0), live(5, 10)];
    expect(readings(long, meanwhile).stamp).toBe(at(40));
    expect(readings(meanwhile, long).stamp).toBe(at(40));
  });
});

it('readings of an org whose clock is right end in the same state, in whatever order they come', () => {
  // A record's stamps in their order, and reads that each saw the latest one of their instant, up to an hour after.
  const world = fc.record({
    stamps: fc.uniqueArray(fc.integer({ min: 0, max: 300 }), { minLength: 1, maxLength: 8 }),
    reads: fc.array(
      fc.record({ sent: fc.integer({ min: 0, max: 300 }), took: fc.integer({ min: 0, max: 59 }) }),
      {
        minLength: 1,
        maxLength: 8,
      },
    ),
    seed: fc.integer(),
  });
  const property = fc.property(world, ({ stamps, reads, seed }) => {
    const seen = reads.map(({ sent, took }) => {
      const known = stamps.filter((stamp) => stamp <= sent + took);
      return live(known.length === 0 ? -1 : Math.max(...known), sent);
    });
    const turned = seen.toSorted((a, b) => (a.readAt + seed < b.readAt + seed ? 1 : -1));
    expect(readings(...turned)).toEqual(readings(...seen));
    const last = seen
      .map(({ stamp }) => stamp)
      .toSorted()
      .at(-1);
    expect(readings(...seen).stamp).toBe(last);
  });
  fc.assert(property);
});

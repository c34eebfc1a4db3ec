import { describe, expect, it } from 'vitest';
import { joinBuckets } from '../../src/sync/backfill/plan-spans.ts';
import { splitSpan } from '../../src/sync/backfill/rest-chunks.ts';
import fc from '../support/properties.ts';

const hourMs = 3_600_000;

describe('joinBuckets', () => {
  const buckets = fc
    .array(fc.tuple(fc.integer({ min: 0, max: 50 }), fc.integer({ min: 0, max: 40 })), { maxLength: 40 })
    .map((parts) => {
      let start = 0;
      return parts.map(([gap, count]) => {
        start += gap * hourMs;
        const bucket = { start, end: start + hourMs, count };
        start = bucket.end;
        return bucket;
      });
    });

  it('covers all time: open at both ends, each span beginning where the last ends', () => {
    fc.assert(
      fc.property(buckets, fc.integer({ min: 1, max: 100 }), (given, target) => {
        const spans = joinBuckets(given, target);
        expect(spans[0]?.lower).toBeNull();
        expect(spans.at(-1)?.upper).toBeNull();
        for (const [i, span] of spans.entries()) if (i > 0) expect(span.lower).toBe(spans[i - 1]!.upper);
      }),
    );
  });

  it('expects every counted contact in exactly one span, and joins only within the target', () => {
    fc.assert(
      fc.property(buckets, fc.integer({ min: 1, max: 100 }), (given, target) => {
        const spans = joinBuckets(given, target);
        const total = given.reduce((sum, { count }) => sum + count, 0);
        expect(spans.reduce((sum, { expected }) => sum + expected, 0)).toBe(total);
        const largest = Math.max(target, ...given.map(({ count }) => count));
        for (const { expected } of spans) expect(expected).toBeLessThanOrEqual(largest);
      }),
    );
  });
});

describe('splitSpan', () => {
  const span = { lower: '2026-01-01T00:00:00.000Z', upper: '2026-01-03T00:00:00.000Z' };

  it('cuts what is left behind the key in the middle of its time', () => {
    const after = { createdDate: '2026-01-02T00:00:00.000Z', id: '003000000000001AAA' };
    expect(splitSpan(span, after, 100, 0)?.map(({ spec }) => [spec.lower, spec.upper])).toEqual([
      ['2026-01-02T00:00:00.000Z', '2026-01-02T12:00:00.000Z'],
      ['2026-01-02T12:00:00.000Z', '2026-01-03T00:00:00.000Z'],
    ]);
  });

  it('keeps the second of the key in the first half, so that its other contacts are not skipped', () => {
    const after = { createdDate: '2026-01-02T23:00:01.000Z', id: '003000000000001AAA' };
    expect(splitSpan(span, after, 100, 0)?.[0]?.spec.lower).toBe('2026-01-02T23:00:01.000Z');
  });

  it('does not cut less than two seconds', () => {
    const after = { createdDate: '2026-01-02T23:59:59.000Z', id: '003000000000001AAA' };
    expect(splitSpan(span, after, 100, 0)).toBeNull();
  });
});

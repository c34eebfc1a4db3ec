import { expect, test } from 'vitest';
import { pushWarnings } from '../../../src/cli/commands/push-text.ts';

type Counts = Parameters<typeof pushWarnings>[0];

function warningsOf(ignored: Counts['ignored']): string[] {
  return pushWarnings({ ignored, olderEntries: 0, resumedFrom: null } as unknown as Counts);
}

test('of hundreds of columns left out, a line names a few, and first those that --map would take', () => {
  const shoes = Array.from({ length: 199 }, (_, at) => `Shoe ${at}`);
  const [warning, ...more] = warningsOf([
    ...shoes.map((column) => ({ column, reason: 'unknown' as const, meant: null, records: 1 })),
    { column: 'Business Phone', reason: 'unknown', meant: 'Phone', records: 2 },
  ]);
  expect(more).toEqual([]);
  expect(warning).toMatch(
    /^Left out, as not known to Contact: Business Phone \(2 records; --map 'Business Phone=Phone' takes it\), Shoe 0 \(1 record\), /,
  );
  expect(warning).toMatch(/Shoe 18 \(1 record\), … and 180 more columns\.$/);
});

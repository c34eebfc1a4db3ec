import { expect, test } from 'vitest';
import { pushWarnings, renderPush } from '../../../src/cli/commands/push-text.ts';
import { createInk } from '../../../src/cli/ink.ts';
import { OrgNames } from '../../../src/cli/org-names.ts';
import { pushResultOf } from '../support/fake-push.ts';

const ink = createInk({ colour: false });

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

test.each([
  ['DUPLICATES_DETECTED', true],
  ['DUPLICATE_VALUE', false],
])(
  'a refusal says how a contact is made beside those that it is like, where that can be: %s',
  async (code, isSaid) => {
    const error = { code, message: 'No.', fields: [], duplicates: [] };
    const item = {
      key: null,
      source: 'a.csv',
      line: 2,
      index: 0,
      status: 'rejected' as const,
      id: null,
      errors: [error],
    };
    const result = pushResultOf([item]);
    const said = await renderPush(result, {
      orgNames: new OrgNames(() => 0),
      terminal: { ink, style: ink.style, columns: 200, interactive: false },
    });
    expect(said.includes('--allow-duplicates')).toBe(isSaid);
  },
);

test('what else waits may have come later than this push, and is not called older', () => {
  const counts = { ignored: [], olderEntries: 1_500, resumedFrom: null, creates: 1 } as unknown as Counts;
  expect(pushWarnings(counts)).toEqual([
    '1,500 other entries of the outbox still wait: see `parahack-sync outbox list`.',
  ]);
});

import { expect, test } from 'vitest';
import { namedTwiceFault, replacingFault } from '../../src/store/replaced-entry.ts';

const named = '123d10a5-0000-4000-8000-000000000001';
const later = '4dc37f08-0000-4000-8000-000000000001';
const done = { state: 'done' as const, contactId: '003000000000001AAA', replacedBy: null };

test('a fault of a record that mends an entry names the key that stands in its file', () => {
  expect(replacingFault({ key: named, ...done }, named)?.message).toMatch(
    /^The refused entry 123d10a5 that it mends was taken by Salesforce meanwhile and is 003000000000001AAA: /,
  );
  expect(replacingFault({ key: later, ...done }, named)?.message).toMatch(
    /^The refused entry 123d10a5 that it mends was mended before, as 4dc37f08, which was taken by Salesforce meanwhile and is 003000000000001AAA: /,
  );
  expect(namedTwiceFault(named).message).toContain('refused entry 123d10a5 already');
});

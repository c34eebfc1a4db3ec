import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Actor } from '../../../src/emulator/engine/actor.ts';
import type { Org } from '../../../src/emulator/org/org.ts';
import { OrgFault } from '../../../src/emulator/schema/fault.ts';
import { repeats } from '../../support/deep.ts';
import fc from '../../support/properties.ts';
import { rows, testOrg } from '../org/org-fixture.ts';

const RUNS = repeats(2_000);

let org: Org;
let me: Actor;

beforeAll(async () => {
  ({ org, me } = await testOrg({ contacts: 30 }));
});

afterAll(() => org.close());

/** An answer or a refusal in Salesforce's words, never another error. */
function ask(soql: string): void {
  try {
    rows(org, me, soql);
  } catch (error) {
    if (!(error instanceof OrgFault)) throw new Error(`${soql}\n${String(error)}`, { cause: error });
    expect(error.errorCode).toMatch(/^[A-Z_]+$/);
  }
}

const WORDS = [
  ...'SELECT FROM WHERE AND OR NOT IN LIKE INCLUDES EXCLUDES ORDER BY GROUP HAVING LIMIT OFFSET NULLS FIRST LAST ALL ROWS'.split(
    ' ',
  ),
  ...'Id Name LastName Email CreatedDate Birthdate AccountId Account.Name Owner.Alias MailingAddress Description Visits__c'.split(
    ' ',
  ),
  ...'Interests__c Newsletter__c Contact Account Contacts COUNT() COUNT(Id) MAX(CreatedDate) FIELDS(ALL) TYPEOF'.split(
    ' ',
  ),
  ...'TODAY LAST_N_DAYS:3 2020-01-01 2020-01-01T00:00:00Z null true 5 1.5 USD5'.split(' '),
  "'x'",
  "'%_\\''",
  "('a','b')",
  '(',
  ')',
  ',',
  '=',
  '!=',
  '<',
  '>=',
  ';',
  '--',
  '"',
];

it('random texts and random sentences of SOQL words are answered or refused', () => {
  const sentence = fc.array(fc.constantFrom(...WORDS), { maxLength: 20 }).map((words) => words.join(' '));
  const selected = sentence.map((rest) => `SELECT Id FROM Contact ${rest}`);
  const filtered = fc
    .tuple(
      fc.constantFrom(...WORDS),
      fc.constantFrom('=', '!=', '<', 'LIKE', 'IN', 'INCLUDES'),
      fc.constantFrom(...WORDS),
    )
    .map(([field, operator, value]) => `SELECT Id FROM Contact WHERE ${field} ${operator} ${value}`);
  fc.assert(fc.property(fc.oneof(fc.string(), sentence, selected, filtered), ask), { numRuns: RUNS });
});

it('any text survives the way into a string literal, a row and back', () => {
  const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 }).filter((value) => {
    const clean = value.replaceAll('\0', '').trim();
    return clean !== '' && clean.length <= 80;
  });
  fc.assert(
    fc.property(text, (value) => {
      const clean = value.replaceAll('\0', '').trim();
      const [made] = org.create(me, [{ object: 'Contact', fields: { LastName: value } }]);
      const literal = clean.replaceAll(/[\\']/g, (special) => `\\${special}`);
      const found = rows(org, me, `SELECT Id, LastName FROM Contact WHERE LastName = '${literal}'`);
      expect(found.find((row) => row.Id === made!.id)?.LastName).toBe(clean);
      org.control.purge([made!.id!]);
    }),
    { numRuns: RUNS / 10 },
  );
});

it('separators of lines and paragraphs are text within a string', () => {
  const value = 'a\u2028b\u2029c';
  const [made] = org.create(me, [{ object: 'Contact', fields: { LastName: value } }]);
  expect(rows(org, me, `SELECT Id FROM Contact WHERE LastName = '${value}'`)).toHaveLength(1);
  org.control.purge([made!.id!]);
});

it('thousands of conditions are no deeper than SQLite takes', () => {
  const many = Array.from({ length: 3000 }, (_, index) => `LastName = 'n${index}'`);
  expect(rows(org, me, `SELECT Id FROM Contact WHERE ${many.join(' OR ')}`)).toEqual([]);
  const names = Array.from({ length: 5000 }, (_, index) => `'n${index}'`);
  expect(rows(org, me, `SELECT Id FROM Contact WHERE LastName NOT IN (${names.join(',')})`)).toHaveLength(30);
});

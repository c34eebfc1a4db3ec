import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Actor } from '../../../src/emulator/engine/actor.ts';
import type { Org } from '../../../src/emulator/org/org.ts';
import { create, faultOf, testOrg, V } from './org-fixture.ts';

// Source: SOQL and SOSL Reference, FIND {SearchQuery} (Search Terms, Wildcards, Operators), Example Text Searches.
describe('a search (SOSL)', () => {
  let org: Org;
  let me: Actor;

  beforeAll(async () => {
    ({ org, me } = await testOrg());
    const people = [
      { FirstName: 'Joe', LastName: 'Smith', Email: 'joe.smith@example.org', Phone: '(867) 555-6115' },
      { FirstName: 'Joe', LastName: 'Smythe', Title: 'no limit here, order by (none' },
      { FirstName: 'Mary', LastName: 'Smith-Jones', Email: 'mary@example.com' },
      { FirstName: 'Joanna', LastName: 'Smithers' },
      { LastName: 'Salt and Pepper' },
    ];
    for (const person of people) create(org, me, person);
  });
  afterAll(() => org.close());

  const find = (text: string, more = 'RETURNING Contact(Name ORDER BY Name)') =>
    org.search(me, `FIND {${text}} ${more}`, V).map((row) => row.Name);

  it('finds whole words, split at blanks and punctuation, in any case', () => {
    expect(find('smith')).toEqual(['Joe Smith', 'Mary Smith-Jones']);
    expect(find('JOE')).toEqual(['Joe Smith', 'Joe Smythe']);
    expect(find('jo')).toEqual([]);
    expect(find('smith-jones')).toEqual(['Mary Smith-Jones']);
    expect(find('555')).toEqual(['Joe Smith']);
    expect(find('mary@example.com')).toEqual(['Mary Smith-Jones']);
  });

  it('takes several words for all of them, wherever in the fields they are', () => {
    expect(find('smith joe')).toEqual(['Joe Smith']);
    expect(find('Joe 867')).toEqual(['Joe Smith']);
    expect(find('Joe 867', 'IN NAME FIELDS RETURNING Contact(Name)')).toEqual([]);
  });

  it('finds phrases in double quotes, and operators in them are words', () => {
    expect(find('"joe smith"')).toEqual(['Joe Smith']);
    expect(find('"smith joe"')).toEqual([]);
    expect(find('"Joe Smith" OR "Joe Smythe"')).toEqual(['Joe Smith', 'Joe Smythe']);
    expect(find('"salt and pepper"')).toEqual(['Salt and Pepper']);
    expect(find('"and"')).toEqual(['Salt and Pepper']);
  });

  it('joins by AND, OR, AND NOT and parentheses, from left to right, in any case', () => {
    expect(find('mary or smythe')).toEqual(['Joe Smythe', 'Mary Smith-Jones']);
    expect(find('joe AND smith')).toEqual(['Joe Smith']);
    expect(find('joe AND NOT smith')).toEqual(['Joe Smythe']);
    expect(find('mary OR joe AND smythe')).toEqual(['Joe Smythe']);
    expect(find('mary OR (joe AND smythe)')).toEqual(['Joe Smythe', 'Mary Smith-Jones']);
  });

  it('takes * and ? in a word as wild, and what a backslash precedes as it is', () => {
    expect(find('joa*')).toEqual(['Joanna Smithers']);
    expect(find('jo*')).toEqual(['Joanna Smithers', 'Joe Smith', 'Joe Smythe', 'Mary Smith-Jones']);
    expect(find('joe sm?th*')).toEqual(['Joe Smith', 'Joe Smythe']);
    expect(find('sm*s')).toEqual(['Joanna Smithers']);
    expect(find('joe sm\\?th')).toEqual([]);
    expect(find('\\"joe smith\\"')).toEqual(['Joe Smith']);
  });

  it('answers at once whatever asterisks a word has', () => {
    // The b is another word: the name is read whole, and its first word is not found.
    create(org, me, { LastName: `${'a'.repeat(60)} b` });
    const started = performance.now();
    expect(find(`${'a*'.repeat(20)}b`)).toEqual([]);
    expect(performance.now() - started).toBeLessThan(2_000);
    expect(find(`${'a*'.repeat(20)}a`)).toEqual([`${'a'.repeat(60)} b`]);
  });

  it('refuses what is no search, and says so of what this org has not', () => {
    const malformed = ['joe AND', 'OR joe', '(joe', 'joe)', 'NOT joe', '"joe', 'joe AND AND smith', '()'];
    for (const text of malformed) expect(faultOf(() => find(text))).toMatch(/^MALFORMED_SEARCH: /);
    for (const more of ['WITH SNIPPET', 'IN SIDEBAR FIELDS', 'RETURNING Contact(Id) UPDATE TRACKING']) {
      expect(faultOf(() => find('joe', more))).toMatch(/^MALFORMED_SEARCH: .*not supported by this emulator/);
    }
    const listView = 'RETURNING Contact(Id USING ListView=Recent)';
    expect(faultOf(() => find('joe', listView))).toMatch(/not supported by this emulator/);
    expect(faultOf(() => find('joe', 'RETURNING Contact(COUNT())'))).toMatch(/^MALFORMED_SEARCH: /);
    expect(faultOf(() => find('joe', 'RETURNING Contact(COUNT(Id))'))).toMatch(/^MALFORMED_SEARCH: /);
    // Though nobody of that name is there.
    expect(faultOf(() => find('nobody', 'RETURNING Contact(Nope)'))).toMatch(/^INVALID_FIELD: /);
    expect(faultOf(() => find('nobody', 'RETURNING Contact(Id WHERE Nope = 1)'))).toMatch(/^INVALID_FIELD: /);
  });

  it('reads WHERE, ORDER BY and LIMIT around texts that look like them', () => {
    const where = "WHERE Title = 'no limit here, order by (none'";
    expect(find('joe', `RETURNING Contact(Name ${where} ORDER BY Name LIMIT 1), Account(Id)`)).toEqual([
      'Joe Smythe',
    ]);
    expect(find('joe', "RETURNING Contact(Name WHERE LastName IN ('a)', 'Smith', 'b,('))")).toEqual([
      'Joe Smith',
    ]);
    expect(find('joe', 'RETURNING Contact(Name ORDER BY Name DESC LIMIT 1)')).toEqual(['Joe Smythe']);
    expect(find('joe', 'RETURNING Contact(Name ORDER BY Name) LIMIT 1')).toEqual(['Joe Smith']);
  });
});

import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { isLongerInUtf16 } from '../../../src/store/sqlite/written-value.ts';
import fc from '../../support/properties.ts';
import { describeOf, field } from './contact-fields.ts';
import { epoch } from './pages.ts';
import { openTwoWayMirror, writtenFields } from './two-way-mirror.ts';

const character = fc.oneof(
  fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
  fc.constantFrom('a', '"', '\\', '\n', 'é', '漢', '\uffff', '\u{10000}', '😀', '\u{10ffff}'),
);
const text = fc.array(character, { minLength: 1, maxLength: 60 }).map((all) => all.join(''));

test('a text is as long as Salesforce takes it for, of any characters', () => {
  const db = new Database(':memory:');
  const ask = db
    .prepare(`SELECT ${isLongerInUtf16('json', '@most')} FROM (SELECT json_quote(@text) AS json)`)
    .pluck();
  const isLonger = (of: string, most: number) => ask.get({ text: of, most });
  fc.assert(
    fc.property(text, (one) => {
      // SQLite's own functions see nothing behind a NUL, and it is refused by another rule.
      fc.pre(!one.includes('\0') && one.isWellFormed() && [...one].length < one.length);
      expect([isLonger(one, one.length), isLonger(one, one.length - 1)]).toEqual([0, 1]);
    }),
  );
  db.close();
});

test('an emoji is two characters of a long text too', async () => {
  await using two = await openTwoWayMirror();
  const long = field('Long__c', 'textarea', { length: 32_000 });
  await two.mirror.schema.applyDescribe(describeOf([...writtenFields, long]), epoch + 1);
  const insert = two.program.prepare('INSERT INTO contacts (LastName, Long__c) VALUES (?, ?)');
  const update = two.program.prepare("UPDATE contacts SET Long__c = ? WHERE LastName = 'Taken'");
  insert.run('Taken', '😀'.repeat(16_000));
  insert.run('Taken', 'é'.repeat(32_000));
  for (const most of ['😀'.repeat(16_001), `${'a'.repeat(31_999)}😀`, `${'"'.repeat(31_999)}😀`]) {
    expect(() => insert.run('Refused', most)).toThrow('Long__c is too long: it takes 32000 characters.');
    expect(() => update.run(most)).toThrow('Long__c is too long: it takes 32000 characters.');
  }
  expect(await two.asked()).toHaveLength(2);
});

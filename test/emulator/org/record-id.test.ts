import { describe, expect, it } from 'vitest';
import { checksum, normalizeId, RecordIds } from '../../../src/emulator/schema/record-id.ts';
import fc from '../../support/properties.ts';

describe('record ids', () => {
  it.each([
    // Ids that Salesforce's documentation and public fixtures show with all 18 characters.
    ['001D000000IRFma', 'IAH'],
    ['001D000000IqhSL', 'IAZ'],
    ['0033s000013ZHX9', 'AAO'],
    ['003000000000000', 'AAA'],
    ['012000000000000', 'AAA'],
  ])('the checksum of %s is %s', (id15, suffix) => {
    expect(checksum(id15)).toBe(suffix);
    expect(normalizeId(id15)).toBe(id15 + suffix);
  });

  it('mends the case of an id from its checksum, as Salesforce does', () => {
    expect(normalizeId('001d000000irfmaiah'.toUpperCase())).toBe('001D000000IRFmaIAH');
    expect(normalizeId('001d000000irfmaiah')).toBe('001D000000IRFmaIAH');
  });

  it.each(['', 'x', '001D000000IRFm', '001D000000IRFmaIA', '001D000000IRFma9AH', '001D00000-IRFmaIAH'])(
    'refuses %j',
    (id) => {
      expect(normalizeId(id)).toBeUndefined();
    },
  );

  it('gives every number an id of its own, in the same order, and knows it again', () => {
    const ids = new RecordIds(7);
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 2 ** 31 - 1 }),
        fc.integer({ min: 1, max: 2 ** 31 - 1 }),
        (a, b) => {
          const [idA, idB] = [ids.make('003', a), ids.make('003', b)];
          expect(ids.numberOf(idA)).toBe(a);
          expect(normalizeId(idA.slice(0, 15))).toBe(idA);
          expect(idA < idB).toBe(a < b);
        },
      ),
    );
  });

  it('does not know the ids of an org made from another seed', () => {
    expect(new RecordIds(2).numberOf(new RecordIds(1).make('003', 5))).toBeUndefined();
  });
});

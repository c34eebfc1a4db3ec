import { expect, it } from 'vitest';
import { fullId } from '../../src/org/record-id.ts';

it('gives an Id its 18 characters, and back the case that a spreadsheet lost', () => {
  // The pair of Salesforce's help article "18-character IDs".
  expect(fullId('00570000001ZwTi')).toBe('00570000001ZwTiAAK');
  expect(fullId('00570000001ZwTiAAK')).toBe('00570000001ZwTiAAK');
  expect(fullId('00570000001zwtiAAK')).toBe('00570000001ZwTiAAK');
  expect(fullId('00570000001zwtiAA!')).toBe('00570000001zwtiAA!');
  expect(fullId('not an id')).toBe('not an id');
});

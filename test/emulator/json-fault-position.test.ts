import { describe, expect, it } from 'vitest';
import { jsonFaultPosition } from '../../src/emulator/http/json-fault-position.ts';
import fc from '../support/properties.ts';

describe('jsonFaultPosition', () => {
  it.each([
    ['{"a": }', 6],
    ['{"a": 1,}', 8],
    ['[1, 2', 5],
    ['{"a" 1}', 5],
    ['nonsense', 0],
    ['{"a": "open}', 6],
    ['{} extra', 3],
    ['', 0],
  ])('of %s is %i', (text, position) => {
    expect(jsonFaultPosition(text)).toBe(position);
  });

  it('is the end of every valid text', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(jsonFaultPosition(text)).toBe(text.length);
      }),
    );
  });

  it('stands for deep and for long texts', () => {
    expect(jsonFaultPosition('['.repeat(100_000))).toBeLessThan(1_000);
    expect(jsonFaultPosition(`"${'x'.repeat(2_000_000)}`)).toBe(0);
  });
});

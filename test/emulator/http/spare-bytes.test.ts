import { describe, expect, it } from 'vitest';
import { SpareBytes } from '../../../src/emulator/http/spare-bytes.ts';

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('utf8');

describe('memory that answers share', () => {
  it('holds the bytes of all parts, also behind longer ones', () => {
    const spare = new SpareBytes();
    for (const parts of [['a longer text, ', 'in parts'], ['Grüße ', '🙂'], []]) {
      const { bytes, giveBack } = spare.lend(parts);
      expect(text(bytes)).toBe(parts.join(''));
      giveBack();
    }
  });

  it('gives one answer the memory of another only once that was given back', () => {
    const spare = new SpareBytes();
    const texts = ['first', 'other', 'third'];
    const lent = texts.map((part) => spare.lend([part]));
    expect(lent.map(({ bytes }) => text(bytes))).toEqual(texts);
    for (const { giveBack } of lent) giveBack();
    const { bytes } = spare.lend(['next']);
    expect(lent.some((former) => former.bytes.buffer === bytes.buffer)).toBe(true);
  });
});

import { describe, expect, it } from 'vitest';
import { firstError } from '../../src/base/errors.ts';
import { withFinally, withFinallySync } from '../../src/base/finally.ts';

const fail = (message: string) => {
  throw new Error(message);
};

describe('the first error', () => {
  it('stays where putting away fails too', async () => {
    await expect(
      withFinally(
        async () => fail('first'),
        async () => fail('second'),
      ),
    ).rejects.toThrow('first');
    expect(() =>
      withFinallySync(
        () => fail('first'),
        () => fail('second'),
      ),
    ).toThrow('first');
  });

  it('is that of putting away where the work is done', async () => {
    await expect(
      withFinally(
        async () => 1,
        async () => fail('second'),
      ),
    ).rejects.toThrow('second');
    expect(withFinallySync(() => 1, Boolean)).toBe(1);
  });

  it('is found in what `using` makes of several', () => {
    const failing = (): void => {
      using _outer = { [Symbol.dispose]: () => fail('third') };
      using _inner = { [Symbol.dispose]: () => fail('second') };
      fail('first');
    };
    let thrown: unknown;
    try {
      failing();
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toHaveProperty('name', 'SuppressedError');
    expect(firstError(thrown)).toMatchObject({ message: 'first' });
  });
});

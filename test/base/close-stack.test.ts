import { describe, expect, it } from 'vitest';
import { CloseStack } from '../../src/base/close-stack.ts';

/** A part that notes its closing, and fails of it where it is told to. */
function noting(closed: string[]) {
  return (name: string, error?: Error): AsyncDisposable => ({
    async [Symbol.asyncDispose]() {
      closed.push(name);
      if (error !== undefined) throw error;
    },
  });
}

describe('what was opened', () => {
  it('is closed in the reverse order, and once', async () => {
    const closed: string[] = [];
    const part = noting(closed);
    const opened = new CloseStack();
    const session = part('session');
    expect(opened.use(session)).toBe(session);
    opened.defer(() => closed.push('calls'));
    opened.use(part('mirror'));
    await opened[Symbol.asyncDispose]();
    await opened[Symbol.asyncDispose]();
    expect(closed).toEqual(['mirror', 'calls', 'session']);
  });

  it('is closed whatever one of them says, and the first error is told', async () => {
    const closed: string[] = [];
    const part = noting(closed);
    const opened = new CloseStack();
    opened.use(part('a', new Error('second')));
    opened.use(part('b', new Error('first')));
    opened.use(part('c'));
    await expect(opened[Symbol.asyncDispose]()).rejects.toThrow('first');
    expect(closed).toEqual(['c', 'b', 'a']);
  });

  it('may be closed before the others, and is closed by them no second time', async () => {
    const closed: string[] = [];
    const opened = new CloseStack();
    const same = () => closed.push('same');
    opened.use(noting(closed)('other'));
    const closeFirst = opened.defer(same);
    opened.defer(same);
    await closeFirst();
    await closeFirst();
    expect(closed).toEqual(['same']);
    await opened[Symbol.asyncDispose]();
    expect(closed).toEqual(['same', 'same', 'other']);
  });

  it('is closed where the rest cannot be opened, whose error stays', async () => {
    const closed: string[] = [];
    const part = noting(closed);
    await expect(
      CloseStack.opening(async (opened) => {
        opened.use(part('session'));
        opened.use(part('mirror', new Error('second')));
        throw new Error('first');
      }),
    ).rejects.toThrow('first');
    expect(closed).toEqual(['mirror', 'session']);
  });

  it('stays open where all of it could be', async () => {
    const closed: string[] = [];
    const opened = await CloseStack.opening(async (stack) => {
      stack.use(noting(closed)('session'));
      return stack;
    });
    expect(closed).toEqual([]);
    await opened[Symbol.asyncDispose]();
    expect(closed).toEqual(['session']);
  });
});

import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { SendWidth } from '../../src/sync/push/progress/send-width.ts';
import { sideBySide } from '../../src/sync/push/send/side-by-side.ts';

const piece = (name: string, ...locks: string[]) => ({ name, locks: new Set(locks) });

async function* pagesOf(pages: ReturnType<typeof piece>[][], ended: string[]) {
  for (const pieces of pages)
    yield { pieces, onEnd: () => void ended.push(pieces.map(({ name }) => name).join('')) };
}

/** Does the pieces, each of which ends when it is told to; what is under way is in `inside`. */
async function started(
  pieces: ReturnType<typeof piece>[] | ReturnType<typeof piece>[][],
  width: () => number,
  isOver = () => false,
) {
  const inside = new Map<string, { release: () => void; end: () => void; fail: (error: Error) => void }>();
  const ended: string[] = [];
  const pages = (Array.isArray(pieces[0]) ? pieces : [pieces]) as ReturnType<typeof piece>[][];
  const done = sideBySide(
    pagesOf(pages, ended),
    ({ name }, release) =>
      new Promise<void>((resolve, reject) => {
        const leave = () => inside.delete(name);
        inside.set(name, {
          release,
          end: () => {
            leave();
            resolve();
          },
          fail: (error) => {
            leave();
            reject(error);
          },
        });
      }),
    { width, isOver },
  );
  const names = async () => {
    await turn();
    return [...inside.keys()].join(' ');
  };
  await turn();
  return { inside, ended, done, names };
}

describe('pieces of work side by side', () => {
  it('go no wider than they may at the moment, and in their order', async () => {
    let width = 1;
    const { inside, done, names } = await started(
      ['a', 'b', 'c', 'd', 'e'].map((name) => piece(name)),
      () => width,
    );
    expect(await names()).toBe('a');
    width = 3;
    inside.get('a')?.end();
    expect(await names()).toBe('b c d');
    width = 1;
    inside.get('c')?.end();
    expect(await names()).toBe('b d');
    inside.get('b')?.end();
    expect(await names()).toBe('d');
    inside.get('d')?.end();
    expect(await names()).toBe('e');
    inside.get('e')?.end();
    await done;
  });

  it('wait for every earlier one that shares a lock, and let others pass', async () => {
    const pieces = [piece('a', 'x'), piece('b', 'x', 'y'), piece('c', 'y'), piece('d', 'z'), piece('e', 'x')];
    const { inside, done, names } = await started(pieces, () => 5);
    expect(await names()).toBe('a d');
    inside.get('a')?.end();
    expect(await names()).toBe('d b');
    inside.get('b')?.end();
    expect(await names()).toBe('d c e');
    for (const { end } of [...inside.values()]) end();
    await done;
  });

  it('of the next page begin beside the last ones of a page, behind what they share a lock with', async () => {
    const pages = [[piece('a', 'x'), piece('b')], [piece('c', 'x'), piece('d')], [piece('e')], [piece('f')]];
    const { inside, ended, done, names } = await started(pages, () => 3);
    expect(await names()).toBe('a b d');
    inside.get('b')?.end();
    expect(await names()).toBe('a d e');
    expect(ended).toEqual([]);
    inside.get('d')?.end();
    // Three pages are not done yet: the fourth is not asked for.
    expect(await names()).toBe('a e');
    inside.get('e')?.end();
    expect(await names()).toBe('a f');
    expect(ended).toEqual(['e']);
    inside.get('a')?.end();
    expect(await names()).toBe('f c');
    inside.get('c')?.end();
    inside.get('f')?.end();
    await done;
    expect(ended).toEqual(['e', 'ab', 'cd', 'f']);
  });

  it('give up their place before their end, but not their locks', async () => {
    const { inside, done, names } = await started([piece('a', 'x'), piece('b', 'x'), piece('c')], () => 1);
    expect(await names()).toBe('a');
    inside.get('a')?.release();
    expect(await names()).toBe('a c');
    inside.get('c')?.end();
    expect(await names()).toBe('a');
    inside.get('a')?.end();
    expect(await names()).toBe('b');
    inside.get('b')?.end();
    await done;
  });

  it('begin no more once the next page cannot be read, and end when all that were begun have', async () => {
    const broken = async function* () {
      yield { pieces: [piece('a')], onEnd: () => {} };
      throw new Error('unreadable');
    };
    const { promise, resolve } = Promise.withResolvers<void>();
    const done = sideBySide(broken(), () => promise, { width: () => 2, isOver: () => false });
    const failed = expect(done).rejects.toThrow('unreadable');
    await turn();
    resolve();
    await failed;
  });

  it('begin no more once one has failed, and end when all that were begun have', async () => {
    const { inside, done, names } = await started(
      ['a', 'b', 'c'].map((name) => piece(name)),
      () => 2,
    );
    let isDone = false;
    const failed = expect(done).rejects.toThrow('first');
    void done
      .catch(() => {})
      .finally(() => {
        isDone = true;
      });
    inside.get('a')?.fail(new Error('first'));
    expect(await names()).toBe('b');
    expect(isDone).toBe(false);
    inside.get('b')?.end();
    expect(await names()).toBe('');
    await failed;
  });

  it('begin no more once it is over', async () => {
    let isOver = false;
    const { inside, done, names } = await started(
      ['a', 'b'].map((name) => piece(name)),
      () => 1,
      () => isOver,
    );
    isOver = true;
    inside.get('a')?.end();
    expect(await names()).toBe('');
    await done;
  });
});

describe('how many requests are sent at once', () => {
  const { signal } = new AbortController();
  async function good(width: SendWidth, times: number): Promise<number> {
    for (let i = 0; i < times; i++) (await width.enter(signal))('good');
    return width.current;
  }

  it('is eight from the beginning', async () => {
    const width = new SendWidth();
    expect(width.current).toBe(8);
    expect(await good(width, 10)).toBe(8);
  });

  it('is one, where it begins alone, until an answer has come that is good, and eight from then on', async () => {
    const width = new SendWidth();
    width.beginAlone();
    expect(width.current).toBe(1);
    (await width.enter(signal))('other');
    expect(width.current).toBe(1);
    expect(await good(width, 1)).toBe(8);
    expect(await good(width, 9)).toBe(8);
    width.beginAlone();
    expect(width.current).toBe(8);
  });

  it('halves once for all that the org had too much of at a time, and climbs back slowly', async () => {
    const width = new SendWidth();
    await good(width, 9);
    const leaves = await Promise.all([1, 2, 3, 4].map(() => width.enter(signal)));
    for (const leave of leaves) leave('crowded');
    expect(width.current).toBe(4);
    expect(await good(width, 9)).toBe(4);
    expect(await good(width, 1)).toBe(5);
    (await width.enter(signal))('crowded');
    expect(width.current).toBe(2);
  });

  it('is one after a lost answer, and what waits for a place goes alone', async () => {
    const width = new SendWidth();
    await good(width, 9);
    const [first, second] = await Promise.all([width.enter(signal), width.enter(signal)]);
    first('lost');
    expect(width.current).toBe(1);
    let isInside = false;
    const third = width.enter(signal).then((leave) => {
      isInside = true;
      return leave;
    });
    await turn();
    expect(isInside).toBe(false);
    second('good');
    (await third)('good');
    expect(width.current).toBe(1);
  });
});

import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import type { App } from '../../src/contract/app.ts';
import { Calls } from '../../src/library/calls.ts';

/** An application of which it is seen when it is put away. */
function opened() {
  const told: string[] = [];
  const app = { [Symbol.asyncDispose]: async () => void told.push('closed') } as unknown as App;
  return { calls: new Calls(app), told };
}

const untilAborted = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });

async function all<T>(records: AsyncIterable<T>): Promise<T[]> {
  const read: T[] = [];
  for await (const record of records) read.push(record);
  return read;
}

describe('a call of the library', () => {
  it('takes whatever its signal is aborted with for an abort', async () => {
    const { calls } = opened();
    for (const reason of [undefined, 'enough', new DOMException('late', 'TimeoutError')]) {
      const end = new AbortController();
      const called = calls.call({ signal: end.signal }, (_, { signal }) => untilAborted(signal));
      end.abort(reason);
      await expect(called).rejects.toMatchObject({ name: 'AbortError' });
    }
  });

  it('does not begin where its signal has aborted before', async () => {
    const { calls, told } = opened();
    const called = calls.call({ signal: AbortSignal.abort() }, async () => told.push('begun'));
    await expect(called).rejects.toMatchObject({ name: 'AbortError' });
    expect(told).toEqual([]);
  });

  it('leaves no listener at a signal that outlives it', async () => {
    const { calls } = opened();
    const { signal } = new AbortController();
    for (let n = 0; n < 5; n++) await calls.call({ signal }, async () => n);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });
});

describe('closing', () => {
  it('ends calls under way and waits for them before the application is put away', async () => {
    const { calls, told } = opened();
    const called = calls.call({}, async (_, { signal }) => {
      await untilAborted(signal).catch(() => {});
      await new Promise((resolve) => setImmediate(resolve));
      told.push('ended');
    });
    await Promise.all([calls.close(), calls.close(), called]);
    expect(told).toEqual(['ended', 'closed']);
  });

  it('ends what goes on behind a result', async () => {
    const { calls } = opened();
    const signal = await calls.call({}, async (_, context) => context.signal);
    await calls.close();
    expect(signal.aborted).toBe(true);
  });

  it('ends what is still read first, and refuses to read on or to call again', async () => {
    const { calls, told } = opened();
    const batches = (async function* () {
      try {
        yield [1, 2];
        yield [3];
      } finally {
        told.push('read');
      }
    })();
    const items = calls.stream(batches, (n) => n * 10, undefined)[Symbol.asyncIterator]();
    expect(await items.next()).toEqual({ done: false, value: 10 });
    await calls.close();
    expect(told).toEqual(['read', 'closed']);
    await expect(items.next()).rejects.toMatchObject({ message: 'This application is closed.' });
    await expect(calls.call({}, async () => 1)).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message: 'This application is closed.',
    });
  });

  it('ends reading that was never begun', async () => {
    const { calls, told } = opened();
    const records = calls.stream((async function* () {})(), (n) => n, undefined);
    await calls.close();
    expect(told).toEqual(['closed']);
    await expect(all(records)).rejects.toMatchObject({ message: 'This application is closed.' });
  });
});

describe('records that are read once', () => {
  const three = async function* () {
    yield [1, 2];
    yield [3];
  };

  it('are whole the first time, and are not taken for none the second', async () => {
    const { calls } = opened();
    const records = calls.stream(three(), (n) => n, undefined);
    expect(await all(records)).toEqual([1, 2, 3]);
    await expect(all(records)).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message: expect.stringContaining('are read once'),
      hint: expect.stringContaining('Call the method again'),
    });
  });

  it('are not shared between two loops, nor read on after one that was left', async () => {
    const { calls } = opened();
    const records = calls.stream(three(), (n) => n, undefined);
    for await (const first of records) {
      expect(first).toBe(1);
      await expect(all(records)).rejects.toMatchObject({ code: 'INVALID_INPUT' });
      break;
    }
    await expect(all(records)).rejects.toMatchObject({ code: 'INVALID_INPUT' });
  });
});

it('reading ends with its signal', async () => {
  const { calls } = opened();
  const end = new AbortController();
  const read = async () => {
    const batches = (async function* () {
      yield [1, 2, 3];
    })();
    for await (const _ of calls.stream(batches, (n) => n, end.signal)) end.abort('enough');
  };
  await expect(read()).rejects.toMatchObject({ name: 'AbortError' });
});

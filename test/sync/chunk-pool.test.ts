import { describe, expect, it } from 'vitest';
import type { Chunk } from '../../src/sync/backfill/chunk.ts';
import { runChunks } from '../../src/sync/backfill/chunk-pool.ts';

const chunk = (id: number): Chunk => ({
  id,
  runId: 'r',
  kind: 'rest-span',
  spec: { lower: null, upper: null, expected: 1 },
  position: null,
  state: 'pending',
  rows: 0,
});
const endless = { isOver: () => false };
const never = new AbortController().signal;
const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('runChunks', () => {
  it('works on every chunk once, those handed in meanwhile included, never more at a time than workers', async () => {
    const done: number[] = [];
    let active = 0;
    let most = 0;
    await runChunks({
      ...endless,
      chunks: [1, 2, 3, 4, 5].map(chunk),
      workers: 2,
      signal: never,
      async work({ id }, pool) {
        most = Math.max(most, ++active);
        await turn();
        if (id < 3) pool.add([chunk(id * 10)]);
        done.push(id);
        active--;
      },
    });
    expect(done.sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 10, 20]);
    expect(most).toBe(2);
  });

  it('wakes idle workers for chunks that come late', async () => {
    const seen: number[] = [];
    let bothAtWork = false;
    let active = 0;
    await runChunks({
      ...endless,
      chunks: [chunk(1)],
      workers: 3,
      signal: never,
      async work({ id }, pool) {
        active++;
        if (id === 1) {
          while (pool.idle < 2) await turn();
          pool.add([chunk(2), chunk(3)]);
        }
        await turn();
        await turn();
        bothAtWork ||= active >= 2;
        active--;
        seen.push(id);
      },
    });
    expect(seen.sort()).toEqual([1, 2, 3]);
    expect(bothAtWork).toBe(true);
  });

  it('stops the others at the first failure and throws that one', async () => {
    const started: number[] = [];
    let otherAborted = false;
    const work = runChunks({
      ...endless,
      chunks: [1, 2, 3, 4].map(chunk),
      workers: 2,
      signal: never,
      async work({ id }, pool) {
        started.push(id);
        if (id === 1) throw new Error('first');
        await new Promise<void>((resolve) => pool.signal.addEventListener('abort', () => resolve()));
        otherAborted = true;
        throw new Error('second');
      },
    });
    await expect(work).rejects.toThrow('first');
    expect(otherAborted).toBe(true);
    expect(started).toEqual([1, 2]);
  });

  it("ends with the caller's abort", async () => {
    const stop = new AbortController();
    const work = runChunks({
      ...endless,
      chunks: [chunk(1)],
      workers: 2,
      signal: stop.signal,
      async work(_, pool) {
        stop.abort();
        pool.signal.throwIfAborted();
      },
    });
    await expect(work).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('begins no further chunk when the time is over, and leaves nobody asleep', async () => {
    const done: number[] = [];
    let over = false;
    await runChunks({
      chunks: [1, 2, 3].map(chunk),
      workers: 4,
      isOver: () => over,
      signal: never,
      async work({ id }, pool) {
        await turn();
        over = true;
        pool.add([chunk(id * 10)]);
        done.push(id);
      },
    });
    expect(done).toEqual([1, 2, 3]);
  });
});

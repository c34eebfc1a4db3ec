import { setImmediate } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { Semaphore } from '../../../src/base/semaphore.ts';
import type { MirrorCalls } from '../../../src/store/sqlite/writer/protocol.ts';
import { type PageRoute, sendPage } from '../../../src/store/sqlite/writer/send-page.ts';
import type { PageBody } from '../../../src/sync/ports/page.ts';
import { type Blocks, csvPage, epoch } from './pages.ts';

const blockBytes = 1_000;

/** A writer thread that parses a block only when it is told to. */
function heldWriter() {
  const held: { page: number; size: number; resolve(): void; reject(error: Error): void }[] = [];
  const calls: string[] = [];
  const call = (_mirror: string, name: keyof MirrorCalls, args: unknown[]): Promise<unknown> => {
    calls.push(name);
    if (name !== 'addBlock') return Promise.resolve();
    const [page, block] = args as [number, Uint8Array];
    const size = block.byteLength;
    return new Promise<void>((resolve, reject) => held.push({ page, size, resolve, reject }));
  };
  return { held, calls, client: { call } as unknown as PageRoute['client'] };
}

/** An endless stream that counts what was asked of it. */
function endless() {
  const state = { given: 0, left: false };
  async function* blocks(): Blocks {
    try {
      for (;;) {
        state.given++;
        yield new Uint8Array(blockBytes);
      }
    } finally {
      state.left = true;
    }
  }
  return { state, body: csvPage([], [], epoch, { blocks: blocks() }) satisfies PageBody };
}

async function untilQuiet(): Promise<void> {
  for (let i = 0; i < 50; i++) await setImmediate();
}

describe('back-pressure', () => {
  test('streams are read only as far as the budget goes, however many there are, and each gets its turn', async () => {
    const writer = heldWriter();
    const budget = new Semaphore(8 * blockBytes);
    const controller = new AbortController();
    const streams = Array.from({ length: 20 }, endless);
    const sent = streams.map(({ body }, page) =>
      sendPage(
        body,
        { client: writer.client, budget, mirror: 'm', object: 'Contact', page, ready: async () => {} },
        controller.signal,
      ).catch((error: unknown) => error),
    );
    await untilQuiet();
    expect(writer.held.reduce((sum, { size }) => sum + size, 0)).toBe(8 * blockBytes);
    // Each stream holds one block at most that has no room yet.
    const given = () => streams.reduce((sum, { state }) => sum + state.given, 0);
    expect(given()).toBeLessThanOrEqual(8 + streams.length);
    const served = new Set<number>();
    for (let n = 0; n < 60; n++) {
      const block = writer.held.shift();
      served.add(block!.page);
      block!.resolve();
      await untilQuiet();
      expect(writer.held.length).toBe(8);
    }
    expect(served.size).toBe(streams.length);
    controller.abort();
    for (const error of await Promise.all(sent)) expect(error).toMatchObject({ name: 'AbortError' });
    for (const block of writer.held.splice(0)) block.resolve();
    await untilQuiet();
    expect(streams.every(({ state }) => state.left)).toBe(true);
    // Nothing of the budget is lost to pages that were aborted while they waited.
    await Promise.all(Array.from({ length: 8 }, () => budget.enter({ weight: blockBytes })));
  });

  // The place is given some turns of the event loop's microtasks before the page that waited for it hears of it.
  test.each([0, 1, 2, 3, 4, 5, 6, 7])(
    'a place that is given while its page ends is given back: %i microtasks apart',
    async (apart) => {
      const writer = heldWriter();
      const budget = new Semaphore(blockBytes);
      const send = (page: number, signal?: AbortSignal) => {
        const route = {
          client: writer.client,
          budget,
          mirror: 'm',
          object: 'Contact',
          page,
          ready: async () => {},
        };
        return sendPage(endless().body, route, signal).catch((error: unknown) => error);
      };
      const first = new AbortController();
      const second = new AbortController();
      const sent = [send(1, first.signal), send(2, second.signal)];
      await untilQuiet();
      first.abort();
      await untilQuiet();
      expect(writer.held).toHaveLength(1);
      writer.held.shift()!.resolve();
      for (let n = 0; n < apart; n++) await undefined;
      second.abort();
      for (const error of await Promise.all(sent)) expect(error).toMatchObject({ name: 'AbortError' });
      await untilQuiet();
      for (const block of writer.held.splice(0)) block.resolve();
      await untilQuiet();
      expect(budget.inside).toBe(0);
    },
  );

  test('a block that cannot be parsed ends its page and leaves its stream', async () => {
    const writer = heldWriter();
    const { state, body } = endless();
    const budget = new Semaphore(3 * blockBytes);
    const sent = sendPage(body, {
      client: writer.client,
      budget,
      mirror: 'm',
      object: 'Contact',
      page: 1,
      ready: async () => {},
    });
    await untilQuiet();
    writer.held[0]!.reject(new Error('broken'));
    writer.held.slice(1).forEach(({ resolve }) => {
      resolve();
    });
    await expect(sent).rejects.toThrow('broken');
    await untilQuiet();
    expect(state.left).toBe(true);
    expect(writer.calls).toEqual(['beginPage', 'addBlock', 'addBlock', 'addBlock']);
  });
});

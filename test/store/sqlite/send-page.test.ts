import { EventEmitter } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import type { WriterAnswer, WriterRequest } from '../../../src/store/sqlite/writer/protocol.ts';
import { type PageRoute, sendPage } from '../../../src/store/sqlite/writer/send-page.ts';
import { WriterClient } from '../../../src/store/sqlite/writer/writer-client.ts';
import type { PageBody } from '../../../src/sync/ports/page.ts';
import { type Blocks, csvPage, epoch } from './pages.ts';

const blockBytes = 1_000;

/** A client whose thread reads a block only when it is told to, and that lets so many blocks be under way. */
function heldWriter(blocks: number) {
  const held: { page: number; size: number; resolve(): void; reject(error: Error): void }[] = [];
  const calls: string[] = [];
  const thread = new EventEmitter();
  const answer = (message: WriterAnswer) => thread.emit('message', message);
  const postMessage = ({ id, ...request }: WriterRequest) => {
    calls.push(request.call);
    const resolve = () => void answer({ id, value: undefined });
    if (request.call !== 'addBlock') return void queueMicrotask(resolve);
    const [page, { byteLength: size }] = request.args;
    const fault = { code: null, hint: undefined, details: undefined };
    const reject = ({ message }: Error) => void answer({ id, fault: { ...fault, message } });
    held.push({ page, size, resolve, reject });
  };
  const client = new WriterClient({
    start: () => Object.assign(thread, { postMessage, ref() {}, unref() {} }) as unknown as Worker,
    bytesUnderWay: blocks * blockBytes,
  });
  const route = (page: number): PageRoute => ({
    client,
    mirror: 'm',
    object: 'Contact',
    page,
    ready: async () => {},
  });
  return { held, calls, route };
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

/** How many blocks of another page get to the thread, which reads none of them. */
async function takenByAnother({ held, route }: ReturnType<typeof heldWriter>): Promise<number> {
  const end = new AbortController();
  const before = held.length;
  const sent = sendPage(endless().body, route(99), end.signal).catch(() => {});
  await untilQuiet();
  const taken = held.length - before;
  end.abort();
  await sent;
  return taken;
}

describe('back-pressure', () => {
  test('streams are read only as far as the budget goes, however many there are, and each gets its turn', async () => {
    const writer = heldWriter(8);
    const controller = new AbortController();
    const streams = Array.from({ length: 20 }, endless);
    const sent = streams.map(({ body }, page) =>
      sendPage(body, writer.route(page), controller.signal).catch((error: unknown) => error),
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
    expect(await takenByAnother(writer)).toBe(8);
  });

  // The place is given some turns of the event loop's microtasks before the page that waited for it hears of it.
  test.each([0, 1, 2, 3, 4, 5, 6, 7])(
    'a place that is given while its page ends is given back: %i microtasks apart',
    async (apart) => {
      const writer = heldWriter(1);
      const send = (page: number, signal: AbortSignal) =>
        sendPage(endless().body, writer.route(page), signal).catch((error: unknown) => error);
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
      expect(await takenByAnother(writer)).toBe(1);
    },
  );

  test('a block that cannot be parsed ends its page and leaves its stream', async () => {
    const writer = heldWriter(3);
    const { state, body } = endless();
    const sent = sendPage(body, writer.route(1));
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

import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { expect, it, vi } from 'vitest';
import { startInlineWriter } from '../../../src/store/sqlite/writer/inline-writer.ts';
import { MirrorWriter } from '../../../src/store/sqlite/writer/mirror-writer.ts';
import { WriterClient } from '../../../src/store/sqlite/writer/writer-client.ts';

/** A thread that answers each request with its call's name. */
function answering(): Worker {
  const code = `require('node:worker_threads').parentPort.on('message', (request) => {
    if (request.call === undefined) process.exit();
    require('node:worker_threads').parentPort.postMessage({ id: request.id, value: request.call });
  })`;
  return new Worker(code, { eval: true });
}

it('a writer that is started ahead is the one that the first call is made to, and keeps no process from its end', async () => {
  const started: Worker[] = [];
  const client = new WriterClient({
    start: () => {
      const worker = answering();
      started.push(worker);
      return worker;
    },
  });
  client.start();
  client.start();
  expect(started).toHaveLength(1);
  const handles = () => process.getActiveResourcesInfo().filter((name) => name === 'MessagePort').length;
  await once(started[0]!, 'online');
  const idle = handles();
  const call = client.open('one', '/nowhere', false);
  expect(handles()).toBe(idle + 1);
  await call;
  expect(handles()).toBe(idle);
  expect(started).toHaveLength(1);
  await client.stop();
  client.start();
  expect(started).toHaveLength(1);
});

it('a thread that takes over lets what is under way end, and begins with what is asked from then on', async () => {
  let threads = 0;
  const client = new WriterClient({
    inline: startInlineWriter,
    start: () => {
      threads++;
      return answering();
    },
  });
  const folder = mkdtempSync(join(tmpdir(), 'parahack-writer-'));
  const under = client.open('one', join(folder, 'one.db'), true);
  const taking = client.moveToThread();
  const behind = client.open('one', join(folder, 'one.db'), true);
  // What works inline opens it and says nothing; this thread answers with the call's name.
  expect(await Promise.all([under, taking])).toEqual([undefined, undefined]);
  await behind;
  expect([threads, client.deaths]).toEqual([1, 1]);
  expect(existsSync(join(folder, 'one.db'))).toBe(true);
  await client.stop();
  rmSync(folder, { recursive: true });
});

it('an inline writer that fails at its end dies as a thread would, and not the process', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'parahack-writer-'));
  const client = new WriterClient({ inline: startInlineWriter });
  await client.open('one', join(folder, 'one.db'), true);
  const close = vi.spyOn(MirrorWriter.prototype, 'close').mockImplementationOnce(() => {
    throw new Error('The file cannot be closed.');
  });
  await client.stop();
  expect(close).toHaveBeenCalledOnce();
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

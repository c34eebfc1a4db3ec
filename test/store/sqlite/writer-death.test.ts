import { Worker } from 'node:worker_threads';
import { afterEach, expect, test, vi } from 'vitest';
import { describeOf } from './contact-fields.ts';
import { csvOf, csvPage } from './pages.ts';
import { openTempMirror } from './temp-mirrors.ts';

const fields = ['Id', 'SystemModstamp'];
const rows = [{ Id: '003000000000001AAA', SystemModstamp: '2026-01-31T12:00:00.000Z' }];
const readAt = Date.UTC(2026, 0, 31, 12);

afterEach(() => vi.restoreAllMocks());

/** The thread that was written to last, as nothing else hands it out. */
function watchThreads(): () => Worker {
  const post = vi.spyOn(Worker.prototype, 'postMessage');
  return () => post.mock.contexts.at(-1) as Worker;
}

test('a writer thread that dies is told to whoever waits, and the next write starts another', async () => {
  const thread = watchThreads();
  await using temp = await openTempMirror();
  const { mirror } = temp;
  await mirror.schema.applyDescribe(describeOf(), readAt);
  await mirror.commit({ page: csvPage(fields, rows, readAt) });

  // A page whose stream stands still in the middle.
  let begun = () => {};
  const standing = new Promise<void>((resolve) => {
    begun = resolve;
  });
  let kill = () => {};
  const dead = new Promise<void>((resolve) => {
    kill = resolve;
  });
  async function* stalled() {
    yield new Uint8Array(new TextEncoder().encode(csvOf(fields, rows)));
    begun();
    await dead;
    yield new Uint8Array(new TextEncoder().encode('\n'));
  }
  const page = mirror.commit({ page: { ...csvPage(fields, rows, readAt + 1), blocks: stalled() } });
  page.catch(() => {});
  await standing;
  const run = mirror.journal.startRun('cycle', readAt, {});
  run.catch(() => {});
  await thread().terminate();
  kill();
  // By the old thread's end, or by the new one that knows nothing of the page: it is not stored either way.
  await expect(page).rejects.toMatchObject({ code: 'MIRROR_FAILED' });

  const id = await mirror.journal.startRun('cycle', readAt, {});
  await mirror.commit({ page: csvPage(fields, rows, readAt + 2) });
  expect((await mirror.journal.run(id))?.status).toBe('running');
  expect(await mirror.contacts.counts()).toEqual({ contacts: 1, deleted: 0 });
});

import { Worker } from 'node:worker_threads';
import { afterEach, expect, it, vi } from 'vitest';
import { committed, some } from '../../contract/staging-records.ts';
import { describeOf } from './contact-fields.ts';
import { csvPage, epoch } from './pages.ts';
import { openTempMirror } from './temp-mirrors.ts';

afterEach(() => vi.restoreAllMocks());

const names = ['Id', 'SystemModstamp'];
const page = (n: number) =>
  csvPage(names, [{ Id: `00300000000000${n}AAA`, SystemModstamp: '2026-01-31T12:00:00.000Z' }], epoch);

it('little is written without a thread', async () => {
  const post = vi.spyOn(Worker.prototype, 'postMessage');
  await using temp = await openTempMirror({ inlineWrites: true });
  await temp.mirror.schema.applyDescribe(describeOf(), epoch);
  await temp.mirror.commit({ page: page(1) });
  await using staging = await temp.mirror.outbox.openStaging();
  await committed(staging, some(10, 'create'));
  expect((await temp.mirror.outbox.counts()).pending).toBe(10);
  expect(temp.sql('SELECT Id FROM contact')).toHaveLength(1);
  expect(post).not.toHaveBeenCalled();
});

it('a push of very many goes on by a thread, with what was written before', async () => {
  const post = vi.spyOn(Worker.prototype, 'postMessage');
  await using temp = await openTempMirror({ inlineWrites: true });
  const { mirror } = temp;
  await mirror.schema.applyDescribe(describeOf(), epoch);
  await using staging = await mirror.outbox.openStaging();
  for (let from = 0; from < 20_000; from += 2_000) {
    expect(post).not.toHaveBeenCalled();
    await staging.add(some(2_000, 'create', from));
  }
  await committed(staging, []);
  expect(post).toHaveBeenCalled();
  await Promise.all([mirror.commit({ page: page(1) }), mirror.commit({ page: page(2) })]);
  expect((await mirror.outbox.counts()).pending).toBe(20_000);
  expect(temp.sql('SELECT Id FROM contact')).toHaveLength(2);
});

it('what is asked for while a thread takes over is written, in its order', async () => {
  await using temp = await openTempMirror({ inlineWrites: true });
  const { mirror } = temp;
  await mirror.schema.applyDescribe(describeOf(), epoch);
  await using staging = await mirror.outbox.openStaging();
  const noted = (at: number) =>
    mirror.setIdentity({ orgId: '00D000000000001AAA', userId: '005000000000001AAA', instanceUrl: `${at}` });
  const before = [1, 2, 3].map(noted);
  const adding = staging.add(some(20_000, 'create'));
  const behind = [4, 5, 6].map(noted);
  await Promise.all([...before, adding, ...behind]);
  expect((await mirror.identity())?.instanceUrl).toBe('6');
});

it('leaves other things their turn between two writes', async () => {
  await using temp = await openTempMirror({ inlineWrites: true });
  await temp.mirror.schema.applyDescribe(describeOf(), epoch);
  const order: string[] = [];
  const timer = setInterval(() => order.push('other'), 1);
  for (let n = 0; n < 20; n++) {
    await temp.mirror.commit({ page: page(n % 10) });
    order.push('write');
  }
  clearInterval(timer);
  expect(order.slice(1, -1)).toContain('other');
});

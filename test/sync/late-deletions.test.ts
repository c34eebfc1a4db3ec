import { expect, it } from 'vitest';
import { runCycle } from '../../src/sync/cycle/cycle.ts';
import { reconcile } from '../../src/sync/reconcile/reconcile.ts';
import { control } from '../e2e/org.ts';
import { asked, copiedRig, goneOf, idsOf, sql } from './reconcile-rig.ts';
import type { Rig } from './rig.ts';

const minuteMs = 60_000;

/**
 * Deletions bear the time at which they were made and are seen from their commit on: these contacts are read once more in
 * between, and purged then. Answers the org's time of that reading, ms.
 */
async function readBetweenDeletionAndCommit(rig: Rig, ids: readonly string[]): Promise<number> {
  const { url } = rig.emulator;
  await control(url, 'touch', { ids, set: { Description: 'Read once more' } });
  await control(url, 'open-transaction', { delete: ids });
  rig.pass(2 * minuteMs);
  await runCycle(rig.context, { push: false, signal: rig.signal });
  const { nowMs } = (await (await fetch(`${url}/__emulator/clock`)).json()) as { nowMs: number };
  const read = sql(rig, "select Id from contacts where Description = 'Read once more'").flat();
  expect(read.toSorted()).toEqual(ids.toSorted());
  rig.pass(minuteMs);
  await control(url, 'commit', {});
  await control(url, 'purge', { ids });
  return nowMs;
}

async function reconciled(rig: Rig): Promise<Record<string, string>> {
  rig.pass(5 * minuteMs);
  const { status, error } = await reconcile(rig.context, asked(rig));
  expect({ status, error }).toEqual({ status: 'complete', error: null });
  return goneOf(rig);
}

it('what was read behind its deletion and before the commit is erased, though nothing is told of that minute', async () => {
  await using rig = await copiedRig(60);
  const ids = await idsOf(rig, 5);
  await readBetweenDeletionAndCommit(rig, ids);
  // No answer holds all the deletions of that minute.
  await control(rig.emulator.url, 'settings', { replicationIdLimit: 4 });
  expect(await reconciled(rig)).toEqual(Object.fromEntries(ids.map((id) => [id, 'purged'])));
});

it('so it is where the list of deletions was dropped up to that reading', async () => {
  await using rig = await copiedRig(60);
  const ids = await idsOf(rig, 2);
  const readAtMs = await readBetweenDeletionAndCommit(rig, ids);
  const before = new Date(readAtMs - minuteMs).toISOString();
  await control(rig.emulator.url, 'delete-log', { before });
  expect(await reconciled(rig)).toEqual(Object.fromEntries(ids.map((id) => [id, 'purged'])));
});

it('what sharing hides keeps its values where the whole list is told', async () => {
  await using rig = await copiedRig(60);
  const [hidden] = await idsOf(rig, 1);
  await control(rig.emulator.url, 'visibility', { ids: [hidden], hidden: true });
  expect(await reconciled(rig)).toEqual({ [hidden!]: 'hidden' });
});

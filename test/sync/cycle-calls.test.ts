import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { mirrorPath } from '../../src/store/sqlite/mirror-path.ts';
import { backfill } from '../../src/sync/backfill/backfill.ts';
import { runCycle } from '../../src/sync/cycle/cycle.ts';
import { calls, control, expectMirrorEqualsOrg } from '../e2e/org.ts';
import { openRig, type Rig } from './rig.ts';

const minute = 60_000;
const equal = (rig: Rig) =>
  expectMirrorEqualsOrg(mirrorPath(join(rig.folder, 'orgs'), rig.emulator.url), rig.emulator.url);
const cycle = (rig: Rig) => runCycle(rig.context, { push: false, signal: rig.signal });

async function copied(contacts: number): Promise<Rig> {
  const rig = await openRig({ contacts });
  expect((await backfill(rig.context, { signal: rig.signal })).error).toBeNull();
  return rig;
}

/** What a cycle asks Salesforce for, describe apart. */
async function askedBy(rig: Rig, work: () => Promise<unknown>): Promise<string[]> {
  const before = (await calls(rig.emulator.url)).length;
  await work();
  return (await calls(rig.emulator.url))
    .slice(before)
    .map(
      ({ method, path }) => `${method} ${path.replace(/^\/services\/data\/v[\d.]+/, '').replace(/\?.*/, '')}`,
    )
    .filter((call) => !call.endsWith('/describe'));
}

const idle = ['GET /sobjects/Contact/updated', 'GET /sobjects/Contact/deleted'];
const standing = [idle[0], 'GET /query', idle[1]];

/** A transaction stays open, contacts change, and five minutes pass until each cycle, as often as `cycles` says. */
async function heldBack(rig: Rig, changed: number, cycles: number): Promise<string[][]> {
  const { url } = rig.emulator;
  rig.pass(5 * minute);
  await cycle(rig);
  await control(url, 'open-transaction', {});
  await control(url, 'touch', { count: changed, set: { Title: 'Held' } });
  const asked: string[][] = [];
  for (let n = 0; n < cycles; n++) {
    rig.pass(5 * minute);
    asked.push(await askedBy(rig, () => cycle(rig)));
  }
  return asked;
}

it('a cycle without news is two writes: that it began, and all the rest', async () => {
  await using rig = await copied(5);
  rig.pass(5 * minute);
  const { mirror } = rig.context;
  const writes: string[] = [];
  const { journal } = mirror;
  const [startRun, commit] = [journal.startRun.bind(journal), mirror.commit.bind(mirror)];
  journal.startRun = (...run) => {
    writes.push('run');
    return startRun(...run);
  };
  mirror.commit = (...batch) => {
    writes.push((batch[0].effects ?? []).map(({ kind }) => kind).join(' '));
    return commit(...batch);
  };
  const before = await mirror.journal.cursors();
  const { runId } = await cycle(rig);
  expect(writes).toEqual(['run', 'add-step move-cursors add-step move-cursors add-step end-run forget-runs']);
  const { updated, deleted } = await mirror.journal.cursors();
  expect([updated, deleted].every((at) => (at ?? 0) > (before.updated ?? 0))).toBe(true);
  expect((await mirror.journal.steps(runId)).map(({ name }) => name)).toEqual([
    'describe',
    'updated',
    'deleted',
  ]);
});

describe('the calls of a cycle', () => {
  it('are two where nothing happened, in the first cycle of a process too', async () => {
    await using rig = await copied(50);
    for (let n = 0; n < 3; n++) {
      rig.pass(5 * minute);
      expect(await askedBy(rig, () => cycle(rig))).toEqual(idle);
    }
    rig.pass(5 * minute);
    const { context, close } = await rig.anew();
    const asked = await askedBy(rig, () => runCycle(context, { push: false, signal: rig.signal }));
    await close();
    expect(asked).toEqual(idle);
  });

  it('are eight or fewer for 5,000 changed contacts', async () => {
    await using rig = await copied(6_000);
    const { url } = rig.emulator;
    rig.pass(5 * minute);
    await cycle(rig);
    await control(url, 'touch', { count: 5_000, set: { Title: 'Changed' } });
    rig.pass(5 * minute);
    const before = (await calls(url)).length;
    expect(await cycle(rig)).toMatchObject({ upserted: 5_000 });
    expect((await calls(url)).length - before).toBeLessThanOrEqual(8);
    await equal(rig);
  });

  it('are three while a transaction of six hours holds 10,000 changes back, and few when it ends', async () => {
    await using rig = await copied(10_500);
    const { url } = rig.emulator;
    const asked = await heldBack(rig, 10_000, 72);
    expect(asked[0]!.length).toBeLessThanOrEqual(8);
    for (const idleCycle of asked.slice(2)) expect(idleCycle).toEqual(standing);
    await control(url, 'commit');
    rig.pass(5 * minute);
    const last = await askedBy(rig, () => cycle(rig));
    // Each of the 10,000 is read once more before the cursor passes it.
    expect(last.filter((call) => call.includes('composite'))).toHaveLength(5);
    await equal(rig);
    rig.pass(5 * minute);
    expect(await askedBy(rig, () => cycle(rig))).toEqual(idle);
  });

  it('are three for 60,000 as well', async () => {
    await using rig = await copied(60_500);
    const asked = await heldBack(rig, 60_000, 4);
    for (const idleCycle of asked.slice(2)) expect(idleCycle).toEqual(standing);
    await equal(rig);
  });

  it('are one more, and those for the span that is passed, where coverage lags and moves on bit by bit', async () => {
    await using rig = await copied(7_000);
    const { url } = rig.emulator;
    await heldBack(rig, 5_000, 2);
    const { ids } = await control(url, 'touch', { count: 20, set: { Title: 'Between' } });
    // Stamped now and committed after the next look, with the first.
    await control(url, 'open-transaction', { touch: { ids: ids.slice(0, 10), set: { Title: 'Late' } } });
    rig.pass(5 * minute);
    expect(await cycle(rig)).toMatchObject({ upserted: 20 });
    await control(url, 'commit');
    await control(url, 'open-transaction', {});
    rig.pass(5 * minute);
    await control(url, 'touch', { count: 4_500, set: { Title: 'New' } });
    rig.pass(5 * minute);
    await cycle(rig);
    const { updated } = await rig.context.mirror.journal.cursors();
    rig.pass(5 * minute);
    await control(url, 'commit');
    await control(url, 'open-transaction', {});
    rig.pass(5 * minute);
    const asked = await askedBy(rig, () => cycle(rig));
    expect((await rig.context.mirror.journal.cursors()).updated).toBeGreaterThan(updated!);
    expect(asked.slice(0, 3)).toEqual([idle[0], 'GET /query', idle[0]]);
    await equal(rig);
  });

  it('are three while coverage stands still over contacts that were deleted and restored, who are asked for once', async () => {
    await using rig = await copied(800);
    const { url } = rig.emulator;
    rig.pass(5 * minute);
    await cycle(rig);
    await control(url, 'open-transaction', {});
    const { ids } = await control(url, 'delete', { count: 400 });
    rig.pass(minute);
    await control(url, 'undelete', { ids });
    rig.pass(5 * minute);
    expect((await askedBy(rig, () => cycle(rig))).filter((call) => call.includes('queryAll'))).toHaveLength(
      2,
    );
    for (let n = 0; n < 3; n++) {
      rig.pass(5 * minute);
      expect(await askedBy(rig, () => cycle(rig))).toEqual(standing);
    }
    // Another process goes on with what was settled.
    const { context, close } = await rig.anew();
    rig.pass(5 * minute);
    expect(await askedBy(rig, () => runCycle(context, { push: false, signal: rig.signal }))).toEqual(
      standing,
    );
    await close();
    // Deleted once more: that is another word.
    await control(url, 'delete', { ids: ids.slice(0, 3) });
    rig.pass(5 * minute);
    await cycle(rig);
    await equal(rig);
    await control(url, 'commit');
    rig.pass(5 * minute);
    await cycle(rig);
    await equal(rig);
    rig.pass(5 * minute);
    expect(await askedBy(rig, () => cycle(rig))).toEqual(idle);
  });
});

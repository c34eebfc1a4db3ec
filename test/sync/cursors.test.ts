import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { mirrorPath } from '../../src/store/sqlite/mirror-path.ts';
import { backfill } from '../../src/sync/backfill/backfill.ts';
import { runCycle } from '../../src/sync/cycle/cycle.ts';
import { control, expectMirrorEqualsOrg } from '../e2e/org.ts';
import { openRig, type Rig } from './rig.ts';

const minute = 60_000;
const equal = (rig: Rig) =>
  expectMirrorEqualsOrg(mirrorPath(join(rig.folder, 'orgs'), rig.emulator.url), rig.emulator.url);
const cycle = (rig: Rig) => runCycle(rig.context, { push: false, signal: rig.signal });

async function copied(contacts: number): Promise<Rig> {
  const rig = await openRig({ contacts });
  expect((await backfill(rig.context, { api: 'rest', signal: rig.signal })).error).toBeNull();
  return rig;
}

describe('the two cursors', () => {
  it('stand before a delete that is not committed, and bring it when it is', async () => {
    await using rig = await copied(20);
    const { url } = rig.emulator;
    await control(url, 'clock', { advanceMs: 3 * minute });
    await control(url, 'open-transaction', { delete: { count: 2 } });
    await control(url, 'clock', { advanceMs: 4 * minute });
    const held = await cycle(rig);
    const { deleted } = await rig.context.mirror.journal.cursors();
    expect(deleted).toBe(held.coveredUntil);
    await control(url, 'clock', { advanceMs: 4 * minute });
    await control(url, 'commit');
    expect((await cycle(rig)).deleted).toBe(2);
    await equal(rig);
  });

  it('move apart: what failed after the other had moved is asked for again', async () => {
    await using rig = await copied(20);
    const { url } = rig.emulator;
    await control(url, 'clock', { advanceMs: 3 * minute });
    await control(url, 'touch', { count: 3, set: { Title: 'Before' } });
    await control(url, 'delete', { count: 2 });
    await control(url, 'clock', { advanceMs: 3 * minute });
    const before = await rig.context.mirror.journal.cursors();
    await control(url, 'faults', [
      { match: 'GET .*/deleted', times: 50, status: 500, errorCode: 'UNKNOWN_EXCEPTION' },
    ]);
    await expect(cycle(rig)).rejects.toMatchObject({ code: 'ORG_UNAVAILABLE' });
    const after = await rig.context.mirror.journal.cursors();
    expect(after.updated).toBeGreaterThan(before.updated!);
    expect(after.deleted).toBe(before.deleted);
    await control(url, 'faults', []);
    await control(url, 'clock', { advanceMs: 3 * minute });
    expect((await cycle(rig)).deleted).toBe(2);
    await equal(rig);
  });

  it('move apart the other way round: a failed updated leaves its cursor before what it did not bring', async () => {
    await using rig = await copied(20);
    const { url } = rig.emulator;
    const { now } = await control<{ now: string }>(url, 'clock', { advanceMs: 3 * minute });
    await control(url, 'touch', { count: 3, set: { Title: 'Before' } });
    await control(url, 'delete', { count: 2 });
    await control(url, 'clock', { advanceMs: 3 * minute });
    await control(url, 'faults', [
      { match: 'POST .*/composite/sobjects/Contact', times: 50, status: 500, errorCode: 'UNKNOWN_EXCEPTION' },
    ]);
    await expect(cycle(rig)).rejects.toMatchObject({ code: 'ORG_UNAVAILABLE' });
    expect((await rig.context.mirror.journal.cursors()).updated).toBeLessThanOrEqual(Date.parse(now));
    await control(url, 'faults', []);
    expect((await cycle(rig)).upserted).toBe(3);
    await equal(rig);
  });

  it('stand before a crowded minute whose late commits are still out, and bring them', async () => {
    await using rig = await copied(60);
    const { url } = rig.emulator;
    await control(url, 'settings', { replicationIdLimit: 40 });
    await control(url, 'clock', { advanceMs: 3 * minute });
    await control(url, 'touch', { count: 50, set: { Title: 'Crowded' } });
    await control(url, 'open-transaction', { create: { count: 4, seed: 12 } });
    await control(url, 'clock', { advanceMs: 3 * minute });
    expect((await cycle(rig)).upserted).toBe(50);
    await control(url, 'commit');
    await control(url, 'clock', { advanceMs: 3 * minute });
    await cycle(rig);
    await equal(rig);
  });

  it('are left alone by a backfill over a mirror that has them', async () => {
    await using rig = await copied(20);
    const { url } = rig.emulator;
    await control(url, 'clock', { advanceMs: 5 * minute });
    const before = await rig.context.mirror.journal.cursors();
    await control(url, 'faults', [
      // T0 asks both calls once; then the cycle that closes the gap fails.
      { match: 'GET .*/(updated|deleted)', times: 2, delayMs: 0 },
      { match: 'GET .*/(updated|deleted)', times: 50, status: 500, errorCode: 'UNKNOWN_EXCEPTION' },
    ]);
    const report = await backfill(rig.context, { api: 'rest', signal: rig.signal });
    expect(report.error).not.toBeNull();
    expect(
      (await rig.context.mirror.journal.chunks(report.runId!)).every(({ state }) => state === 'done'),
    ).toBe(true);
    expect(await rig.context.mirror.journal.cursors()).toEqual(before);
  });
});

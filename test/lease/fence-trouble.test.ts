import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { openFileLeases } from '../../src/lease/file-leases.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'parahack-sync-fence-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const hourMs = 3_600_000;
const fenceFile = () => join(folder, 'watch.fence');

/** One taking, by a clock that is so far off. */
async function fenceAt(offMs: number, above = 0): Promise<number> {
  const clock = { ...systemClock, now: () => systemClock.now() + offMs };
  const lease = await openFileLeases(folder, { clock }).take('watch', { above });
  if (lease === null) throw new Error('It is taken.');
  await lease.release();
  return lease.fence;
}

const damages: Record<string, () => void> = {
  'is gone': () => rmSync(fenceFile()),
  'is empty': () => writeFileSync(fenceFile(), ''),
  'holds garbage': () => writeFileSync(fenceFile(), Buffer.from([0, 255, 10, 128])),
  'is half-written': () => writeFileSync(fenceFile(), readFileSync(fenceFile()).subarray(0, 7)),
  'holds a million digits': () => writeFileSync(fenceFile(), `${'9'.repeat(1_000_000)}\n`),
  'is a folder': () => {
    rmSync(fenceFile());
    mkdirSync(fenceFile());
  },
};

describe('where the file of the fence', () => {
  it('is whole, a clock that was set back by hours gives the next number', async () => {
    const first = await fenceAt(0);
    expect(await fenceAt(-5 * hourMs)).toBe(first + 1);
    expect(await fenceAt(-50 * hourMs)).toBe(first + 2);
  });

  it.each(Object.entries(damages))('%s, the clock gives one that is greater', async (_what, damage) => {
    const first = await fenceAt(0);
    damage();
    const second = await fenceAt(0);
    expect(second).toBeGreaterThan(first);
    expect(await fenceAt(0)).toBeGreaterThan(second);
  });

  it.each(Object.entries(damages).filter(([what]) => what !== 'is a folder'))(
    '%s and the clock was set back by hours, what the mirror has seen gives one that is greater',
    async (_what, damage) => {
      const first = await fenceAt(0);
      damage();
      expect(await fenceAt(-5 * hourMs, first)).toBe(first + 1);
      expect(await fenceAt(-5 * hourMs, first)).toBe(first + 2);
    },
  );

  it('is a folder and the clock was set back by hours, nothing is taken and the file is named', async () => {
    const first = await fenceAt(0);
    damages['is a folder']?.();
    await expect(fenceAt(-5 * hourMs, first)).rejects.toMatchObject({
      code: 'LOCKS_UNUSABLE',
      message: expect.stringContaining('watch.fence'),
    });
    // The refusal keeps nobody out.
    rmSync(fenceFile(), { recursive: true });
    expect(await fenceAt(-5 * hourMs, first)).toBe(first + 1);
  });
});

function taker(log: string, times: number): ChildProcess {
  const script = join(import.meta.dirname, 'take-often.ts');
  return spawn(process.execPath, [script, folder, 'watch', log, String(times)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

const fencesIn = (log: string) => readFileSync(log, 'utf8').split('\n').filter(Boolean).map(Number);

function expectStrictlyGrowing(fences: readonly number[]): void {
  expect(fences).toEqual([...new Set(fences)].sort((a, b) => a - b));
}

describe('the fences of many processes', () => {
  it('grow in the order of the takings', async () => {
    const log = join(folder, 'log');
    const takers = Array.from({ length: 8 }, () => taker(log, 25));
    const codes = await Promise.all(takers.map(async (child) => (await once(child, 'exit'))[0]));
    expect(codes).toEqual(Array(8).fill(0));
    const fences = fencesIn(log);
    expect(fences).toHaveLength(200);
    expectStrictlyGrowing(fences);
  });

  it('grow also where processes are killed at any moment of the taking', async () => {
    const log = join(folder, 'log');
    writeFileSync(log, '');
    for (let n = 0; n < 12; n++) {
      const pair = [taker(log, 1_000_000), taker(log, 1_000_000)];
      const ends = pair.map((child) => once(child, 'exit'));
      await Promise.all(pair.map((child) => once(child.stdout!, 'data')));
      await delay(20 + Math.random() * 30);
      for (const child of pair) child.kill('SIGKILL');
      await Promise.all(ends);
    }
    const fences = fencesIn(log);
    expect(fences.length).toBeGreaterThan(12);
    expectStrictlyGrowing(fences);
    // Nobody is kept out by what they left.
    expect(await fenceAt(0)).toBeGreaterThan(fences.at(-1) ?? Number.NaN);
  });
});

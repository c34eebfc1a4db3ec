import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Emulator, startEmulator } from '../../src/emulator/index.ts';
import { mirrorPath } from '../../src/store/sqlite/mirror-path.ts';
import { backfill } from '../../src/sync/backfill/backfill.ts';
import { control, expectMirrorEqualsOrg } from '../e2e/org.ts';
import { repeats } from '../support/deep.ts';
import fc from '../support/properties.ts';
import { connectParts } from './rig.ts';

/** 300 kills in the deep run, a tenth in the common one. */
const kills = repeats(30);
const child = new URL('./backfill-child.ts', import.meta.url).pathname;
let emulator: Emulator;

type Parts = Awaited<ReturnType<typeof connectParts>>['context'];

beforeAll(async () => {
  emulator = await startEmulator({ contacts: 1_200, dailyLimit: 10_000_000 });
  await control(emulator.url, 'settings', { maxPageRows: 60, bulkPageRows: 60, latencyMs: 2 });
});
afterAll(() => emulator.close());

/** Kills a backfill `afterMs` after it has stored something; answers whether it was still under way. */
async function killedBackfill(folder: string, api: string, afterMs: number): Promise<boolean> {
  const args = [child, emulator.url, emulator.accessToken, folder, api];
  const running = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const end = once(running, 'exit');
  await Promise.race([once(running.stdout, 'data'), end]);
  await delay(afterMs);
  running.kill('SIGKILL');
  const [code] = await end;
  return code === null;
}

describe('a backfill that is killed', () => {
  it(`goes on to a mirror that equals the org, ${kills} times at random instants, by both APIs`, async () => {
    let underWay = 0;
    await fc.assert(
      fc.asyncProperty(fc.constantFrom('rest', 'bulk'), fc.nat({ max: 250 }), async (api, afterMs) => {
        const folder = mkdtempSync(join(tmpdir(), 'parahack-sync-kill-'));
        try {
          if (await killedBackfill(folder, api, afterMs)) underWay++;
          const parts = await connectParts(emulator.url, emulator.accessToken, folder);
          const report = await backfill(parts.context, { signal: new AbortController().signal });
          const { duplicates } = await countDuplicates(parts.context);
          const inserted = await insertedByAll(parts.context);
          await parts.close();
          expect(report).toMatchObject({ status: 'complete', contacts: 1_200, error: null });
          // Where the kill came behind the end of the copy, the second one was a copy of its own.
          expect(inserted).toBe(1_200);
          expect(duplicates).toBe(0);
          await expectMirrorEqualsOrg(mirrorPath(join(folder, 'orgs'), emulator.url), emulator.url);
        } finally {
          rmSync(folder, { recursive: true, force: true });
        }
      }),
      { numRuns: kills },
    );
    // The test is worth something only where most kills fell into the middle.
    expect(underWay).toBeGreaterThan(kills / 2);
  }, 1_800_000);
});

/** Rows that the backfills of this mirror say to have inserted, taken together. */
async function insertedByAll({ mirror }: Parts): Promise<number> {
  const runs = await mirror.journal.runs({ kind: 'backfill' });
  return runs.reduce((sum, { counts }) => sum + (counts.inserted ?? 0), 0);
}

/** Rows that chunks claim beyond the contacts there are: a page stored twice for one chunk. */
async function countDuplicates({ mirror }: Parts) {
  const [run] = (await mirror.journal.runs({ kind: 'backfill', limit: 1 })).map(({ id }) => id);
  const chunks = await mirror.journal.chunks(run!);
  const rows = chunks.reduce((sum, chunk) => sum + chunk.rows, 0);
  return { duplicates: Math.max(0, rows - 1_200) };
}

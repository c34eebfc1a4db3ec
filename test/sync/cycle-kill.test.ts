import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { mirrorPath } from '../../src/store/sqlite/mirror-path.ts';
import { backfill } from '../../src/sync/backfill/backfill.ts';
import { runCycle } from '../../src/sync/cycle/cycle.ts';
import { control, expectMirrorEqualsOrg } from '../e2e/org.ts';
import { repeats } from '../support/deep.ts';
import fc from '../support/properties.ts';
import { killed } from './killed.ts';
import { connectParts, openRig } from './rig.ts';

/** 200 kills in the deep run, a tenth in the common one. */
const kills = repeats(20);
const minute = 60_000;

describe('watch cycles that are killed', () => {
  it(`lose and double nothing, ${kills} times at random instants`, async () => {
    await using rig = await openRig({ contacts: 300 });
    const { url, accessToken } = rig.emulator;
    await backfill(rig.context, { api: 'rest', signal: rig.signal });
    await control(url, 'settings', { latencyMs: 2, replicationIdLimit: 40 });
    const file = mirrorPath(join(rig.folder, 'orgs'), url);
    let deleted: string[] = [];
    let underWay = 0;
    let open = false;
    const rounds = fc.sample(
      fc.record({
        afterMs: fc.nat({ max: 120 }),
        advanceMs: fc.constantFrom(0, 20_000, 3 * minute),
        transaction: fc.constantFrom('open', 'commit', 'none'),
        seed: fc.nat({ max: 10_000 }),
      }),
      kills,
    );
    for (const { afterMs, advanceMs, transaction, seed } of rounds) {
      await control(url, 'clock', { advanceMs });
      await control(url, 'touch', { count: 30, set: { Title: `Round ${seed}` } });
      await control(url, 'contacts', { count: 4, seed });
      if (deleted.length > 1) await control(url, 'undelete', { ids: deleted.slice(0, 1) });
      ({ ids: deleted } = await control(url, 'delete', { count: 3 }));
      await control(url, 'purge', { ids: deleted.splice(2) });
      if (transaction === 'open' && !open) {
        await control(url, 'open-transaction', {
          create: { count: 2, seed },
          touch: { count: 2, set: { Title: 'Late' } },
        });
        open = true;
      } else if (transaction === 'commit' && open) {
        await control(url, 'commit');
        open = false;
      }
      if (await killed('cycle-child.ts', [url, accessToken, rig.folder], afterMs)) underWay++;
      // Behind an open transaction a window in pieces waits for its commit.
      if (open || seed % 2 > 0) continue;
      const parts = await connectParts(url, accessToken, rig.folder);
      try {
        await equalAfterOne(() => runCycle(parts.context, { push: false, signal: rig.signal }), file, url);
      } finally {
        await parts.close();
      }
    }
    if (open) await control(url, 'commit');
    await equalAfterOne(() => runCycle(rig.context, { push: false, signal: rig.signal }), file, url);
    expect(underWay).toBeGreaterThan(kills * 0.9);
  }, 900_000);
});

/**
 * One complete cycle is to be enough. In the seconds in which a minute turns, a window that is read in pieces rightly
 * leaves the new minute to the next cycle, so the org's clock steps over them first.
 */
async function equalAfterOne(cycle: () => Promise<unknown>, file: string, url: string): Promise<void> {
  const { nowMs } = await control<{ nowMs: number }>(url, 'clock', { advanceMs: 0 });
  if ((nowMs + 15_000) % minute < 20_000) await control(url, 'clock', { advanceMs: 20_000 });
  await cycle();
  await expectMirrorEqualsOrg(file, url);
}

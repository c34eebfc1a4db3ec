import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { type Emulator, startEmulator } from '../../src/emulator/index.ts';
import { isDeep } from '../support/deep.ts';
import { Cli } from './cli.ts';
import { everythingIn } from './everything-in.ts';
import { calls, contactsOf, control, expectMirrorEqualsOrg } from './org.ts';
import { RunningWatch } from './running-watch.ts';

/** Longer than an interval and a look of the watch (15 seconds) together; in the deep run than four intervals. */
const haltMs = isDeep ? 125_000 : 50_000;
/** Far less than an interval; a cycle that is due takes less on a busy machine. */
const atOnceMs = 15_000;

async function change(emulator: Emulator): Promise<void> {
  const ids = (await contactsOf(emulator.url)).map(({ Id }) => Id);
  await control(emulator.url, 'touch', { ids: ids.slice(0, 5) });
  await control(emulator.url, 'delete', { ids: ids.slice(5, 8) });
  // Less than a minute: a cycle behind which two minutes turned while it was answered asks once more.
  await control(emulator.url, 'clock', { advanceMs: 30_000 });
}

/** How often the org was asked what has changed. */
async function questionsTo({ url }: Emulator): Promise<{ updated: number; deleted: number }> {
  const paths = (await calls(url)).map(({ path }) => path);
  const count = (kind: RegExp) => paths.filter((path) => kind.test(path)).length;
  return { updated: count(/\/Contact\/updated\b/i), deleted: count(/\/Contact\/deleted\b/i) };
}

describe.skipIf(process.platform === 'win32')('a watch that is halted for longer than its interval', () => {
  it.concurrent('has one cycle at once when it goes on, the next an interval later, and misses nothing', async () => {
    await using emulator = await startEmulator({ contacts: 60 });
    using cli = new Cli();
    await cli.loginByToken(emulator);
    const watch = new RunningWatch(cli);
    await watch.until('cycle:complete', 1);
    const before = await questionsTo(emulator);
    watch.child.kill('SIGSTOP');
    await change(emulator);
    await delay(haltMs);
    expect(await questionsTo(emulator)).toEqual(before);
    watch.child.kill('SIGCONT');
    await watch.until('watch:resumed', 1, atOnceMs);
    await watch.until('cycle:complete', 2, atOnceMs);
    await expectMirrorEqualsOrg(cli.databaseOf(emulator.url), emulator.url);
    await watch.until('cycle:complete', 3);
    const [, atOnce, next] = watch.linesOf('cycle:complete').map(({ at }) => Date.parse(at));
    // What was missed in the halt is made up for by one; an interval is 30 seconds.
    expect(next! - atOnce!).toBeGreaterThan(20_000);
    expect(watch.linesOf('cycle:failed')).toEqual([]);
    const resumed = watch.linesOf('watch:resumed').map(({ suspendedMs }) => Number(suspendedMs));
    expect(resumed).toHaveLength(1);
    expect(resumed[0]).toBeGreaterThanOrEqual(haltMs - 16_000);
    const after = await questionsTo(emulator);
    expect(after.updated - before.updated).toBe(2);
    expect(after.deleted - before.deleted).toBe(2);
    expect(await watch.end()).toBe(0);
  });

  it.concurrent('writes nothing when it goes on after another watch has taken its org', async () => {
    await using emulator = await startEmulator({ contacts: 60 });
    using cli = new Cli();
    await cli.loginByToken(emulator);
    const halted = new RunningWatch(cli);
    await halted.until('cycle:complete', 1);
    halted.child.kill('SIGSTOP');
    await change(emulator);
    await delay(haltMs);
    // As a person does who takes them for left over.
    rmSync(join(cli.dataDir, 'locks'), { recursive: true });
    const other = new RunningWatch(cli);
    await other.until('cycle:complete', 1);
    const file = cli.databaseOf(emulator.url);
    const [taken, before] = [everythingIn(file), await questionsTo(emulator)];
    halted.child.kill('SIGCONT');
    await halted.until('watch:resumed', 1, atOnceMs);
    // Within less than the other's interval, so that what is written is the halted one's.
    await delay(12_000);
    expect(other.linesOf('cycle:complete')).toHaveLength(1);
    expect(everythingIn(file)).toEqual(taken);
    expect(await questionsTo(emulator)).toEqual(before);
    expect(halted.linesOf('cycle:complete')).toHaveLength(1);
    await other.until('cycle:complete', 2);
    expect(other.linesOf('cycle:failed')).toEqual([]);
    expect([await halted.end(), await other.end()]).toEqual([0, 0]);
    await expectMirrorEqualsOrg(file, emulator.url);
  });
});

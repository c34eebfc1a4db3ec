import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { type Emulator, startEmulator } from '../../src/emulator/index.ts';
import { FalseClock, haveFalseClock } from '../support/false-clock.ts';
import { Cli } from './cli.ts';
import { calls, contactsOf, control, expectMirrorEqualsOrg } from './org.ts';
import { RunningWatch } from './running-watch.ts';

async function change(emulator: Emulator, from: number): Promise<void> {
  const ids = (await contactsOf(emulator.url)).map(({ Id }) => Id);
  await control(emulator.url, 'touch', { ids: ids.slice(from, from + 5) });
  await control(emulator.url, 'delete', { ids: ids.slice(from + 5, from + 7) });
  // Less than a minute: a cycle behind which two minutes turned while it was answered asks once more.
  await control(emulator.url, 'clock', { advanceMs: 30_000 });
}

async function questionsTo({ url }: Emulator): Promise<number> {
  return (await calls(url)).filter(({ path }) => /\/Contact\/updated\b/i.test(path)).length;
}

const dayMs = 86_400_000;

describe.skipIf(!haveFalseClock())('a watch whose clock is forty days off', () => {
  it.concurrent.each([
    ['-40d', '+40d'],
    ['+40d', '-40d'],
  ])('at first %s, and leaps to %s and back, keeps its timetable and misses nothing', async (first, then) => {
    await using emulator = await startEmulator({ contacts: 60 });
    using cli = new Cli();
    const clock = new FalseClock(cli.folder, first);
    Object.assign(cli.env, clock.env);
    await cli.loginByToken(emulator);
    const watch = new RunningWatch(cli);
    const file = cli.databaseOf(emulator.url);
    await watch.until('cycle:complete', 1);
    const asked = await questionsTo(emulator);
    expect(asked).toBeGreaterThan(0);

    for (const [n, offset] of [then, first].entries()) {
      await change(emulator, n * 10);
      clock.leap(offset);
      await watch.until('cycle:complete', n + 2);
      await expectMirrorEqualsOrg(file, emulator.url);
      // Neither kind of leap is followed by a second cycle before the next one is due.
      await delay(5_000);
      expect(watch.linesOf('cycle:complete')).toHaveLength(n + 2);
      expect(await questionsTo(emulator)).toBe(asked + n + 1);
    }
    // To a process the leap ahead is as if it had slept; the leap back is nothing at all.
    const resumed = watch.linesOf('watch:resumed').map(({ suspendedMs }) => Number(suspendedMs) / dayMs);
    expect(resumed.map(Math.round)).toEqual([80]);
    expect(watch.linesOf('cycle:failed')).toEqual([]);
    expect(watch.lines.filter(({ level }) => level === 'error')).toEqual([]);
    expect(await watch.end()).toBe(0);
  });
});

import { waitsItself } from '../../../src/cli/commands/watch-line.ts';
import { dailyLimit } from '../watch/org.ts';
import { usualBulkLimits } from './perform-act.ts';
import type { World } from './world.ts';

const hourMs = 3_600_000;
const cyclesAtMost = 12;
/** Longer than a doubt is let be between two looks. */
const betweenMs = 17 * 60_000;

/** Nothing is wrong any more: cycles come to an end, and what is left is held against all that was seen. */
export async function comeToRest(world: World): Promise<void> {
  const { org, oracle, beginning } = world;
  oracle.setRule('none');
  await world.stop(0);
  await world.stop(1);
  world.hang(null);
  await org.control('faults', []);
  if (!world.isLoggedIn) await world.login();
  await org.control('settings', {
    dailyLimit,
    concurrentLimit: 25,
    maxPageRows: 2_000,
    replicationIdLimit: 600_000,
    duplicateRules: [],
    validationRules: [],
    saveTriggers: [],
    lockedIds: [],
    ...usualBulkLimits,
    idempotency: beginning.way !== 'collection',
  });
  // Limits of the day are forgotten, and what was cut is carried out.
  await world.pass(25 * hourMs);
  const cycles = await untilQuiet(world);
  await world.look('program');
  oracle.note(world.entries());
  const problems = [...oracle.problemsAtRest(), ...world.differences()];
  if (problems.length > 0) throw new Error(`At rest:\n${problems.join('\n')}`);
  world.log.push(`at rest after ${cycles} cycles`);
}

/** Until a cycle changes nothing; answers how many there were. */
async function untilQuiet(world: World): Promise<number> {
  let isBelieved = false;
  for (let cycles = 1; ; cycles++) {
    const { ended, complete } = await world.work([], () => world.program(0).cycle());
    if (complete === null && cycles > 2) throw new Error(`A cycle failed at rest: ${JSON.stringify(ended)}`);
    const { upserted = 1, deleted = 0, undeleted = 0, pushed = 0 } = complete ?? {};
    const unsent = complete === null ? 0 : waitsItself(complete);
    const isQuiet = cycles > 2 && upserted + deleted + undeleted + pushed + unsent === 0;
    if (isQuiet && (isBelieved || !(await isHeld(world)))) return cycles;
    if (isQuiet) {
      // All that it had is gone, and purged so long ago that Salesforce names none: a person alone is believed.
      isBelieved = true;
      await world.program(0).reconcile();
    }
    if (cycles === cyclesAtMost) throw new Error(`Never at rest: ${JSON.stringify(complete)}`);
    await world.pass(betweenMs);
  }
}

/** Whether a copy or a reconcile has told that rows are held for a person's word. */
async function isHeld(world: World): Promise<boolean> {
  await using mirror = await world
    .program(0)
    .services.mirrors.open(world.org.emulator.url, { create: false });
  const runs = await mirror.journal.runs({});
  return runs.some(({ counts }) => (counts.held ?? 0) > 0);
}

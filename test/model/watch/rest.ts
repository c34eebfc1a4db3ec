import { isDeepStrictEqual } from 'node:util';
import { assertFairEnd } from './assert-fair-end.ts';
import { dailyLimit } from './org.ts';
import type { World } from './world.ts';

const cyclesAtMost = 8;
const hourMs = 3_600_000;

/**
 * Nothing is wrong any more, and nobody does anything but a watch: within a few cycles the mirror must be what the user
 * may see, and one more cycle must change nothing. Throws with all that differs.
 */
export async function comeToRest(world: World): Promise<void> {
  const { org, facts } = world;
  await world.stop(0);
  await world.stop(1);
  await org.control('faults', []);
  if (facts.inTransaction) await org.control('commit');
  facts.inTransaction = false;
  facts.lagMs = 0;
  await org.control('settings', {
    commitLagMs: 0,
    replicationIdLimit: 600_000,
    maxPageRows: 2_000,
    bulkPageRows: 50_000,
    concurrentLimit: 25,
    bulkJobFailures: 0,
    bulkJobMs: 0,
    dailyLimit,
  });
  await recover(world);
  // What came late has come, and the fields are asked for once an hour. API requests count for a day.
  world.clock.pass(facts.isBusy ? 25 * hourMs : 2 * hourMs);
  facts.isBusy = false;
  await mendWhatCyclesCannot(world);
  const changed = await untilQuiet(world);
  const mirror = world.contents();
  const problems = await world.differences(mirror);
  if (problems.length > 0)
    throw new Error(`At rest the mirror is not what the user may see:\n${problems.join('\n')}`);
  await world.lookAtCalls();
  world.clock.pass(130_000);
  const last = await world.program(0).cycle();
  if (last.complete === null) throw new Error(`One more cycle failed: ${JSON.stringify(last.ended)}`);
  if (!isDeepStrictEqual(world.contents(), mirror)) throw new Error('One more cycle changed the mirror.');
  world.log.push(`at rest after ${changed} cycles`);
}

/** Nothing that the org may still be spared for a while: what it has told of limits, times and dropped lists. */
const mayLast = /^(API_BUDGET_EXHAUSTED|REQUEST_LIMIT_EXCEEDED|REFUSED_FOR_NOW There is no instant yet) /;

/** The very next cycle is a good one: nothing of what went wrong is waited out. */
async function recover(world: World): Promise<void> {
  const { ended } = await world.program(0).cycle();
  await world.stop(0);
  assertFairEnd(ended, world.facts);
  if (ended.kind === 'done' || (ended.kind === 'failed' && mayLast.test(ended.error))) return;
  throw new Error(`The first cycle behind all trouble failed: ${JSON.stringify(ended)}`);
}

/** Until a cycle changes nothing; answers how many there were. */
async function untilQuiet(world: World): Promise<number> {
  for (let cycles = 1; ; cycles++) {
    const { ended, complete } = await world.program(0).cycle();
    if (complete === null) throw new Error(`A cycle failed at rest: ${JSON.stringify(ended)}`);
    if (complete.upserted + complete.deleted + complete.undeleted === 0) return cycles;
    if (cycles === cyclesAtMost) throw new Error(`Never at rest: ${JSON.stringify(complete)}`);
    world.clock.pass(130_000);
  }
}

async function mendWhatCyclesCannot(world: World): Promise<void> {
  const first = await world.program(0).cycle();
  assertFairEnd(first.ended, world.facts);
  if (first.complete === null)
    throw new Error(`The first cycle at rest failed: ${JSON.stringify(first.ended)}`);
  const held = await heldContacts(world);
  if (areChangesKnown(world) && held === 0) return;
  const reason = held > 0 ? `${held} held` : 'sharing or formulas changed';
  world.log.push(`compared as a whole: ${reason}`);
  // What an interrupted one had read before sharing changed it knows no better.
  while (await isOldComparison(world));
  world.facts.knownChanges = world.facts.unstampedChanges;
}

function areChangesKnown({ facts }: World): boolean {
  return facts.knownChanges === facts.unstampedChanges;
}

/** All of a mirror that the org neither has nor tells of any more stay until a person says that they are gone. */
async function heldContacts(world: World): Promise<number> {
  const held = await world.program(0).heldContacts();
  const { everHidden, listsVague } = world.facts;
  // A list that does not say how far it tells has told of nothing.
  if (held > 0 && !world.mayDeletesBeUntold && !listsVague && everHidden.size === 0)
    throw new Error(`${held} contacts are held, and the org has told of every deletion.`);
  return held;
}

/** Compares all, and answers whether that only went on with an interrupted comparison. */
async function isOldComparison(world: World): Promise<boolean> {
  const { ended, item } = await world.program(0).reconcile();
  if (item?.status !== 'complete') throw new Error(`The comparison failed at rest: ${JSON.stringify(ended)}`);
  return item.resumed;
}

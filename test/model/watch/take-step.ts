import { isDeepStrictEqual } from 'node:util';
import type { Act } from './acts.ts';
import { assertFairEnd } from './assert-fair-end.ts';
import type { Ended, Program } from './program.ts';
import { comeToRest } from './rest.ts';
import type { Job, Step } from './steps.ts';
import type { World } from './world.ts';

type StepOf<K extends Step['step']> = Extract<Step, { step: K }>;
type Work = Pick<StepOf<'job'>, 'meanwhile' | 'crash'>;

/** Does one step of a history, and throws where something is wrong behind it that may be so at no time. */
export async function take(world: World, step: Step): Promise<void> {
  await done(world, step);
  await world.assertSound();
}

async function done(world: World, step: Step): Promise<void> {
  switch (step.step) {
    case 'act':
      return world.act(step.act);
    case 'faults':
      await world.org.control('faults', step.faults);
      world.facts.wrongTimes += wrongTimesOf(step.faults);
      world.facts.listsVague ||= step.faults.some((fault) =>
        JSON.stringify(fault).includes('deletedRecords'),
      );
      return world.count('faults');
    case 'job':
      if (isForOne(step.job)) await stopWatching(world);
      return work(world, [step.job], step);
    case 'two at once':
      world.count('two at once');
      return work(world, step.jobs, step);
    case 'interrupted':
      return interrupted(world, step);
    case 'overtaken':
      return overtaken(world, step);
    case 'restart':
      if (await world.stop(0)) world.count('restart');
      return;
    case 'kill':
      if (await world.kill(0)) world.count('kill');
      return;
    default:
      world.count('rest');
      return comeToRest(world);
  }
}

async function work(world: World, jobs: readonly Job[], { meanwhile, crash: point }: Work): Promise<void> {
  // Whoever watches goes on with that in its process; what else is to be done is another's.
  const first = world.program(0);
  if (point === null) first.points.forget();
  else first.points.plan(point);
  // A watch makes one that was left to an earlier one too.
  const isBraked = jobs.every(isWithinBrake) && !world.isBrakeToBeLifted;
  const before = isBraked ? [...world.contents().live.keys()] : [];
  const { copiesTaken } = world.facts;
  const goneBefore = world.facts.everGone.size;
  const ends = await world.work(meanwhile, () =>
    Promise.all(jobs.map((one, i) => perform(world, one, (i > 0 ? 1 : 0) as 0 | 1))),
  );
  first.points.forget();
  for (const ended of ends) assertFairEnd(ended, world.facts);
  // An interrupted fresh copy that goes on here was a person's word.
  const isReplaced = world.facts.copiesTaken > copiesTaken;
  // One that was read meanwhile and then deleted stood beside those that were believed to be hidden.
  const isAnyGone = world.facts.everGone.size > goneBefore;
  if (!isReplaced && !isAnyGone && before.length > 0 && world.isEmptiedUntold(before))
    throw new Error('The mirror lost its last contact, and the org does not say that it was deleted.');
  world.log.push(`${JSON.stringify(jobs)} crash ${JSON.stringify(point)}: ${ends.map(told).join(', ')}`);
}

/** How many answers tell a wrong time where all of these come to pass. */
function wrongTimesOf(faults: readonly object[]): number {
  const times = faults.map((fault) =>
    'headers' in fault && Object.hasOwn(fault.headers as object, 'Date') && 'times' in fault
      ? Number(fault.times)
      : 0,
  );
  return times.reduce((sum, one) => sum + one, 0);
}

/** Whether a watch lets nobody do it; two at once try it all the same. */
function isForOne({ job }: Job): boolean {
  return job !== 'cycle' && job !== 'watch';
}

/** Whether it believes within the brake alone that contacts are gone. */
function isWithinBrake(job: Job): boolean {
  return job.job !== 'fresh copy' && !(job.job === 'reconcile' && job.force);
}

async function stopWatching(world: World): Promise<void> {
  if (!world.isWatching) return;
  await world.stop(0);
  await world.stop(1);
}

function told(ended: Ended | null): string {
  return JSON.stringify(ended);
}

async function interrupted(world: World, step: StepOf<'interrupted'>): Promise<void> {
  world.count('interrupted');
  await stopWatching(world);
  await work(world, [step.job], step);
  await acts(world, step.between);
  const alone = { meanwhile: [], crash: null };
  if (step.cycle) await work(world, [{ job: 'cycle' }], alone);
  await work(world, [step.job], alone);
}

async function overtaken(world: World, { job, at, between, other }: StepOf<'overtaken'>): Promise<void> {
  await stopWatching(world);
  const first = world.program(0);
  const hold = first.holdAt(at);
  await world.work([], async () => {
    const working = perform(world, job, 0);
    const isHeld = await Promise.race([hold.reached.then(() => true), working.then(() => false)]);
    if (!isHeld) return;
    world.count('overtaken');
    await first.loseLeases();
    await acts(world, between);
    const ended = await perform(world, other, 1);
    if (ended?.kind === 'done') first.points.overtake();
    hold.letGo();
    const last = await working;
    for (const one of [ended, last]) assertFairEnd(one, world.facts);
    world.log.push(`overtaken at ${at}: ${JSON.stringify([job, other])}: ${told(ended)}, ${told(last)}`);
  });
  hold.letGo();
  if (first.points.trespasses > 0) throw new Error('Whoever had lost its lease went on storing.');
}

async function acts(world: World, what: readonly Act[]): Promise<void> {
  for (const act of what) await world.act(act);
}

/** Does one job. Null: a watch goes on. */
async function perform(world: World, job: Job, which: 0 | 1): Promise<Ended | null> {
  const program = world.program(which);
  world.count(job.job);
  const { facts } = world;
  const changesBefore = world.changesToBeRead;
  if (job.job === 'watch' || (job.job === 'cycle' && program.isWatching))
    return program.turns(job.job === 'watch' ? job.turns : 1);
  if (job.job === 'cycle') return (await program.cycle()).ended;
  if (job.job === 'dry run') return dryRun(world, program);
  const { ended, isWhole } =
    job.job === 'reconcile' ? await compare(program, job.force) : await copy(world, program, job);
  // What changed while it ran may lie before or behind what it read.
  if (isWhole) facts.knownChanges = Math.max(facts.knownChanges, changesBefore);
  return ended;
}

/** Columns follow the describe of a dry run too; which contacts there are may not change. */
async function dryRun(world: World, program: Program): Promise<Ended> {
  const before = whoIsThere(world);
  const { ended } = await program.reconcile({ dryRun: true, force: true });
  if (!world.isShared && !isDeepStrictEqual(whoIsThere(world), before))
    throw new Error('A dry run changed which contacts the mirror holds.');
  return ended;
}

function whoIsThere(world: World): unknown {
  const { live, gone } = world.contents();
  return {
    live: [...live.keys()].toSorted(),
    gone: [...gone].map(([id, { kind }]) => `${id} ${kind}`).toSorted(),
  };
}

/** `isWhole`: all of it was read since it was begun now. */
async function compare(program: Program, force: boolean): Promise<{ ended: Ended; isWhole: boolean }> {
  const { ended, item } = await program.reconcile({ force });
  return { ended, isWhole: item?.status === 'complete' && !item.resumed && item.held === 0 };
}

async function copy(
  world: World,
  program: Program,
  { job, api }: Extract<Job, { api: string }>,
): Promise<{ ended: Ended; isWhole: boolean }> {
  const { facts } = world;
  facts.changesBeforeCopy ??= world.changesToBeRead;
  const { ended, item } = await program.copy({ api, fresh: job === 'fresh copy' });
  if (item?.status === 'complete') facts.changesBeforeCopy = null;
  return { ended, isWhole: job === 'fresh copy' && item?.status === 'complete' && !item.resumed };
}

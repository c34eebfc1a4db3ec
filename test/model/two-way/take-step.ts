import { conflictPolicies } from '../../../src/org/conflict-policy.ts';
import { pushRecords } from '../../../src/usecases/push.ts';
import { inBatches, recordsOf } from '../../sync/push-all.ts';
import { assertFairEnd } from '../watch/assert-fair-end.ts';
import type { Ended, Program } from '../watch/program.ts';
import { decide, settle } from './decide.ts';
import { editedIds } from './perform-act.ts';
import { comeToRest } from './rest.ts';
import type { Edit, Job, Step } from './steps.ts';
import type { World } from './world.ts';

/** Longer than a drain tries again for what was cut. */
const lateMs = 40_000;

type StepOf<S extends Step['step']> = Extract<Step, { step: S }>;

/** Does one step of a history; throws where something is as it must not be. */
export async function take(world: World, step: Step): Promise<void> {
  switch (step.step) {
    case 'act':
      return world.act(step.act);
    case 'faults':
      world.log.push(JSON.stringify(step));
      world.count('faults');
      await world.org.control('faults', step.faults);
      return;
    case 'work':
      return work(world, step);
    case 'lost creation':
      return lose(world, step);
    case 'brought creation':
      return bring(world, step);
    case 'late update':
      return late(world, step);
    case 'unread push':
      return unread(world, step);
    case 'kill':
      if (await world.kill(0)) world.count('kill');
      return;
    case 'rest':
      world.count('rest');
      return comeToRest(world);
  }
}

async function work(world: World, { jobs, meanwhile, crash }: StepOf<'work'>): Promise<void> {
  const first = world.program(0);
  if (crash === null) first.points.forget();
  else first.points.plan(crash);
  if (jobs.length > 1) world.count('two at once');
  world.log.push(`${JSON.stringify(jobs)} crash ${JSON.stringify(crash)}`);
  const ends = await world.work(meanwhile, () =>
    Promise.all(jobs.map((job, at) => perform(world, job, at === 0 ? 0 : 1))),
  );
  first.points.forget();
  world.log.push(`  ${ends.map((end) => JSON.stringify(end)).join(', ')}`);
  for (const ended of ends) assertFairEnd(ended, { wrongTimes: 0 });
}

async function lose(world: World, { isDone, how, pick }: StepOf<'lost creation'>): Promise<void> {
  world.count('lost creation');
  const path = world.takesKeys ? 'ui-api/records$' : 'composite/sobjects$';
  const fault = isDone ? { reset: 'after-commit' } : { status: 503 };
  await world.org.control('faults', [{ match: `POST .*/${path}`, ...fault }]);
  await world.act({ act: 'program', which: pick, edits: [{ edit: 'insert' }], commit: true });
  const once = { step: 'work' as const, meanwhile: [], crash: null };
  await work(world, { ...once, jobs: [{ job: 'cycle' }] });
  await world.org.control('faults', []);
  await work(world, { ...once, jobs: [{ job: 'settle', how, pick }] });
}

/** Programs see two rows of it, as long as nobody knows what came of the creation. */
async function bring(world: World, { edits }: StepOf<'brought creation'>): Promise<void> {
  const path = world.takesKeys ? 'ui-api/records$' : 'composite/sobjects$';
  const once = { step: 'work' as const, meanwhile: [], crash: null };
  const cycle = () => work(world, { ...once, jobs: [{ job: 'cycle' }] });
  await world.org.control('faults', [{ match: `POST .*/${path}`, times: 999, reset: 'after-commit' }]);
  await world.act({ act: 'program', which: 0, edits: [{ edit: 'insert' }], commit: true });
  await cycle();
  world.pass(2_000);
  await cycle();
  const key = world.lastKey;
  const id = world.oracle.madeOf(key);
  const rows = new Set(world.shown().map((row) => row._key));
  if (id !== null && rows.has(id) && rows.has(key)) {
    world.count('brought creation');
    for (const { by, does, fields } of edits) {
      const row = by === 'id' ? id : key;
      const edit: Edit =
        does === 'delete' ? { edit: does, pick: 0, row } : { edit: does, pick: 0, fields, back: false, row };
      await world.act({ act: 'program', which: 0, edits: [edit], commit: true });
    }
  }
  await world.org.control('faults', []);
}

/** What was cut is carried out before anything else can happen to the contact. */
async function late(world: World, { pick, fields, does }: StepOf<'late update'>): Promise<void> {
  const once = { step: 'work' as const, meanwhile: [], crash: null };
  const cycle = () => work(world, { ...once, jobs: [{ job: 'cycle' }] });
  const rows = world.shown().filter(({ Id, _state: state }) => Id !== null && state === 'synced');
  const row = rows[pick % Math.max(1, rows.length)];
  if (row === undefined) return;
  const key = String(row._key);
  await world.org.control('faults', [
    { match: 'PATCH .*/composite/sobjects$', reset: 'commit-later', commitAfterMs: lateMs },
  ]);
  const edited = (edit: Edit) => world.act({ act: 'program', which: 0, edits: [edit], commit: true });
  await edited({ edit: 'update', pick: 0, fields, back: false, row: key });
  await cycle();
  await edited(
    does === 'delete'
      ? { edit: does, pick: 0, row: key }
      : { edit: does, pick: 0, fields, back: false, row: key },
  );
  await cycle();
  world.pass(lateMs);
  await world.org.control('clock', { advanceMs: 0 });
  await world.look();
  await world.org.control('faults', []);
  world.count('late update');
}

/** What a program edits then shows what was there before the pushes. */
async function unread(world: World, { picks, fields, does }: StepOf<'unread push'>): Promise<void> {
  const rows = world.shown().filter(({ Id, _state: state }) => Id !== null && state === 'synced');
  const row = rows[picks[0]! % Math.max(1, rows.length)];
  if (row === undefined) return;
  await world.org.control('faults', [
    { match: 'POST .*/composite/sobjects/Contact(\\?|$)', status: 503, times: 999 },
  ]);
  const pick = world
    .shown()
    .filter(({ Id }) => Id !== null)
    .findIndex(({ Id }) => Id === row.Id);
  for (const _ of picks)
    await work(world, { jobs: [{ job: 'push', pick }], meanwhile: [], crash: null, step: 'work' });
  const own = String(row._key);
  const edit: Edit =
    does === 'delete'
      ? { edit: does, pick: 0, row: own }
      : { edit: does, pick: 0, fields, back: false, row: own };
  await world.act({ act: 'program', which: 0, edits: [edit], commit: true });
  await world.org.control('faults', []);
  world.count('unread push');
}

/** Does one job. Whoever dies in it holds nothing that another waits for. */
async function perform(world: World, job: Job, which: 0 | 1): Promise<Ended | null> {
  const ended = await done(world, job, which);
  if (ended?.kind === 'crash') await world.bury();
  return ended;
}

async function done(world: World, job: Job, which: 0 | 1): Promise<Ended | null> {
  const program = world.program(which);
  switch (job.job) {
    case 'outbox':
      return decide(world, program, job);
    case 'settle':
      return settle(world, program, job);
    case 'push':
      return push(world, program, job);
    case 'other user':
      // Whoever works as the other one would be told that the org is another's.
      if (which === 1) return null;
      world.count(job.job);
      if (editedIds(world).size > 0) world.count('other user over an edit');
      await world.becomeOtherUser();
      return null;
    case 'turn off':
    case 'turn on':
      world.count(job.job);
      world.isWriting = job.job === 'turn on';
      return set(world, program);
    case 'policy':
      world.count(job.job);
      world.policy = conflictPolicies[job.which % conflictPolicies.length] as World['policy'];
      world.count(world.policy);
      return set(world, program);
    case 'fresh copy':
      world.count(job.job);
      if (editedIds(world).size > 0) world.count('copy under an edit');
      return (await program.copy({ api: 'rest', fresh: true, force: false })).ended;
    case 'reconcile':
      world.count(job.job);
      return (await program.reconcile()).ended;
    case 'cycle':
      world.count(job.job);
      return (await program.cycle()).ended;
  }
}

/** What was asked for counts from when it is stored; whoever dies before that has set nothing. */
async function set(world: World, program: Program): Promise<Ended> {
  const ended = await program.run(async () => {
    await using mirror = await program.services.mirrors.open(world.org.emulator.url, { create: false });
    await mirror.setTwoWay({ on: world.isWriting, conflicts: world.policy });
    return null;
  });
  world.readSettings();
  return ended;
}

/** A person's update, which asks nobody what was there. */
async function push(
  world: World,
  program: Program,
  { pick }: Extract<Job, { job: 'push' }>,
): Promise<Ended | null> {
  const rows = world.shown().filter(({ Id }) => Id !== null);
  const row = rows[pick % Math.max(1, rows.length)];
  if (row === undefined) return null;
  world.count('push');
  const value = world.nextValue('c');
  world.oracle.push(row.Id, String(row._key), 'Title');
  return program.run(async (signal) => {
    await using result = await pushRecords(
      program.services,
      {
        org: null,
        records: inBatches(recordsOf([{ Id: row.Id, Title: value }])),
        upsertField: null,
        api: 'auto',
        dryRun: false,
        queue: false,
        allOrNone: false,
        allowDuplicates: false,
        ignoreUnknown: false,
        ignoreReadOnly: false,
        allowMixed: true,
        allowDamaged: false,
        decimal: null,
        fresh: false,
        keepRejects: false,
      },
      { signal, onEvent: () => {} },
    );
    if (result.invalid !== null)
      throw new Error(`A push is refused: ${JSON.stringify(result.invalid.kinds)}`);
    return null;
  });
}

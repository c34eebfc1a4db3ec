import { conflictPolicies } from '../../../src/org/conflict-policy.ts';
import { pushRecords } from '../../../src/usecases/push.ts';
import { inBatches, recordsOf } from '../../sync/push-all.ts';
import { assertFairEnd } from '../watch/assert-fair-end.ts';
import type { Row } from '../watch/org.ts';
import type { Ended, Program } from '../watch/program.ts';
import { decide, settle } from './decide.ts';
import { externalId, fieldPlaces } from './fields.ts';
import { editedIds, performAct, titleRule } from './perform-act.ts';
import { comeToRest } from './rest.ts';
import { type AfterRefusal, type Edit, type Job, type Pick, type Step, unreadable } from './steps.ts';
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
    case 'refused edit':
      return refused(world, step);
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
  await world.org.control('faults', [{ match: `POST .*/${path}`, times: 999, reset: 'after-commit' }]);
  await world.act({ act: 'program', which: 0, edits: [{ edit: 'insert' }], commit: true });
  await cycleOnce(world);
  world.pass(2_000);
  await cycleOnce(world);
  const key = world.lastKey;
  const id = world.oracle.madeOf(key);
  const rows = new Set(world.shown().map((row) => row._key));
  if (id !== null && rows.has(id) && rows.has(key)) {
    world.count('brought creation');
    for (const { by, does, fields } of edits) {
      await editRow(world, by === 'id' ? id : key, { does, fields });
    }
  }
  await world.org.control('faults', []);
}

/** What was cut is carried out before anything else can happen to the contact. */
async function late(world: World, { pick, fields, does }: StepOf<'late update'>): Promise<void> {
  const row = settledRow(world, pick);
  if (row === null) return;
  await world.org.control('faults', [
    { match: 'PATCH .*/composite/sobjects$', reset: 'commit-later', commitAfterMs: lateMs },
  ]);
  await editRow(world, String(row._key), { does: 'update', fields });
  await cycleOnce(world);
  await editRow(world, String(row._key), { does, fields });
  await cycleOnce(world);
  world.pass(lateMs);
  await world.org.control('clock', { advanceMs: 0 });
  await world.look();
  await world.org.control('faults', []);
  world.count('late update');
}

/** What a program edits then shows what was there before the pushes. */
async function unread(world: World, { picks, fields, does }: StepOf<'unread push'>): Promise<void> {
  const row = settledRow(world, picks[0]!);
  if (row === null) return;
  await world.org.control('faults', [unreadable]);
  for (const _ of picks) await pushTo(world, row.Id);
  await editRow(world, String(row._key), { does, fields });
  await world.org.control('faults', []);
  world.count('unread push');
}

/** A rule of the org refuses what the program writes, and takes what is pushed. */
async function refused(
  world: World,
  { pick, fields, isLifted, behind }: StepOf<'refused edit'>,
): Promise<void> {
  const row = settledRow(world, pick);
  if (row === null) return;
  await performAct(world, { act: 'validation-rule', which: titleRule });
  await editRow(world, String(row._key), { does: 'update', fields: [fieldPlaces.title, ...fields] });
  await cycleOnce(world);
  const isRefused = world.shown().some(({ _key, _state }) => _key === row._key && _state === 'rejected');
  if (isLifted) await world.org.control('settings', { validationRules: [] });
  if (isRefused) {
    world.count('refused edit of a pushed field');
    for (const next of behind) await afterRefusal(world, row, next);
  }
  await world.org.control('settings', { validationRules: [] });
  await world.org.control('faults', []);
}

async function afterRefusal(world: World, row: Row, next: AfterRefusal): Promise<void> {
  switch (next.does) {
    case 'cycle':
      return cycleOnce(world);
    case 'push':
      await world.org.control('faults', next.isRead ? [] : [unreadable]);
      return pushTo(world, row.Id);
    case 'update':
    case 'delete':
      return editRow(world, String(row._key), next);
  }
}

/** A contact that nobody of ours has anything to do with. */
function settledRow(world: World, pick: Pick): Row | null {
  const rows = world.shown().filter(({ Id, _state: state }) => Id !== null && state === 'synced');
  return rows[pick % Math.max(1, rows.length)] ?? null;
}

function editRow(
  world: World,
  key: string,
  { does, fields }: { does: 'update' | 'delete'; fields: Pick[] },
): Promise<void> {
  const place = { pick: 0, row: key };
  const edit: Edit =
    does === 'delete' ? { edit: does, ...place } : { edit: does, ...place, fields, back: false };
  return world.act({ act: 'program', which: 0, edits: [edit], commit: true });
}

function cycleOnce(world: World): Promise<void> {
  return work(world, { step: 'work', jobs: [{ job: 'cycle' }], meanwhile: [], crash: null });
}

/** Where the view shows the contact. */
async function pushTo(world: World, id: string): Promise<void> {
  const pick = world
    .shown()
    .filter(({ Id }) => Id !== null)
    .findIndex(({ Id }) => Id === id);
  if (pick === -1) return;
  await work(world, { step: 'work', jobs: [{ job: 'push', pick }], meanwhile: [], crash: null });
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
  { pick, isQueued = false, by = 'id' }: Extract<Job, { job: 'push' }>,
): Promise<Ended | null> {
  const rows = world.shown().filter(({ Id }) => Id !== null);
  const row = rows[pick % Math.max(1, rows.length)];
  if (row === undefined) return null;
  const value = world.nextValue('c');
  const known = row[externalId] as string | null;
  const isUpsert = by === 'new' || (by === 'key' && known !== null);
  world.count(isUpsert ? 'upsert' : isQueued ? 'queued push' : 'push');
  if (by !== 'new') world.oracle.push(row.Id, String(row._key), 'Title');
  const key = by === 'new' ? { [externalId]: value, LastName: 'Made' } : { [externalId]: known };
  const record = { ...(isUpsert ? key : { Id: row.Id }), Title: value };
  return program.run(async (signal) => {
    await using result = await pushRecords(
      program.services,
      {
        org: null,
        records: inBatches(recordsOf([record])),
        upsertField: isUpsert ? externalId : null,
        api: 'auto',
        dryRun: false,
        queue: isQueued,
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

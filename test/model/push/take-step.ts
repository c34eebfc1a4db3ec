import { pushRecords } from '../../../src/usecases/push.ts';
import { inBatches, recordsOf } from '../../sync/push-all.ts';
import { assertFairEnd } from '../watch/assert-fair-end.ts';
import type { Ended, Program } from '../watch/program.ts';
import { decide } from './decide.ts';
import { tokenOf } from './oracle.ts';
import { chosen } from './perform-act.ts';
import { comeToRest } from './rest.ts';
import type { Job, Step } from './steps.ts';
import { type Input, soonBrake, type World } from './world.ts';

type Push = Extract<Job, { job: 'push' }>;
type StepOf<K extends Step['step']> = Extract<Step, { step: K }>;

const externalId = 'ParaHack_Id__c';
/** An equal push is the same one for a day. */
const samePushMs = 23 * 3_600_000;
const final = new Set(['created', 'updated', 'deleted', 'rejected', 'dropped']);

/** Does one step of a history, and throws where something is wrong behind it that may be so at no time. */
export async function take(world: World, step: Step): Promise<void> {
  world.oracle.beginStep();
  switch (step.step) {
    case 'act':
      return world.act(step.act);
    case 'faults':
      await world.org.control('faults', step.faults);
      return world.count('faults');
    case 'hang':
      return world.hang(step);
    case 'lost creation':
      return lose(world, step);
    case 'lost closing':
      await world.org.control('faults', [step.fault]);
      world.count('lost closing');
      world.behindClosing = [...step.behindClosing];
      return work(world, [step.job], step);
    case 'job':
      // Where no rule warns, allowing duplicates says nothing.
      if (step.job.job === 'push' && step.job.what === 'equal' && step.job.duplicates)
        await world.act({ act: 'duplicate-rule', which: 1 });
      return work(world, [step.job], step);
    case 'two at once':
      world.count('two at once');
      return work(world, step.jobs, step);
    case 'restart':
      if (await world.stop(0)) world.count('restart');
      return;
    case 'kill':
      if (await world.kill(0)) world.count('kill');
      return;
    case 'rest':
      world.count('rest');
      return comeToRest(world);
  }
}

async function work(
  world: World,
  jobs: readonly Job[],
  { meanwhile, crash }: Pick<StepOf<'job'>, 'meanwhile' | 'crash'>,
): Promise<void> {
  if (world.isLoginMissed) await world.login();
  // Whoever watches goes on with that; what else is to be done is another's.
  const { watcher } = world;
  const which = (i: number) => {
    if (watcher === null) return i as 0 | 1;
    return i === 0 && jobs[i]?.job === 'watch' ? watcher : ((1 - watcher) as 0 | 1);
  };
  const first = world.program(which(0));
  if (crash === null) first.points.forget();
  else first.points.plan(crash);
  world.isAlone = jobs.length === 1 && watcher === null;
  const ends = await world.work(meanwhile, () =>
    Promise.all(jobs.map((job, i) => perform(world, job, which(i)))),
  );
  first.points.forget();
  world.isLoginMissed = !world.isLoggedIn;
  world.log.push(
    `${JSON.stringify(jobs)} crash ${JSON.stringify(crash)}: ${ends.map((end) => JSON.stringify(end)).join(', ')}`,
  );
  for (const ended of ends) assertFairEnd(ended, { wrongTimes: 0 });
}

async function lose(world: World, { isDone, count, verb, pick }: StepOf<'lost creation'>): Promise<void> {
  const { way } = world.beginning;
  world.count('lost creation');
  const once = { meanwhile: [], crash: null };
  const fault = isDone ? { reset: 'after-commit' } : { status: 503 };
  await world.org.control('faults', [{ match: 'POST .+/(ui-api|composite)', times: 40, ...fault }]);
  const api = way === 'bulk' ? { api: 'collections' as const } : {};
  const what = pick % 3 === 0 && !verb.startsWith('settle as') ? 'equal' : 'creates';
  await work(world, [{ job: 'push', what, count, picks: [], queue: false, ...api }], once);
  await world.org.control('faults', []);
  await work(world, [{ job: 'outbox', verb: 0, pick, doubt: verb }], once);
}

/** Does one job. Whoever dies in it holds nothing that another waits for. */
async function perform(world: World, job: Job, which: 0 | 1): Promise<Ended | null> {
  const ended = await done(world, job, which);
  if (ended?.kind === 'crash') await world.bury();
  return ended;
}

/** Null: a watch goes on, or there was nothing to do. */
async function done(world: World, job: Job, which: 0 | 1): Promise<Ended | null> {
  const program = world.program(which);
  if (job.job === 'push') return pushNew(world, program, job);
  if (job.job === 'push again') return pushAgain(world, program, job);
  if (job.job === 'outbox') return decide(world, program, job);
  world.count(job.job);
  switch (job.job) {
    case 'watch':
      return program.turns(job.turns);
    case 'cycle':
      return (await program.cycle()).ended;
    case 'fresh copy':
      return (await program.copy({ api: 'rest', fresh: true, force: false })).ended;
    case 'reconcile':
      return (await program.reconcile()).ended;
  }
}

async function pushNew(world: World, program: Program, job: Push): Promise<Ended | null> {
  const { api = 'auto', duplicates = false } = job;
  const input = { ...inputOf(world, job), api, allowDuplicates: duplicates && api !== 'bulk' };
  if (input.records.length === 0) return null;
  world.count(`push ${job.what}`);
  if (job.queue) world.count('push --queue');
  if (input.allowDuplicates) world.count('push --allow-duplicates');
  world.inputs.push(input);
  world.oracle.push(input.records, { isMuch: isMuch(world, input.records), ...input });
  return push(world, program, input, job.queue);
}

/** Which of its changes surely wait for a person's word. */
function isMuch(world: World, records: Input['records']): { deletes: boolean; edits: boolean } {
  if (world.beginning.brake !== 'soon') return { deletes: false, edits: false };
  const deletes = records.filter(({ IsDeleted }) => IsDeleted === true).length;
  const edits = records.filter(({ Id, IsDeleted }) => Id !== undefined && IsDeleted !== true).length;
  return {
    deletes: deletes > soonBrake.deletes,
    edits: edits > Math.max(soonBrake.edits, world.rows.length * soonBrake.editsShare),
  };
}

function inputOf(world: World, { what, count, picks }: Push): Input {
  const { way } = world.beginning;
  const live = world.rows.filter(({ IsDeleted }) => !IsDeleted);
  const updates = () => chosen(live, picks).map((Id) => ({ Id, Title: world.nextValue() }));
  const plain = {
    upsertField: null,
    allOrNone: false,
    api: 'auto' as const,
    allowDuplicates: false,
    ended: false,
    queued: false,
    triedAtMs: world.clock.now(),
    isUnderWay: false,
  };
  if (what === 'updates') return { ...plain, records: updates() };
  if (what === 'deletes')
    return {
      ...plain,
      records: chosen(live, picks.slice(0, way === 'bulk' ? picks.length : 2)).map((Id) => ({
        Id,
        IsDeleted: true,
      })),
    };
  const records = what === 'equal' ? equal(world, count) : Array.from({ length: count }, () => create(world));
  if (what === 'mixed') return { ...plain, records: [...records, ...updates()] };
  if (way === 'upsert' && what === 'creates') {
    const upserts = records.map((record) => ({ ...record, [externalId]: `X${record.Department}` }));
    return { ...plain, upsertField: externalId, records: upserts };
  }
  return { ...plain, allOrNone: way === 'group', records };
}

function create(world: World): Record<string, unknown> {
  const token = world.nextToken('T');
  return { LastName: `Person ${token.slice(1)}`, Department: token, Title: world.nextValue() };
}

/** No value tells them apart. */
function equal(world: World, count: number): Record<string, unknown>[] {
  const token = world.nextToken('E');
  return Array.from({ length: count }, () => ({ LastName: `Equal ${token.slice(1)}`, Department: token }));
}

async function pushAgain(
  world: World,
  program: Program,
  { pick, api = 'auto' }: Extract<Job, { job: 'push again' }>,
): Promise<Ended | null> {
  const now = world.clock.now();
  const open = world.inputs.filter((input) => {
    if (input.ended || input.isUnderWay) return false;
    const isOver = input.queued || now - input.triedAtMs >= samePushMs;
    return !isOver || isSurelyQueued(world, input);
  });
  if (open.length === 0) return null;
  world.count('push again');
  world.staysAwake = true;
  const input = open[pick % open.length] as Input;
  // Which a job cannot do.
  input.api = input.allowDuplicates && api === 'bulk' ? 'auto' : api;
  if (input.queued) world.count('push again what is queued');
  const ended = await push(world, program, input, input.queued && pick % 2 === 0);
  world.staysAwake = false;
  return ended;
}

/** What nobody else can send meanwhile, and nothing can be asked for behind: a new contact has no Id yet. */
function isSurelyQueued(world: World, input: Input): boolean {
  const isNew = input.upsertField === null && input.records.every(({ Id }) => Id === undefined);
  return world.isAlone && isNew && hasOpen(world, input);
}

function hasOpen(world: World, { records }: Input): boolean {
  const open = new Set(['pending', 'sent', 'in-doubt', 'held', 'conflict']);
  const own = new Set(
    records.map((record) => JSON.stringify(record.Department ?? record.Title ?? record.Id)),
  );
  return world
    .entries()
    .some(
      ({ state, changes, contactId }) =>
        open.has(state) && own.has(JSON.stringify(changes.Department ?? changes.Title ?? contactId)),
    );
}

async function push(world: World, program: Program, input: Input, queue: boolean): Promise<Ended> {
  const formerMs = input.triedAtMs;
  input.triedAtMs = world.clock.now();
  input.isUnderWay = true;
  let isTold = false;
  const ended = await program.run(async (signal) => {
    await using result = await pushRecords(
      program.services,
      {
        org: null,
        records: inBatches(recordsOf(input.records)),
        upsertField: input.upsertField,
        dryRun: false,
        queue,
        allOrNone: input.allOrNone,
        allowDuplicates: input.allowDuplicates,
        api: input.api,
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
    const items = [];
    for await (const page of result.results()) items.push(...page);
    await world.look('program');
    for (const [at, { status, id }] of items.entries()) {
      const token = tokenOf(input.records[at] as Record<string, unknown>);
      if (status === 'created' && token !== null) world.oracle.checkTold(token, id as string);
    }
    isTold = !queue && items.every(({ status }) => final.has(status));
    input.queued = queue;
    world.log.push(`  ${items.map(({ status }) => status).join(' ')}`);
    return null;
  });
  input.isUnderWay = false;
  // It may have died, or failed, before it noted the try: then the day counts from the one before.
  if (ended.kind !== 'done') input.triedAtMs = formerMs;
  // A process that died may have stored that it has told the end.
  input.ended ||= isTold || (ended.kind !== 'done' && (queue || !hasOpen(world, input)));
  return ended;
}

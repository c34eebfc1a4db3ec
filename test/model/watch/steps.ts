import fc from 'fast-check';
import { type Act, actArbitrary, passArbitrary } from './acts.ts';
import type { FailPoint } from './fail-points.ts';
import type { Ended, Program } from './program.ts';
import { comeToRest } from './rest.ts';
import { oneOf, weighted } from './weighted.ts';
import type { Meanwhile, World } from './world.ts';

/** What one process is to do. */
export type Job =
  | { job: 'cycle' }
  | { job: 'watch'; turns: number }
  | { job: 'reconcile' }
  | { job: 'copy' | 'fresh copy'; api: 'auto' | 'rest' | 'bulk' };

interface Work {
  meanwhile: Meanwhile[];
  /** Where the first process dies, if it comes so far. */
  crash: FailPoint | null;
}

/** One step of a history. */
export type Step =
  | { step: 'act'; act: Act }
  | { step: 'faults'; faults: object[] }
  | ({ step: 'job'; job: Job } & Work)
  | ({ step: 'two at once'; jobs: [Job, Job] } & Work)
  | { step: 'restart' }
  | { step: 'kill' }
  | { step: 'rest' };

/** What an org answers that says nothing of coverage, or tells a wrong time. */
const oddAnswers: fc.Arbitrary<object> = fc.constantFrom<object>(
  { match: '/updated', times: 1, status: 200, body: { ids: [] } },
  { match: '/deleted', times: 1, status: 200, body: { deletedRecords: [] } },
  { match: 'GET', times: 1, headers: { Date: 'Wed, 01 Apr 2026 12:00:00 GMT' } },
  { match: '/deleted|/updated|/query', times: 2, headers: { Date: 'Sat, 01 Aug 2026 12:00:00 GMT' } },
);

const lineFault: fc.Arbitrary<object> = fc
  .record({
    match: fc.constantFrom(
      '.',
      'GET',
      'POST',
      '/updated',
      '/deleted',
      '/query',
      '/queryAll',
      '/describe',
      'composite',
      'jobs',
    ),
    times: fc.constantFrom(1, 1, 2, 4, 12),
    kind: fc.constantFrom<object>(
      { reset: 'before' },
      { reset: 'after-commit' },
      { status: 503 },
      { status: 500 },
      { status: 429, headers: { 'Retry-After': '7' } },
      { status: 403, errorCode: 'REQUEST_LIMIT_EXCEEDED' },
      { errorCode: 'QUERY_TIMEOUT', status: 400 },
      { dropAfterBytes: 0 },
      { dropAfterBytes: 150 },
      { dropAfterBytes: 900 },
      { status: 200, body: '' },
      { status: 200, body: '<html>Maintenance</html>' },
    ),
  })
  .map(({ kind, ...rest }) => ({ ...rest, ...kind }));

const fault: fc.Arbitrary<object> = oneOf<object>(weighted(6, lineFault), weighted(2, oddAnswers));

const job: fc.Arbitrary<Job> = oneOf<Job>(
  weighted(10, fc.constant({ job: 'cycle' as const })),
  weighted(4, fc.record({ job: fc.constant('watch' as const), turns: fc.integer({ min: 1, max: 3 }) })),
  weighted(2, fc.constant({ job: 'reconcile' as const })),
  weighted(
    2,
    fc.record({
      job: fc.constantFrom('copy' as const, 'fresh copy' as const),
      api: fc.constantFrom('auto', 'rest', 'bulk'),
    }),
  ),
);

const crash: fc.Arbitrary<FailPoint | null> = fc.option(
  fc.record({
    of: fc.constantFrom('write' as const, 'send' as const),
    at: fc.oneof(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 30 })),
    side: fc.constantFrom('before' as const, 'behind' as const),
  }),
  { freq: 4 },
);

export interface StepOptions {
  sharing: boolean;
  longMoves: boolean;
}

export function stepArbitrary({ sharing, longMoves }: StepOptions): fc.Arbitrary<Step> {
  const act = actArbitrary({ sharing });
  const pass = passArbitrary(longMoves);
  const meanwhile = fc.array(
    fc.record({
      before: fc.integer({ min: 1, max: 14 }),
      act: oneOf<Act>(weighted(6, act), weighted(1, pass)),
    }),
    { maxLength: 3 },
  );
  return oneOf<Step>(
    weighted(22, fc.record({ step: fc.constant('act' as const), act })),
    weighted(7, fc.record({ step: fc.constant('act' as const), act: pass })),
    weighted(
      4,
      fc.record({
        step: fc.constant('faults' as const),
        faults: fc.array(fault, { minLength: 1, maxLength: 3 }),
      }),
    ),
    weighted(14, fc.record({ step: fc.constant('job' as const), job, meanwhile, crash })),
    weighted(
      3,
      fc.record({ step: fc.constant('two at once' as const), jobs: fc.tuple(job, job), meanwhile, crash }),
    ),
    weighted(1, fc.record({ step: fc.constant('restart' as const) })),
    weighted(1, fc.record({ step: fc.constant('kill' as const) })),
    weighted(1, fc.record({ step: fc.constant('rest' as const) })),
  );
}

/** Whether it is a fault or a crash. */
export function isTrouble(step: Step): boolean {
  return step.step === 'faults' || step.step === 'kill' || ('crash' in step && step.crash !== null);
}

export async function take(world: World, step: Step): Promise<void> {
  switch (step.step) {
    case 'act':
      return world.act(step.act);
    case 'faults':
      await world.org.control('faults', step.faults);
      return world.count('faults');
    case 'job':
      return work(world, [step.job], step);
    case 'two at once':
      return work(world, step.jobs, step);
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
  if (jobs.length > 1) world.count('two at once');
  const ends = await world.work(meanwhile, () =>
    Promise.all(jobs.map((one, i) => perform(world, one, (i > 0 ? 1 : 0) as 0 | 1))),
  );
  first.points.forget();
  world.log.push(`${JSON.stringify(jobs)} crash ${JSON.stringify(point)}: ${ends.join(', ')}`);
}

async function perform(world: World, job: Job, which: 0 | 1): Promise<string> {
  const program = world.program(which);
  world.count(job.job);
  const from = world.facts.sharingChanged;
  if (job.job === 'watch' || (job.job === 'cycle' && program.isWatching))
    return JSON.stringify(await program.turns(job.job === 'watch' ? job.turns : 1));
  if (job.job === 'cycle') return JSON.stringify((await program.cycle()).ended);
  world.facts.sharingChanged = false;
  const { ended, isWhole } = job.job === 'reconcile' ? await compare(program) : await copy(program, job);
  // What changed while it ran may lie before or behind what it read.
  if (!isWhole) world.facts.sharingChanged ||= from;
  return JSON.stringify(ended);
}

/** `isWhole`: all of it was read since it was begun now. */
async function compare(program: Program): Promise<{ ended: Ended; isWhole: boolean }> {
  const { ended, item } = await program.reconcile();
  return { ended, isWhole: item?.status === 'complete' && !item.resumed };
}

async function copy(
  program: Program,
  { job, api }: Extract<Job, { api: string }>,
): Promise<{ ended: Ended; isWhole: boolean }> {
  const { ended, item } = await program.copy({ api, fresh: job === 'fresh copy' });
  return { ended, isWhole: job === 'fresh copy' && item?.status === 'complete' && !item.resumed };
}

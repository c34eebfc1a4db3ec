import fc from 'fast-check';
import { type Act, actArbitrary, passArbitrary } from './acts.ts';
import type { Emphasis } from './emphasis.ts';
import type { FailPoint } from './fail-points.ts';
import { oneOf, weighted } from './weighted.ts';
import type { Meanwhile } from './world.ts';

/** What one process is to do. */
export type Job =
  | { job: 'cycle' }
  | { job: 'watch'; turns: number }
  | { job: 'reconcile'; force: boolean }
  | { job: 'dry run' }
  | { job: 'copy' | 'fresh copy'; api: 'auto' | 'rest' | 'bulk' };

interface Work {
  meanwhile: Meanwhile[];
  /** Where the first process dies, if it comes so far. */
  crash: FailPoint | null;
}

/** A job that dies on its way, and is begun again when other things have happened. */
interface Interrupted extends Work {
  step: 'interrupted';
  job: Job;
  between: Act[];
  /** Whether a cycle comes before it is begun again. */
  cycle: boolean;
}

/** A job that halts at a request for so long that another process takes the lease and works, and then goes on. */
interface Overtaken {
  step: 'overtaken';
  job: Job;
  /** At which of its requests, from 1. */
  at: number;
  between: Act[];
  other: Job;
}

/** One step of a history. */
export type Step =
  | { step: 'act'; act: Act }
  | { step: 'faults'; faults: object[] }
  | ({ step: 'job'; job: Job } & Work)
  | ({ step: 'two at once'; jobs: [Job, Job] } & Work)
  | Interrupted
  | Overtaken
  | { step: 'restart' }
  | { step: 'kill' }
  | { step: 'rest' };

/** What an org answers that says nothing of coverage, or tells a wrong time. */
const oddAnswers: fc.Arbitrary<object> = fc.constantFrom<object>(
  { match: '/updated', times: 1, status: 200, body: { ids: [] } },
  { match: '/deleted', times: 1, status: 200, body: { deletedRecords: [] } },
  { match: '/updated|/deleted', times: 2, status: 200, body: { ids: [], deletedRecords: [] } },
  { match: '/updated|/deleted', times: 6, status: 200, body: { ids: [], deletedRecords: [] } },
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

const reconcile = fc.record({ job: fc.constant('reconcile' as const), force: fc.boolean() });
const copyJob = fc.record({
  job: fc.constantFrom('copy' as const, 'fresh copy' as const),
  api: fc.constantFrom('auto' as const, 'rest' as const, 'bulk' as const),
});

const jobArbitrary = ({ comparisons, copies }: Emphasis): fc.Arbitrary<Job> =>
  oneOf<Job>(
    weighted(10, fc.constant({ job: 'cycle' as const })),
    weighted(4, fc.record({ job: fc.constant('watch' as const), turns: fc.integer({ min: 1, max: 3 }) })),
    weighted(2 * comparisons, reconcile),
    weighted(1 * comparisons, fc.constant({ job: 'dry run' as const })),
    weighted(2 * copies, copyJob),
  );

const crash: fc.Arbitrary<FailPoint> = fc.record({
  of: fc.constantFrom('write' as const, 'write' as const, 'send' as const, 'send' as const, 'count' as const),
  at: fc.oneof(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 30 })),
  side: fc.constantFrom('before' as const, 'behind' as const),
});
const crashOrNone: fc.Arbitrary<FailPoint | null> = fc.option(crash, { freq: 4 });

export interface StepOptions {
  sharing: boolean;
  longMoves: boolean;
  emphasis: Emphasis;
}

export function stepArbitrary({ sharing, longMoves, emphasis }: StepOptions): fc.Arbitrary<Step> {
  const act = actArbitrary({ sharing, emphasis });
  const pass = passArbitrary(longMoves);
  const job = jobArbitrary(emphasis);
  const any = oneOf<Act>(weighted(6, act), weighted(1, pass));
  const meanwhile = fc.array(
    fc.record({
      before: fc.oneof(fc.integer({ min: 1, max: 14 }), fc.integer({ min: 1, max: 40 })),
      act: any,
    }),
    { maxLength: 4 },
  );
  const between = fc.array(oneOf<Act>(weighted(2, act), weighted(1, pass)), { maxLength: 4 });
  const whole = oneOf<Job>(
    weighted(1 + 2 * emphasis.comparisons, reconcile),
    weighted(1 + 2 * emphasis.copies, copyJob),
  );
  const step = <T extends Step['step']>(name: T) => fc.constant(name);
  return oneOf<Step>(
    weighted(22, fc.record({ step: step('act'), act })),
    weighted(7, fc.record({ step: step('act'), act: pass })),
    weighted(
      4 * emphasis.faults,
      fc.record({ step: step('faults'), faults: fc.array(fault, { minLength: 1, maxLength: 3 }) }),
    ),
    weighted(14, fc.record({ step: step('job'), job, meanwhile, crash: crashOrNone })),
    weighted(
      3,
      fc.record({ step: step('two at once'), jobs: fc.tuple(job, job), meanwhile, crash: crashOrNone }),
    ),
    weighted(
      2,
      fc.record({ step: step('interrupted'), job: whole, meanwhile, crash, between, cycle: fc.boolean() }),
    ),
    weighted(
      1,
      fc.record({
        step: step('overtaken'),
        job: oneOf<Job>(weighted(2, fc.constant({ job: 'cycle' as const })), weighted(1, whole)),
        at: fc.integer({ min: 1, max: 14 }),
        between,
        other: oneOf<Job>(weighted(2, fc.constant({ job: 'cycle' as const })), weighted(1, reconcile)),
      }),
    ),
    weighted(1, fc.record({ step: step('restart') })),
    weighted(1, fc.record({ step: step('kill') })),
    weighted(1, fc.record({ step: step('rest') })),
  );
}

/** Whether it is a fault or a crash. */
export function isTrouble(step: Step): boolean {
  return (
    step.step === 'faults' ||
    step.step === 'kill' ||
    step.step === 'overtaken' ||
    ('crash' in step && step.crash !== null)
  );
}

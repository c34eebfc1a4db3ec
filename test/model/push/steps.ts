import fc from 'fast-check';
import type { PushOptions } from '../../../src/contract/push.ts';
import type { FailPoint } from '../watch/fail-points.ts';
import type { Hang } from '../watch/program.ts';
import { oneOf, weighted } from '../watch/weighted.ts';
import type { Way } from './ways.ts';

/** A place in a list, whatever its length is then. */
export type Pick = number;

/** What happens in the org: by its users, its administrator, its servers or another program. */
export type Act =
  | { act: 'edit' | 'delete' | 'merge'; picks: Pick[] }
  | { act: 'undelete' | 'purge'; pick: Pick }
  /** A contact equal to one that was pushed is made, by the same login or by another user. */
  | { act: 'look-alike'; pick: Pick; own: boolean }
  | { act: 'stranger' | 'own stranger'; count: number }
  | { act: 'trigger' | 'duplicate-rule' | 'validation-rule'; which: Pick }
  | { act: 'lock'; picks: Pick[] }
  | { act: 'limit'; which: Pick }
  | { act: 'keys'; taken: boolean }
  /** Bulk ingest jobs are ended by somebody else; with `afterRows` the next one that is worked off, after so many rows. */
  | { act: 'job'; as: 'Aborted' | 'Failed'; afterRows: number | null }
  | { act: 'job'; as: 'Deleted'; afterRows: null }
  | { act: 'bulk-limit'; which: Pick }
  /** All sessions are ended. */
  | { act: 'logout' }
  | { act: 'pass'; ms: number };

export type ActKind = Act['act'];

export type Api = PushOptions['api'];

/** What one process is to do. */
export type Job =
  | {
      job: 'push';
      what: 'creates' | 'equal' | 'updates' | 'deletes' | 'mixed';
      count: number;
      picks: Pick[];
      queue: boolean;
      /** By what it is to go; as the number suggests where it is not named. */
      api?: Api;
      /** `--allow-duplicates`. */
      duplicates?: boolean;
    }
  | { job: 'push again'; pick: Pick; api?: Api }
  | { job: 'cycle' }
  | { job: 'watch'; turns: number }
  | { job: 'fresh copy' }
  | { job: 'reconcile' }
  /** A person's word about an entry that needs one; about one in doubt, where `doubt` says which. */
  | { job: 'outbox'; verb: Pick; pick: Pick; doubt?: DoubtVerb };

/** What a person may say of an entry in doubt; by one who has looked into the org, where it says so. */
export const doubtVerbs = [
  'retry in doubt',
  'drop',
  'settle',
  'settle',
  'settle not sent',
  'settle not sent rightly',
  'settle as',
  'settle as another',
] as const;
export type DoubtVerb = (typeof doubtVerbs)[number];

export interface Meanwhile {
  /** Before which request from the beginning of the work, from 1. */
  before: number;
  act: Act;
}

interface Work {
  meanwhile: Meanwhile[];
  /** Where the first process dies, if it comes so far. */
  crash: FailPoint | null;
}

/** One step of a history. */
export type Step =
  | { step: 'act'; act: Act }
  | { step: 'faults'; faults: object[] }
  /** The next requests that match get no answer. */
  /** A push of creates without answers, and then a person's word about one of them. */
  | { step: 'lost creation'; isDone: boolean; count: number; verb: DoubtVerb; pick: Pick }
  | { step: 'hang'; match: string; times: number; what: Hang }
  /** A push by jobs, of which the word that starts one is not answered well. */
  | ({ step: 'lost closing'; fault: object; job: Job; behindClosing: Act[] } & Work)
  | ({ step: 'job'; job: Job } & Work)
  | ({ step: 'two at once'; jobs: [Job, Job] } & Work)
  | { step: 'restart' }
  | { step: 'kill' }
  | { step: 'rest' };

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

const pick = fc.nat(997);
const picks = (maxLength: number) => fc.array(pick, { minLength: 1, maxLength });
const is = <T extends string>(...names: T[]) => fc.constantFrom(...names);

function actArbitrary(way: Way): fc.Arbitrary<Act> {
  return oneOf<Act>(
    weighted(5, fc.record({ act: is('edit'), picks: picks(4) })),
    weighted(2, fc.record({ act: is('delete'), picks: picks(2) })),
    weighted(2, fc.record({ act: is('undelete'), pick })),
    weighted(1, fc.record({ act: is('purge'), pick })),
    weighted(1, fc.record({ act: is('merge'), picks: picks(3) })),
    weighted(2, fc.record({ act: is('look-alike'), pick, own: fc.boolean() })),
    weighted(1, fc.record({ act: is('stranger', 'own stranger'), count: fc.integer({ min: 1, max: 2 }) })),
    weighted(2, fc.record({ act: is('trigger', 'duplicate-rule', 'validation-rule'), which: pick })),
    weighted(1, fc.record({ act: is('lock'), picks: picks(3) })),
    weighted(1, fc.record({ act: is('limit'), which: pick })),
    weighted(1, fc.constant({ act: 'logout' })),
    ...(way === 'key' ? [weighted(1, fc.record({ act: is('keys'), taken: fc.boolean() }))] : []),
    ...(way === 'bulk' ? [weighted(4, endedJobArbitrary), weighted(2, bulkLimitArbitrary)] : []),
    weighted(4, passArbitrary),
  );
}

const endedJobArbitrary = oneOf<Act>(
  weighted(
    2,
    fc.record({
      act: is('job'),
      as: is('Aborted', 'Failed'),
      afterRows: fc.constantFrom(null, null, 0, 1, 3),
    }),
  ),
  weighted(1, fc.constant({ act: 'job', as: 'Deleted', afterRows: null })),
);
const bulkLimitArbitrary = fc.record({ act: is('bulk-limit'), which: pick });

const passArbitrary = fc.record({
  act: is('pass'),
  ms: fc.constantFrom(second, 20 * second, 61 * second, 3 * minute, 16 * minute, hour, 25 * hour, 31 * day),
});

/** Of requests, most of them of those that write. */
function matchArbitrary(way: Way): fc.Arbitrary<string> {
  return is(
    'POST',
    'POST',
    'POST|PATCH|DELETE',
    'PATCH',
    'DELETE',
    'ui-api',
    'composite',
    'composite',
    'GET',
    '/query',
    '/updated',
    '.',
    ...(way === 'bulk' ? ofJobs : []),
  );
}

/** Answers that are lost, late or odd. */
function faultArbitrary(way: Way, isLate: boolean): fc.Arbitrary<object> {
  return fc
    .record({
      match: matchArbitrary(way),
      times: fc.constantFrom(1, 1, 2, 4),
      kind: oneOf<object>(
        weighted(2, fc.constant({ reset: 'before' })),
        weighted(4, fc.constant({ reset: 'after-commit' })),
        weighted(
          isLate ? 6 : 0,
          fc.constantFrom(5, 20, 45).map((s) => ({ reset: 'commit-later', commitAfterMs: s * second })),
        ),
        weighted(
          2,
          fc.constantFrom(404, 500, 503, 502).map((status) => ({ status, afterCommit: true })),
        ),
        // Whatever code a 5xx has, it may come behind the work.
        weighted(
          1,
          fc
            .constantFrom('UNABLE_TO_LOCK_ROW', 'REQUIRED_FIELD_MISSING')
            .map((errorCode) => ({ status: 500, errorCode, message: 'Not now', afterCommit: true })),
        ),
        weighted(1, fc.constant({ status: 503, body: '<html>Maintenance</html>', afterCommit: true })),
        weighted(1, fc.constant({ status: 200, body: '<html>Maintenance</html>', afterCommit: true })),
        weighted(
          1,
          fc.constant({ status: 404, errorCode: 'NOT_FOUND', message: 'Not found', afterCommit: true }),
        ),
        weighted(1, fc.constant({ status: 503 })),
        weighted(1, fc.constant({ status: 429, headers: { 'Retry-After': '3' } })),
        weighted(1, fc.constant({ status: 403, errorCode: 'REQUEST_LIMIT_EXCEEDED' })),
        weighted(1, fc.constant({ dropAfterBytes: 0 })),
        weighted(1, fc.constant({ dropAfterBytes: 60 })),
        weighted(way === 'bulk' ? 2 : 0, fc.constantFrom(...refusalsOfJobs)),
      ),
    })
    .map(({ kind, ...rest }) => ({ ...rest, ...kind }));
}

/** Their making, data, closing and asking, and their files. */
const ofJobs = [
  'POST .+/jobs/ingest',
  'PUT',
  'PUT|PATCH',
  'PATCH .+/jobs/ingest',
  'GET .+/jobs/ingest',
  'Results',
  'successfulResults',
  'unprocessedrecords',
];
const refusalsOfJobs = [
  { status: 400, errorCode: 'EXCEEDEDQUOTA', message: 'ExceededQuota : ApiBatchItems Limit exceeded.' },
  { status: 400, errorCode: 'FEATURENOTENABLED', message: 'Not enabled for this user.' },
];

const lostClosing = fc.record({
  step: is('lost closing'),
  fault: fc
    .constantFrom(
      { reset: 'before' },
      { reset: 'after-commit' },
      { status: 503, afterCommit: true },
      { status: 404, body: '<html>Not found</html>', afterCommit: true },
      { status: 400, errorCode: 'INVALIDJOBSTATE', message: 'Not now', times: 3 },
    )
    .map((how) => ({ match: 'PATCH .+/jobs/ingest', times: 1, ...how })),
  job: fc.record({
    job: is('push'),
    what: is('creates', 'equal', 'updates'),
    count: fc.integer({ min: 2, max: 5 }),
    picks: fc.array(pick, { minLength: 1, maxLength: 5 }),
    api: is<Api>('bulk'),
    queue: fc.constant(false),
  }),
  behindClosing: fc.constantFrom<Act[]>(
    [{ act: 'job', as: 'Deleted', afterRows: null }],
    [
      { act: 'pass', ms: second },
      { act: 'job', as: 'Deleted', afterRows: null },
    ],
    [
      { act: 'job', as: 'Aborted', afterRows: 1 },
      { act: 'pass', ms: second },
    ],
    [{ act: 'job', as: 'Aborted', afterRows: null }],
    [{ act: 'bulk-limit', which: 4 }],
    [],
  ),
  meanwhile: fc.constant<Meanwhile[]>([]),
  crash: fc.option(
    fc.record({
      of: is('send', 'write'),
      at: fc.integer({ min: 4, max: 12 }),
      side: is('before', 'behind'),
    }),
    { freq: 3 },
  ),
});

/** Records of one push that makes contacts. */
const counts: Record<Way, [fewest: number, most: number]> = {
  key: [1, 4],
  collection: [1, 4],
  many: [26, 30],
  upsert: [1, 4],
  group: [1, 4],
  bulk: [2, 9],
};

function jobArbitrary(way: Way): fc.Arbitrary<Job> {
  const [min, max] = counts[way];
  const api: { api?: fc.Arbitrary<Api> } =
    way === 'bulk' ? { api: is('auto', 'auto', 'bulk', 'collections') } : {};
  return oneOf<Job>(
    weighted(
      10,
      fc.record({
        job: is('push'),
        what: is('creates', 'creates', 'creates', 'equal', 'updates', 'updates', 'deletes', 'mixed'),
        count: fc.integer({ min, max }),
        picks: picks(way === 'bulk' ? 5 : 3),
        ...api,
        duplicates: fc.constantFrom(false, false, true),
        queue: fc.constantFrom(false, false, false, true),
      }),
    ),
    weighted(6, fc.record({ job: is('push again'), pick, ...api })),
    weighted(6, fc.constant({ job: 'cycle' as const })),
    weighted(2, fc.record({ job: is('watch'), turns: fc.integer({ min: 1, max: 2 }) })),
    weighted(1, fc.constantFrom({ job: 'fresh copy' as const }, { job: 'reconcile' as const })),
    weighted(
      4,
      fc.record({
        job: is('outbox'),
        verb: pick,
        pick,
      }),
    ),
  );
}

const crash: fc.Arbitrary<FailPoint> = fc.record({
  of: is('write', 'send', 'send', 'count'),
  at: fc.oneof(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 20 })),
  side: is('before', 'behind'),
});

export function stepArbitrary(way: Way, isLate: boolean): fc.Arbitrary<Step> {
  const [min] = counts[way];
  const act = actArbitrary(way);
  const job = jobArbitrary(way);
  const meanwhile = fc.array(fc.record({ before: fc.integer({ min: 1, max: 16 }), act }), { maxLength: 3 });
  const crashOrNone = fc.option(crash, { freq: 3 });
  return oneOf<Step>(
    weighted(14, fc.record({ step: is('act'), act })),
    weighted(
      8,
      fc.record({
        step: is('faults'),
        faults: fc.array(faultArbitrary(way, isLate), { minLength: 1, maxLength: 3 }),
      }),
    ),
    weighted(
      2,
      fc.record({
        step: is('lost creation'),
        isDone: fc.boolean(),
        count: fc.integer({ min, max: min + 2 }),
        verb: fc.constantFrom<DoubtVerb>(...doubtVerbs.slice(doubtVerbs.indexOf('settle not sent rightly'))),
        pick,
      }),
    ),
    ...(way === 'bulk' ? [weighted(4, lostClosing)] : []),
    weighted(
      2,
      fc.record({
        step: is('hang'),
        match: matchArbitrary(way),
        times: fc.constantFrom(1, 1, 2),
        what: is<Hang>('undone', 'done', 'done', 'done later'),
      }),
    ),
    weighted(16, fc.record({ step: is('job'), job, meanwhile, crash: crashOrNone })),
    weighted(
      3,
      fc.record({ step: is('two at once'), jobs: fc.tuple(job, job), meanwhile, crash: crashOrNone }),
    ),
    weighted(1, fc.record({ step: is('restart') })),
    weighted(1, fc.record({ step: is('kill') })),
    weighted(1, fc.record({ step: is('rest') })),
  );
}

/** Whether it is a fault, an answer that does not come, or a crash. */
export function isTrouble(step: Step): boolean {
  return (
    ['faults', 'hang', 'lost creation', 'lost closing', 'kill'].includes(step.step) ||
    ('crash' in step && step.crash !== null)
  );
}

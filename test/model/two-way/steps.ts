import fc from 'fast-check';
import type { FailPoint } from '../watch/fail-points.ts';
import { oneOf, weighted } from '../watch/weighted.ts';

/** A place in a list, whatever its length is then. */
export type Pick = number;

/** What one statement of a program does to the view. `row`: its key, where it is a certain one. */
export type Edit =
  | { edit: 'insert' }
  /** `back`: one of the fields gets the value that it has, or had in Salesforce. */
  | { edit: 'update'; pick: Pick; fields: Pick[]; back: boolean; row?: string }
  | { edit: 'delete'; pick: Pick; row?: string };

/** What others do: programs by SQL, users of the org, and its administrator. */
export type Act =
  | { act: 'program'; which: Pick; edits: Edit[]; commit: boolean }
  /** A program begins to read in a transaction, or ends that. */
  | { act: 'reader' }
  | { act: 'users create'; seed: number }
  | { act: 'users update'; pick: Pick; field: Pick }
  | { act: 'users delete' | 'users undelete' | 'users purge'; pick: Pick }
  | { act: 'hide' | 'show'; pick: Pick }
  | { act: 'users merge'; picks: Pick[] }
  | { act: 'add-field' | 'remove-field' | 'rename-field'; pick: Pick }
  | { act: 'validation-rule'; which: Pick }
  | { act: 'trigger'; which: Pick }
  | { act: 'pass'; ms: number };

/** What one process of ours does. */
export type Job =
  | { job: 'cycle' | 'fresh copy' | 'reconcile' }
  /**
   * `isQueued`: whoever sends next carries it out. `by`: an update by its Id, or an upsert by its own value of an external id
   * or by a new one, which makes a contact.
   */
  | { job: 'push'; pick: Pick; isQueued?: boolean; by?: 'id' | 'key' | 'new' }
  /** A person's word about an entry that needs one. */
  | { job: 'outbox'; verb: Pick; pick: Pick }
  | { job: 'settle'; how: Pick; pick: Pick }
  | { job: 'policy'; which: Pick }
  | { job: 'turn off' | 'turn on' | 'other user' };

/** `isRead`: whether the push can be read back. */
export type AfterRefusal =
  | { does: 'push'; isRead: boolean }
  | { does: 'update' | 'delete'; fields: Pick[] }
  | { does: 'cycle' };

export interface Meanwhile {
  /** Before which request from the beginning of the work, from 1. */
  before: number;
  act: Act;
}

/** One step of a history. */
export type Step =
  | { step: 'act'; act: Act }
  | { step: 'faults'; faults: object[] }
  | { step: 'work'; jobs: Job[]; meanwhile: Meanwhile[]; crash: FailPoint | null }
  /** A creation whose answer is lost, and a person who settles it before anybody else does. */
  | { step: 'lost creation'; isDone: boolean; how: Pick; pick: Pick }
  /** A creation whose answer is lost again and again, and whose contact is edited by its Id and by its key meanwhile. */
  | { step: 'brought creation'; edits: { by: 'id' | 'key'; does: 'update' | 'delete'; fields: Pick[] }[] }
  /** An edit whose request is cut and carried out a while later, and another edit of that contact before. */
  | { step: 'late update'; pick: Pick; fields: Pick[]; does: 'update' | 'delete' }
  /** Pushes that cannot be read back, and an edit of their contact before they are. */
  | { step: 'unread push'; picks: Pick[]; fields: Pick[]; does: 'update' | 'delete' }
  /** An edit that the org refuses, and what comes of the contact before anybody mends it; `isLifted`: it would be taken then. */
  | { step: 'refused edit'; pick: Pick; fields: Pick[]; isLifted: boolean; behind: AfterRefusal[] }
  | { step: 'kill' }
  | { step: 'rest' };

/** A fault: no contact can be read by its Id. */
export const unreadable = { match: 'POST .*/composite/sobjects/Contact(\\?|$)', status: 503, times: 999 };

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;

const pick = fc.nat(997);
const picks = (maxLength: number) => fc.array(pick, { minLength: 1, maxLength });
const is = <T extends string>(...names: T[]) => fc.constantFrom(...names);

const edit = oneOf<Edit>(
  weighted(3, fc.constant({ edit: 'insert' })),
  weighted(
    7,
    fc.record({ edit: is('update'), pick, fields: picks(3), back: fc.constantFrom(false, false, true) }),
  ),
  weighted(1, fc.record({ edit: is('delete'), pick })),
);

const program = fc.record({
  act: is('program'),
  which: pick,
  edits: oneOf<Edit[]>(
    weighted(4, fc.array(edit, { minLength: 1, maxLength: 1 })),
    weighted(1, fc.array(edit, { minLength: 2, maxLength: 4 })),
  ),
  commit: fc.constantFrom(true, true, true, true, true, false),
});

const users = oneOf<Act>(
  weighted(8, fc.record({ act: is('users update'), pick, field: pick })),
  weighted(1, fc.record({ act: is('users create'), seed: fc.nat(999) })),
  weighted(2, fc.record({ act: is('users delete', 'users undelete', 'users purge'), pick })),
  weighted(1, fc.record({ act: is('users merge'), picks: picks(3) })),
  weighted(1, fc.record({ act: is('hide', 'show', 'show'), pick })),
);

const administrator = oneOf<Act>(
  weighted(
    3,
    fc.record({
      act: is('add-field', 'add-field', 'add-field', 'remove-field', 'rename-field', 'rename-field'),
      pick,
    }),
  ),
  weighted(2, fc.record({ act: is('validation-rule', 'trigger'), which: pick })),
);

const act = oneOf<Act>(
  weighted(12, program),
  weighted(8, users),
  weighted(4, administrator),
  weighted(1, fc.constant({ act: 'reader' })),
  weighted(
    2,
    fc.record({
      act: is('pass'),
      ms: fc.constantFrom(second, 20 * second, 3 * minute, 16 * minute, hour, 5 * hour),
    }),
  ),
);

/** What fits between two requests: hours do not pass there. */
const actMeanwhile = oneOf<Act>(weighted(3, program), weighted(2, users), weighted(1, administrator));

const fault = fc
  .record({
    match: is(
      'POST .*/ui-api/records',
      '(POST|PATCH|DELETE) .*/composite/sobjects',
      'POST .*/composite/sobjects$',
      'POST|PATCH|DELETE',
      'GET',
      '.',
    ),
    times: fc.constantFrom(1, 1, 2, 3),
    kind: fc.constantFrom<object>(
      { reset: 'after-commit' },
      { reset: 'after-commit' },
      { reset: 'before' },
      { status: 500 },
      { status: 503, afterCommit: true },
      { status: 503, afterCommit: true },
      { status: 200, body: '<html>Maintenance</html>', afterCommit: true },
      { status: 404 },
      { status: 403, errorCode: 'REQUEST_LIMIT_EXCEEDED' },
      { dropAfterBytes: 60 },
    ),
  })
  .map(({ kind, ...rest }): object => ({ ...rest, ...kind }));

const job = oneOf<Job>(
  weighted(14, fc.constant({ job: 'cycle' })),
  weighted(1, fc.constantFrom({ job: 'fresh copy' }, { job: 'reconcile' })),
  weighted(
    1,
    fc.record({
      job: is('push'),
      pick,
      isQueued: fc.constantFrom(false, false, true),
      by: is('id', 'id', 'id', 'key', 'new'),
    }),
  ),
  weighted(4, fc.record({ job: is('outbox'), verb: pick, pick })),
  weighted(1, fc.record({ job: is('settle'), how: pick, pick })),
  weighted(1, fc.record({ job: is('policy'), which: pick })),
  weighted(
    1,
    fc.constantFrom({ job: 'turn off' }, { job: 'turn on' }, { job: 'turn on' }, { job: 'other user' }),
  ),
);

const crash = fc.option(
  fc.record({
    of: is('write', 'send'),
    at: fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 12, max: 60 })),
    side: is('before', 'behind'),
  }),
  { freq: 4, nil: null },
);

const afterRefusal = oneOf<AfterRefusal>(
  weighted(4, fc.record({ does: is('push'), isRead: fc.boolean() })),
  weighted(4, fc.record({ does: is('update'), fields: fc.array(fc.nat(3), { minLength: 1, maxLength: 2 }) })),
  weighted(1, fc.record({ does: is('delete'), fields: picks(1) })),
  weighted(1, fc.record({ does: is('cycle') })),
);

export const stepArbitrary: fc.Arbitrary<Step> = oneOf<Step>(
  weighted(13, fc.record({ step: is('act'), act })),
  weighted(2, fc.record({ step: is('faults'), faults: fc.array(fault, { minLength: 1, maxLength: 2 }) })),
  weighted(
    9,
    fc.record({
      step: is('work'),
      jobs: oneOf<Job[]>(
        weighted(9, fc.array(job, { minLength: 1, maxLength: 1 })),
        weighted(1, fc.array(job, { minLength: 2, maxLength: 2 })),
      ),
      meanwhile: fc.array(fc.record({ before: fc.integer({ min: 1, max: 10 }), act: actMeanwhile }), {
        maxLength: 3,
      }),
      crash,
    }),
  ),
  weighted(1, fc.record({ step: is('lost creation'), isDone: fc.boolean(), how: pick, pick })),
  weighted(
    1,
    fc.record({
      step: is('brought creation'),
      edits: fc.array(
        fc.record({
          by: is('id', 'key'),
          does: is('update', 'update', 'update', 'update', 'delete'),
          fields: fc.array(fc.nat(2), { minLength: 1, maxLength: 2 }),
        }),
        { minLength: 2, maxLength: 5 },
      ),
    }),
  ),
  weighted(
    1,
    fc.record({
      step: is('late update'),
      pick,
      fields: fc.array(fc.nat(2), { minLength: 1, maxLength: 2 }),
      does: is('update', 'update', 'update', 'delete'),
    }),
  ),
  weighted(
    1,
    fc.record({
      step: is('unread push'),
      picks: picks(2),
      fields: fc.array(fc.nat(2), { minLength: 1, maxLength: 2 }),
      does: is('update', 'update', 'update', 'delete'),
    }),
  ),
  weighted(
    1,
    fc.record({
      step: is('refused edit'),
      pick,
      fields: fc.array(fc.nat(3), { maxLength: 2 }),
      isLifted: fc.boolean(),
      behind: fc.array(afterRefusal, { minLength: 2, maxLength: 5 }),
    }),
  ),
  weighted(1, fc.constant({ step: 'kill' })),
  weighted(1, fc.constant({ step: 'rest' })),
);

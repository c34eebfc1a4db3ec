import fc from 'fast-check';
import { conflictPolicies } from '../../../src/org/conflict-policy.ts';
import { oneOf, weighted } from '../watch/weighted.ts';
import { fieldPlaces } from './fields.ts';
import type { History } from './history.ts';
import { titleRule, titleTrigger, usersTitleRule } from './perform-act.ts';
import { type Act, type Edit, type Job, type Pick, type Step, unreadable } from './steps.ts';

const act = (one: Act): Step => ({ step: 'act', act: one });
const work = (job: Job): Step => ({ step: 'work', jobs: [job], meanwhile: [], crash: null });
const faults = (...all: object[]): Step => ({ step: 'faults', faults: all });
const program = (edit: Edit) => act({ act: 'program', which: 0, edits: [edit], commit: true });

const writes = '(POST|PATCH|DELETE) .*/composite/sobjects(\\?|$)';

const update = (...fields: number[]) =>
  at((pick) => [program({ edit: 'update', pick, fields, back: false })], 4);
const push =
  (isQueued: boolean, by: 'id' | 'key' | 'new' = 'id') =>
  (pick: Pick) =>
    work({ job: 'push', pick, isQueued, by });

interface Move {
  weight: number;
  of(pick: Pick): Step[];
}

function at(of: (pick: Pick) => Step[], weight = 1): Move {
  return { weight, of };
}

/** What there is to do with a contact. All that programs write to `Title` and others push or write there too meets. */
const moves: readonly Move[] = [
  update(fieldPlaces.title),
  update(fieldPlaces.name),
  update(fieldPlaces.name, fieldPlaces.title),
  at((pick) => [program({ edit: 'delete', pick })], 2),
  at((pick) => [push(false)(pick)], 4),
  at((pick) => [faults(unreadable), push(false)(pick), faults()], 4),
  at((pick) => [push(true)(pick)], 4),
  at((pick) => [push(false, 'key')(pick)]),
  at((pick) => [push(true, 'key')(pick)], 2),
  at((pick) => [push(false, 'new')(pick)]),
  at((pick) => [push(true, 'new')(pick)], 2),
  at(() => [work({ job: 'cycle' })], 4),
  at(() => [faults(unreadable), work({ job: 'cycle' }), faults()], 2),
  at(() => [act({ act: 'validation-rule', which: titleRule })], 4),
  at(() => [act({ act: 'validation-rule', which: usersTitleRule })], 2),
  at(() => [act({ act: 'validation-rule', which: 0 })], 2),
  at(() => [act({ act: 'trigger', which: titleTrigger })]),
  at(() => [act({ act: 'trigger', which: 0 })]),
  at((pick) => [act({ act: 'users update', pick, field: fieldPlaces.title })], 2),
  at((pick) => [act({ act: 'users update', pick, field: fieldPlaces.name })]),
  at((pick) => [act({ act: 'users delete', pick })]),
  at((pick) => [act({ act: 'users undelete', pick })]),
  at((pick) => [act({ act: 'users merge', picks: [pick, pick + 1] })]),
  at((pick) => [act({ act: 'hide', pick })]),
  at((pick) => [act({ act: 'show', pick })]),
  at(() => [faults({ match: writes, reset: 'after-commit' })], 2),
  at(() => [faults({ match: writes, status: 503, times: 3 })], 2),
  at((pick) => [work({ job: 'outbox', verb: 2, pick })], 2),
  at((pick) => [work({ job: 'outbox', verb: 1, pick })], 2),
  at((pick) => [work({ job: 'settle', how: 0, pick })]),
  at((pick) => [work({ job: 'settle', how: 1, pick })]),
  at(() => [act({ act: 'pass', ms: 180_000 })]),
];

/** Among them the contact that a program has made, which comes behind those with an Id as its key. */
const contacts = 3;
const made = contacts;

function history(places: readonly Pick[], first: readonly Step[]): fc.Arbitrary<History> {
  const move = oneOf<Step[]>(
    ...moves.map(({ weight, of }) => weighted(weight, fc.constantFrom(...places).map(of))),
  );
  return fc
    .record({
      beginning: fc.record({
        contacts: fc.constant(contacts),
        seed: fc.constant(1),
        policy: fc.constantFrom(...conflictPolicies),
        keys: fc.constantFrom(true, true, true, false),
      }),
      steps: fc.array(move, { minLength: 8, maxLength: 16, size: 'max' }),
    })
    .map(({ beginning, steps }) => ({ beginning, steps: [...first, ...steps.flat()] }));
}

/**
 * Much happens to one or two contacts, of which a program may have made one, and no process dies. There are others, for a
 * mirror that loses its last contact is not believed.
 */
export function fewContactsHistories(): fc.Arbitrary<History> {
  return oneOf<History>(
    weighted(2, history([0], [])),
    weighted(1, history([0, 1], [])),
    weighted(1, history([0, made], [program({ edit: 'insert' })])),
  );
}

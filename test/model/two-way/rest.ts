import type { Row } from '../watch/org.ts';
import { say, settleAll, type Verb } from './decide.ts';
import { comparedFields } from './fields.ts';
import type { World } from './world.ts';

const hourMs = 3_600_000;
/** Longer than a doubt is let be between two looks. */
const betweenMs = 17 * 60_000;
const cyclesAtMost = 14;
/** From then on people give up what was refused again and again. */
const patientCycles = 5;

/** Nothing is wrong any more, people decide what waits for them, and what is left is held against all that was seen. */
export async function comeToRest(world: World): Promise<void> {
  const { org, facts } = world;
  await world.stop(0);
  await world.stop(1);
  world.endReader();
  await org.control('faults', []);
  await org.control('settings', { validationRules: [], saveTriggers: [] });
  world.log.push('rest');
  // What was described is asked for anew.
  world.pass(2 * hourMs);
  await org.control('clock', { advanceMs: 0 });
  if (facts.isSharingChanged) {
    // What an interrupted one had read before sharing changed it knows no better.
    for (let isOld = true; isOld; ) {
      const { ended, item } = await world.program(0).reconcile();
      if (ended.kind !== 'done') throw new Error(`A reconcile failed at rest: ${JSON.stringify(ended)}`);
      isOld = item?.resumed === true;
    }
    facts.isSharingChanged = false;
  }
  await untilQuiet(world);
  await world.look();
  const problems = problemsAtRest(world);
  if (problems.length > 0) throw new Error(`At rest:\n${problems.join('\n')}`);
}

async function untilQuiet(world: World): Promise<void> {
  for (let cycles = 1; ; cycles++) {
    const { ended, complete } = await world.work([], () => world.program(0).cycle());
    if (complete === null && cycles > 2) throw new Error(`A cycle failed at rest: ${JSON.stringify(ended)}`);
    const isDecided = await decideAll(world, cycles);
    const { upserted = 1, deleted = 0, undeleted = 0, pushed = 0, outbox = null } = complete ?? {};
    const isQuiet = upserted + deleted + undeleted + pushed === 0 && outbox?.pending === 0;
    if (cycles > 2 && isQuiet && !isDecided) return;
    if (cycles === cyclesAtMost)
      throw new Error(
        `Never at rest: ${JSON.stringify(complete)} ${JSON.stringify(world.entries().filter(({ state }) => state !== 'done' && state !== 'dropped'))}`,
      );
    world.pass(betweenMs);
    await world.org.control('clock', { advanceMs: 0 });
  }
}

async function decideAll(world: World, cycles: number): Promise<boolean> {
  if (cycles >= patientCycles) await settleAll(world);
  const waiting = world.entries().filter(({ state }) => state === 'conflict' || state === 'rejected');
  for (const entry of waiting) {
    const isPatient = cycles < patientCycles;
    const verb: Verb =
      entry.state === 'conflict'
        ? isPatient
          ? 'take local'
          : 'take salesforce'
        : isPatient
          ? 'retry'
          : 'drop';
    // A word about one of them may have settled another of the same contact.
    const { state } = world.entries().find(({ seq }) => seq === entry.seq) ?? entry;
    if (state === entry.state) await say(world, world.program(0), entry, verb);
  }
  return waiting.length > 0;
}

function problemsAtRest(world: World): string[] {
  const { rows, oracle, hidden, facts } = world;
  const live = new Map(rows.filter(({ IsDeleted }) => !IsDeleted).map((row) => [row.Id, row]));
  const entries = world.entries();
  const doubtful = new Set(
    entries.filter(({ state }) => state === 'in-doubt').map(({ contactKey }) => contactKey),
  );
  const unexplained = entries.filter(
    ({ state, doubt, op }) => state === 'in-doubt' && op === 'create' && doubt === null,
  );
  const shown = world.shown();
  const seen = new Set(shown.map(({ Id }) => Id));
  const fields = comparedFields(facts.custom);
  return [
    ...unexplained.map(({ contactKey }) => `nothing tells why ${contactKey} is in doubt`),
    ...shown.flatMap((row) =>
      doubtful.has(String(row._key)) ? [] : differencesOf(row, live, hidden, fields),
    ),
    ...(seen.size < shown.filter(({ Id }) => Id !== null).length ? ['the view shows an Id twice'] : []),
    ...[...live.keys()]
      .filter((id) => !hidden.has(id) && !seen.has(id) && !doubtful.has(keyOf(world, id)))
      .map((id) => `the view lacks ${id}`),
    ...localRows(world)
      .filter((key) => !doubtful.has(key))
      .map((key) => `a local row of ${key} is left`),
    ...keysOf(world),
    ...world.ownPushes.problems(world.notes()),
    ...oracle.problems({ live, shown, entries, notes: world.notes(), fields: new Set(fields) }),
  ];
}

function differencesOf(
  row: Row,
  live: ReadonlyMap<string, Row>,
  hidden: ReadonlySet<string>,
  fields: readonly string[],
): string[] {
  if (row.Id === null) return [`${row._key} has no Id, and is not in doubt`];
  const theirs = live.get(row.Id);
  if (theirs === undefined) return [`the view shows ${row.Id}, which the org does not have`];
  if (hidden.has(row.Id)) return [`the view shows ${row.Id}, which is hidden`];
  const different = fields.filter((field) => (row[field] ?? null) !== (theirs[field] ?? null));
  return [
    ...different.map(
      (field) => `${field} of ${row._key} is ${row[field]} here and ${theirs[field]} in the org`,
    ),
    ...(row._state === 'synced' ? [] : [`${row._key} is ${row._state}`]),
  ];
}

function localRows(world: World): string[] {
  return world.other(0).prepare('SELECT _key FROM contact_local').pluck().all() as string[];
}

/** The key by which the mirror knows it, or a program that has made it. */
function keyOf(world: World, id: string): string {
  const key = world.other(0).prepare('SELECT _key FROM contact WHERE Id = ?').pluck().get(id) as
    | string
    | null
    | undefined;
  return key ?? String(world.rows.find(({ Id }) => Id === id)?.Description ?? id);
}

/** No key is another living contact's. */
function keysOf(world: World): string[] {
  const keyed = world
    .other(0)
    .prepare('SELECT _key, Id FROM contact WHERE _key IS NOT NULL AND _gone IS NULL')
    .all() as {
    _key: string;
    Id: string;
  }[];
  return keyed.flatMap(({ _key: key, Id }) =>
    world.oracle.isMade(key) && !world.oracle.ownsKey(key, Id) ? [`${key} is the key of ${Id}`] : [],
  );
}

import { appOutbox } from '../../../src/usecases/outbox.ts';
import type { Ended, Program } from '../watch/program.ts';
import type { Entry } from './entries.ts';
import { externalId } from './fields.ts';
import type { Job } from './steps.ts';
import type { World } from './world.ts';

/** What a person may say, by the entry's state. */
const verbsOf = {
  conflict: ['take local', 'take salesforce'],
  rejected: ['retry', 'drop'],
  pending: ['drop'],
} as const;

export type Verb = (typeof verbsOf)[keyof typeof verbsOf][number];

/** A person's word about one entry; conflicts, which are seldom, go before, and what goes its way is let go. */
export async function decide(
  world: World,
  program: Program,
  { verb: which, pick }: Extract<Job, { job: 'outbox' }>,
): Promise<Ended | null> {
  const local = world.entries().filter(({ local: isLocal }) => isLocal === 1);
  for (const state of ['conflict', 'in-doubt', 'rejected', 'pending'] as const) {
    // A waiting edit is given up now and then.
    if (state === 'pending' && which % 4 !== 0) return null;
    const entries = local.filter((entry) => entry.state === state);
    const entry = entries[pick % Math.max(1, entries.length)];
    if (entry === undefined) continue;
    if (state === 'in-doubt') {
      if (entry.op === 'create') return settleByTruth(world, program, entry);
      continue;
    }
    const verbs = verbsOf[state];
    return say(world, program, entry, verbs[which % verbs.length] as Verb);
  }
  return null;
}

export async function say(world: World, program: Program, entry: Entry, verb: Verb): Promise<Ended> {
  world.count(verb);
  world.log.push(`  ${verb} ${entry.seq} of ${entry.contactKey}`);
  // A cycle beside it may make it at once.
  const isRemade = verb === 'take local' && entry.op === 'create' && entry.local === 1;
  const unsaid = isRemade ? world.oracle.remake(entry.contactKey) : null;
  const ended = await program.run(async (signal) => {
    const outbox = appOutbox(program.services);
    const move = { org: null, keys: [entry.key], all: false, inDoubt: false };
    const take = verb === 'take local' ? 'local' : verb === 'take salesforce' ? 'salesforce' : null;
    const context = { signal, onEvent: () => {} };
    await (verb === 'drop' ? outbox.drop(move, context) : outbox.retry({ ...move, take }, context));
    return null;
  });
  const isGivenUp = verb === 'drop' || verb === 'take salesforce';
  // As that push did, it writes what it says, whatever is there by now.
  if (!isGivenUp && entry.local === 0) tellPush(world, entry);
  // Whoever dies over it may have said it all the same.
  const now = world.entries().find(({ seq }) => seq === entry.seq);
  if (isGivenUp && now?.state === 'dropped') world.oracle.giveUp([entry.seq]);
  if (now?.state === 'conflict') unsaid?.();
  return ended;
}

/** A refused upsert does not say which contact it would have met. */
function tellPush(world: World, { contactId, contactKey, changes }: Entry): void {
  const values = JSON.parse(changes) as Record<string, unknown>;
  const met = world.shown().find((row) => row[externalId] === values[externalId] && row.Id !== null);
  const [id, key] = contactId === null ? [met?.Id, met?._key] : [contactId, contactKey];
  if (id === undefined || id === null) return;
  for (const field of Object.keys(values)) world.oracle.push(String(id), String(key), field);
}

/** Creations of programs in doubt. */
function doubtsOf(world: World): Entry[] {
  return world
    .entries()
    .filter(({ state, op, local }) => state === 'in-doubt' && op === 'create' && local === 1);
}

/** Somebody who has looked into Salesforce settles a creation in doubt, or asks for all of them once more. */
export async function settle(
  world: World,
  program: Program,
  { how, pick }: Extract<Job, { job: 'settle' }>,
): Promise<Ended | null> {
  const doubts = doubtsOf(world);
  const entry = doubts[pick % Math.max(1, doubts.length)];
  if (entry === undefined || how % 3 === 0) return settleBy(world, program, 'auto');
  return settleByTruth(world, program, entry);
}

/** As `settle`, of all of them, with what Salesforce shows. */
export async function settleAll(world: World): Promise<void> {
  for (const entry of doubtsOf(world)) await settleByTruth(world, world.program(0), entry);
}

async function settleByTruth(world: World, program: Program, entry: Entry): Promise<Ended> {
  const made = world.oracle.madeOf(entry.contactKey);
  if (made === null) return settleBy(world, program, { key: entry.key, as: null });
  const isLive = world.rows.some(({ Id, IsDeleted }) => Id === made && !IsDeleted);
  // It was made and is gone since: there is nothing to be done about it any more.
  return isLive ? settleBy(world, program, { key: entry.key, as: made }) : say(world, program, entry, 'drop');
}

async function settleBy(
  world: World,
  program: Program,
  how: 'auto' | { key: string; as: string | null },
): Promise<Ended> {
  const given = how === 'auto' ? { keys: [], as: null } : { keys: [how.key], as: how.as };
  const kind = how === 'auto' ? '--auto' : how.as === null ? '--not-sent' : '--as';
  world.count(`settle ${kind}`);
  world.log.push(`  settle ${kind} ${JSON.stringify(how)}`);
  return program.run(async (signal) => {
    await appOutbox(program.services).settle(
      { org: null, ...given, notSent: kind === '--not-sent', auto: how === 'auto' },
      { signal, onEvent: () => {} },
    );
    return null;
  });
}

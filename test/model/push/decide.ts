import { appOutbox } from '../../../src/usecases/outbox.ts';
import type { Ended, Program } from '../watch/program.ts';
import { tokenOf } from './oracle.ts';
import type { Entry } from './outbox-contents.ts';
import { type DoubtVerb, doubtVerbs, type Job } from './steps.ts';
import type { World } from './world.ts';

/** What a person may say, by the entry's state. */
const verbsOf = {
  conflict: ['take local', 'take salesforce'],
  rejected: ['retry', 'drop'],
  held: ['approve', 'approve', 'drop held'],
  'in-doubt': doubtVerbs,
} as const;

type Verb = (typeof verbsOf)[keyof typeof verbsOf][number];

/** Nobody has a contact with it. */
const unknownId = '003000000000001AAA';
const minuteMs = 60_000;

function isUndecided(state: string): state is keyof typeof verbsOf {
  return Object.hasOwn(verbsOf, state);
}

/** A person's word about one entry; conflicts, which are seldom, go before. */
export async function decide(
  world: World,
  program: Program,
  { verb: which, pick, doubt }: Extract<Job, { job: 'outbox' }>,
): Promise<Ended | null> {
  const undecided = world.entries().filter(({ state }) => isUndecided(state));
  const urgent = undecided.filter(({ state }) => state === (doubt === undefined ? 'conflict' : 'in-doubt'));
  const open = urgent.length > 0 ? urgent : undecided;
  const entry = open[pick % Math.max(1, open.length)];
  if (entry === undefined || !isUndecided(entry.state)) return null;
  const verbs: readonly Verb[] = verbsOf[entry.state];
  const chosen = verbs[which % verbs.length] as Verb;
  const verb = entry.state === 'in-doubt' ? (doubt ?? chosen) : chosen;
  if (verb === 'settle as' || verb === 'settle as another')
    return settleAs(world, program, entry, verb, pick);
  if (verb === 'settle not sent rightly' && !isSurelyUnsent(world, entry)) return null;
  world.count(`outbox ${verb}`);
  const along = takenAlong(world, entry, verb);
  for (const one of [entry, ...along]) tellOracle(world, one, verb);
  return program.run(async (signal) => {
    const outbox = appOutbox(program.services);
    const context = { signal, onEvent: () => {} };
    const isEnd = verb.startsWith('drop') || verb === 'take salesforce';
    const named = { org: null, keys: [entry, ...(isEnd ? along : [])].map(({ key }) => key) };
    if (verb.startsWith('settle')) {
      const auto = verb === 'settle';
      await outbox.settle({ ...named, as: null, notSent: !auto, auto }, context);
      return null;
    }
    const move = { ...named, all: false, inDoubt: verb === 'retry in doubt' };
    const take = verb === 'take local' ? 'local' : verb === 'take salesforce' ? 'salesforce' : null;
    if (verb === 'approve') await outbox.approve(move, context);
    else
      await (verb.startsWith('drop') || (isEnd && along.length > 0)
        ? outbox.drop(move, context)
        : outbox.retry({ ...move, take }, context));
    return null;
  });
}

/** Others of its --all-or-none push: those that the word about one is for too, or that it must be given about as well. */
function takenAlong(world: World, { key, atomicGroup, state }: Entry, verb: Verb): Entry[] {
  const others = world.entries().filter((one) => one.atomicGroup === atomicGroup && one.key !== key);
  if (atomicGroup === null || verb.startsWith('settle') || verb === 'take local') return [];
  if (verb === 'approve') return others.filter((one) => one.state === 'held');
  if (verb.startsWith('retry')) return others.filter((one) => one.state === 'rejected');
  const isWaiting = ['held', 'conflict'].includes(state);
  return isWaiting
    ? others.filter((one) => ['pending', 'held', 'conflict', 'in-doubt'].includes(one.state))
    : [];
}

/** What a person lets happen that may not be so else. */
function tellOracle({ oracle }: World, entry: Entry, verb: Exclude<Verb, DoubtVerb> | DoubtVerb): void {
  if (verb === 'approve') oracle.approve(entry);
  else if (verb.startsWith('drop') || verb === 'take salesforce') oracle.giveUp(entry);
  else if (verb === 'settle not sent rightly') oracle.split(entry);
  else if (verb !== 'settle') oracle.excuse(entry);
}

/** Whoever has seen all that was ever made knows that it is none of it; a cut request is carried out no more. */
function isSurelyUnsent({ beginning, isAlone, oracle }: World, { op, changes, upsertField }: Entry): boolean {
  const token = tokenOf(changes);
  if (op !== 'create' || upsertField !== null || token === null) return false;
  return isAlone && !beginning.late && oracle.untold(token).length === 0;
}

/** The contact that it is; or one that it cannot be, which nobody may believe. */
async function settleAs(
  world: World,
  program: Program,
  entry: Entry,
  verb: 'settle as' | 'settle as another',
  pick: number,
): Promise<Ended | null> {
  const { oracle } = world;
  const token = tokenOf(entry.changes);
  if (entry.op !== 'create' || token === null) return null;
  // Of contacts that say the same nobody can say which is of which entry.
  if (oracle.entries.filter(({ op, changes }) => op === 'create' && tokenOf(changes) === token).length > 1)
    return null;
  const live = new Set(world.rows.filter(({ IsDeleted }) => !IsDeleted).map(({ Id }) => Id));
  const ids =
    verb === 'settle as' ? oracle.untold(token).filter((id) => live.has(id)) : others(world, entry, token);
  const id = ids[pick % Math.max(1, ids.length)];
  if (id === undefined) return null;
  world.count(`outbox ${verb}`);
  oracle.split(entry);
  const ended = await program.run(async (signal) => {
    const how = { org: null, keys: [entry.key], as: id, notSent: false, auto: false };
    await appOutbox(program.services).settle(how, { signal, onEvent: () => {} });
    return null;
  });
  const now = world.entries().find(({ key }) => key === entry.key);
  if (verb === 'settle as another' && now?.state === 'done' && now.contactId === id)
    throw new Error(`${entry.key} was settled as ${id}, which it cannot be.`);
  if (verb === 'settle as' && world.isAlone) await checkBelieved(world, { entry, now, id, ended });
  return ended;
}

/** Contacts that were there long before, that are gone, that another entry has made, or that are none. */
function others({ rows, oracle }: World, { key, sentAt }: Entry, token: string): string[] {
  const isBefore = (created: unknown) => sentAt !== null && Date.parse(String(created)) < sentAt - minuteMs;
  const unfit = rows.filter(({ Id, IsDeleted, CreatedDate }) =>
    IsDeleted ? true : isBefore(CreatedDate) && !oracle.isOurs(token, Id),
  );
  const made = oracle.entries.filter((one) => one.key !== key && one.state === 'done' && one.op === 'create');
  return [unknownId, ...unfit.map(({ Id }) => Id), ...made.flatMap(({ contactId }) => contactId ?? [])];
}

/** A word that is true is believed, unless the org could not be asked or has changed meanwhile. */
async function checkBelieved(
  world: World,
  { entry, now, id, ended }: { entry: Entry; now: Entry | undefined; id: string; ended: Ended },
): Promise<void> {
  if (ended.kind !== 'failed' || !/^(INVALID_INPUT|UNKNOWN_CONTACT) /.test(ended.error)) return;
  await world.look('program');
  const isLive = world.rows.some(({ Id, IsDeleted }) => Id === id && !IsDeleted);
  const isOthers = world.entries().some(({ key, contactId }) => key !== entry.key && contactId === id);
  // One that was sent twice may be of the first time, which is none of the second.
  if (isLive && !isOthers && entry.attempts === 1 && now?.state === 'in-doubt')
    throw new Error(`${entry.key} is ${id}, and that was refused: ${ended.error}`);
}

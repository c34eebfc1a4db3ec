import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { waitsItself } from '../../src/cli/commands/watch-line.ts';
import { backfillOrgs } from '../../src/usecases/backfill.ts';
import { repeats } from '../support/deep.ts';
import { orgAct } from './colleagues.ts';
import { Seeded } from './seeded.ts';
import { User } from './user.ts';
import { World } from './world.ts';

/** 200 histories in the deep run, a tenth in the common one. */
const histories = repeats(20);
const cyclesAtMost = 8;

/** An org, a user and a bad line, in an order that only the seed knows; answers what was broken, and how it came to it. */
async function live(seed: number): Promise<{ problems: string[]; log: string[] }> {
  const chance = new Seeded(seed);
  await using world = await World.open(chance.pick([0, 5, 60, 200]));
  const user = new User(world, chance);
  for (let left = 10 + chance.below(20), step = 0; step < left; step++) {
    if (chance.chance(55)) await orgAct(world, chance, step);
    else await user.act();
    await world.look();
  }
  await comeToRest(world, user);
  compareWithOrg(world);
  user.checkTold(world.entries());
  const blocked = world.entries().some(({ state }) => ['in-doubt', 'conflict', 'held'].includes(state));
  for (const { key, state } of world.entries())
    if (state === 'sent' || (state === 'pending' && !blocked)) world.problem(`${key} is ${state} at rest.`);
  return world;
}

/** Faults end, an interrupted copy ends, and cycles run until nothing comes any more. */
async function comeToRest(world: World, user: User): Promise<void> {
  const { signal } = new AbortController();
  await world.control('faults', []);
  if (world.openTransaction) await world.control('commit');
  await world.control('settings', {
    commitLagMs: 0,
    hiddenFields: [],
    concurrentLimit: 25,
    bulkJobFailures: 0,
  });
  await world.control('settings', { replicationIdLimit: 600_000 });
  await world.control('clock', { advanceMs: 2 * 3_600_000 });
  const options = {
    orgs: [],
    all: false,
    api: 'auto',
    concurrency: 3,
    fresh: false,
    force: true,
    fields: null,
  } as const;
  const { orgs } = await backfillOrgs(
    world.app.services,
    { ...options, orgs: [] },
    { signal, onEvent: () => {} },
  );
  if (orgs[0]?.status !== 'complete') world.problem(`The last copy: ${JSON.stringify(orgs[0]?.error)}`);
  for (let cycles = 1; ; cycles++) {
    await world.control('clock', { advanceMs: 130_000 });
    const events = await user.cycle(true, signal);
    await world.look();
    const done = events.find(({ event }) => event === 'cycle:complete');
    if (done?.event !== 'cycle:complete')
      return world.problem(`No cycle was complete: ${JSON.stringify(events)}`);
    const { upserted, deleted, pushed } = done;
    if (cycles > 2 && upserted + deleted + pushed + waitsItself(done) === 0) return;
    if (cycles === cyclesAtMost) return world.problem(`Never at rest: ${JSON.stringify(done)}`);
  }
}

/** Field by field, what sharing ever hid left out. */
function compareWithOrg(world: World): void {
  const db = new Database(world.file, { readonly: true });
  const rows = db.prepare('SELECT * FROM contacts').all() as Record<string, unknown>[];
  const goneOf = db.prepare('SELECT _gone FROM contact WHERE Id = ?').pluck();
  const byId = new Map(rows.map((row) => [String(row.Id), row]));
  if (byId.size < rows.length) world.problem('The view shows a contact twice.');
  for (const contact of world.contacts) {
    const { Id, IsDeleted, MasterRecordId } = contact;
    const row = byId.get(Id);
    byId.delete(Id);
    if (world.hidden.has(Id)) continue;
    if (IsDeleted !== (row === undefined)) world.problem(`${Id} is ${IsDeleted ? 'a ghost' : 'lost'}.`);
    const gone = goneOf.get(Id) ?? null;
    const expected = MasterRecordId ? 'merged' : 'deleted';
    if (IsDeleted && gone !== null && gone !== expected)
      world.problem(`${Id} is ${String(gone)}, not ${expected}.`);
    for (const [name, value] of row === undefined ? [] : Object.entries(contact))
      if (name in row! && !isSame(value, row![name]))
        world.problem(`${Id}.${name}: ${row![name]}, not ${value}.`);
  }
  db.close();
  for (const Id of byId.keys())
    if (!world.hidden.has(Id)) world.problem(`${Id} is a ghost that the org never had.`);
}

function isSame(inOrg: unknown, inMirror: unknown): boolean {
  if (typeof inOrg === 'object' && inOrg !== null) return true;
  if (typeof inOrg === 'boolean') return inMirror === (inOrg ? 1 : 0);
  return inMirror === (typeof inOrg === 'string' ? inOrg.replace(/(T[\d:.]+)\+0000$/, '$1Z') : inOrg);
}

describe('random histories of an org, a user and a bad line', () => {
  it(`end in the org's truth, with nothing lost, doubled or overwritten, ${histories} times`, async () => {
    for (let seed = 1; seed <= histories; seed++) {
      const { problems, log } = await live(seed);
      expect(problems, `seed ${seed}:\n${log.join('\n')}`).toEqual([]);
    }
  }, 1_200_000);
});

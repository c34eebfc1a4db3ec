import type { Seeded } from './seeded.ts';
import type { Contact, Entry, World } from './world.ts';

const second = 1_000;
const hour = 3_600 * second;
const doubtful = ['sent', 'in-doubt'];

/** The ids of at most `count` contacts that the user sees. */
export function someIds({ contacts, hidden }: World, chance: Seeded, count: number): string[] {
  const live = contacts.filter(({ Id, IsDeleted }) => !IsDeleted && !hidden.has(Id));
  const ids = Array.from({ length: live.length === 0 ? 0 : count }, () => chance.pick(live).Id);
  return [...new Set(ids)];
}

/** One thing that happens in the org, or to the line to it. */
export async function orgAct(world: World, chance: Seeded, step: number): Promise<void> {
  const inDoubt = contactsInDoubt(world);
  // Where an answer was lost, a colleague's edit before the repeat is the case that matters most.
  if (inDoubt.length > 0 && chance.chance(60)) {
    if (chance.chance(70)) await world.control('clock', { advanceMs: 61 * second });
    return edit(world, inDoubt, step);
  }
  const acts = [
    () => world.control('contacts', { count: 1 + chance.below(6), seed: step }),
    () => touch(world, chance, step),
    () => touch(world, chance, step),
    () => remove(world, chance),
    () => restore(world, chance),
    () => purge(world, chance),
    () => merge(world, chance),
    () => transaction(world, chance, step),
    () => world.control('clock', { advanceMs: chance.pick([second, 61 * second, hour, 25 * hour]) }),
    () => world.control('faults', [faultOf(chance), faultOf(chance)]),
    () => world.control('faults', [faultOf(chance)]),
    () => world.control('faults', []),
    () => set(world, chance),
    () => hide(world, chance),
  ];
  await chance.pick(acts)();
}

const settings = [
  { replicationIdLimit: 3 },
  { replicationIdLimit: 600_000 },
  { maxPageRows: 7 },
  { bulkPageRows: 11 },
  { concurrentLimit: 3 },
  { concurrentLimit: 25 },
  { idempotency: false },
  { idempotency: true },
  { bulkJobFailures: 1 },
  { commitLagMs: 200 },
  { commitLagMs: 0 },
  { hiddenFields: ['Title', 'Phone'] },
  { hiddenFields: [] },
];

async function set(world: World, chance: Seeded): Promise<void> {
  const setting = chance.pick(settings);
  if ('commitLagMs' in setting) world.late = true;
  await world.control('settings', setting);
}

function faultOf(chance: Seeded): object {
  const match = chance.pick([
    '.*',
    'POST',
    'GET',
    'PATCH',
    '/updated',
    '/deleted',
    'ui-api',
    'composite',
    '/query',
  ]);
  const times = chance.pick([1, 1, 2, 10, 40]);
  return chance.pick([
    { match, times, reset: 'before' },
    { match, times, reset: 'after-commit' },
    { match: 'POST|PATCH|DELETE', times: 40, reset: chance.pick(['before', 'after-commit']) },
    { match, times, status: 503 },
    { match, times, status: 500, afterCommit: true },
    { match, times, status: 429, headers: { 'Retry-After': '0' } },
    { match, times, dropAfterBytes: chance.below(400) },
    {
      match: 'ui-api/records',
      times,
      status: 404,
      errorCode: 'NOT_FOUND',
      message: 'Not found',
      afterCommit: true,
    },
  ]);
}

async function touch(world: World, chance: Seeded, step: number): Promise<void> {
  await edit(world, someIds(world, chance, 1 + chance.below(8)), step);
}

/** Live contacts that a change or delete without an answer names. */
function contactsInDoubt(world: World): string[] {
  const live = new Set(world.contacts.filter(({ IsDeleted }) => !IsDeleted).map(({ Id }) => Id));
  const entries = world.entries().filter(({ state }) => doubtful.includes(state));
  const ids = entries.map((entry) => targetOf(world, entry)).filter((id) => id !== null && live.has(id));
  return [...new Set(ids as string[])];
}

async function edit(world: World, ids: string[], step: number): Promise<void> {
  if (ids.length === 0) return;
  const inDoubt = world.entries().filter(({ state }) => doubtful.includes(state));
  if (!(await world.tries('touch', { ids, set: { Department: `Colleague ${step}` } })) || world.late) return;
  for (const entry of inDoubt) {
    const id = targetOf(world, entry);
    if (id === null || !ids.includes(id)) continue;
    if (entry.op === 'delete') world.promises.kept.add(id);
    else if (entry.changes.Department)
      world.promises.superseded.add(`${id} ${String(entry.changes.Department)}`);
  }
}

function targetOf({ contacts }: World, { contact_id, upsert_field, changes }: Entry): string | null {
  if (contact_id !== null || upsert_field === null) return contact_id;
  return contacts.find((one) => !one.IsDeleted && one[upsert_field] === changes[upsert_field])?.Id ?? null;
}

async function remove(world: World, chance: Seeded): Promise<void> {
  const ids = someIds(world, chance, 1 + chance.below(3));
  if (ids.length === 0) return;
  for (const id of ids) leaves(world, id);
  await world.tries('delete', { ids });
}

/** What is deleted here may be made anew by an upsert that surely was not sent yet. */
function leaves(world: World, id: string): void {
  const { kept, atMost } = world.promises;
  kept.delete(id);
  const { LastName } = world.contacts.find(({ Id }) => Id === id) as Contact;
  const more = world
    .entries()
    .filter((one) => one.state === 'pending' && one.sent_at === null && one.changes.LastName === LastName);
  const allowed = atMost.get(LastName);
  if (allowed !== undefined) atMost.set(LastName, allowed + more.length);
}

async function restore(world: World, chance: Seeded): Promise<void> {
  const bin = world.contacts.filter(({ IsDeleted, MasterRecordId }) => IsDeleted && !MasterRecordId);
  if (bin.length === 0) return;
  const { Id } = chance.pick(bin);
  const inDoubt = world
    .entries()
    .some(({ op, state, contact_id }) => op === 'delete' && doubtful.includes(state) && contact_id === Id);
  const restored = await world.tries('undelete', { ids: [Id] });
  if (restored && inDoubt && !world.late) world.promises.kept.add(Id);
}

async function purge(world: World, chance: Seeded): Promise<void> {
  const bin = world.contacts.filter(({ IsDeleted, MasterRecordId }) => IsDeleted && !MasterRecordId);
  if (bin.length > 0) await world.tries('purge', { ids: [chance.pick(bin).Id] });
}

async function merge(world: World, chance: Seeded): Promise<void> {
  const [master, ...losers] = someIds(world, chance, 3);
  if (losers.length === 0) return;
  for (const id of losers) leaves(world, id);
  await world.tries('merge', { master, losers });
}

async function transaction(world: World, chance: Seeded, step: number): Promise<void> {
  if (world.openTransaction) {
    await world.control('commit');
    world.openTransaction = false;
    return;
  }
  const ids = someIds(world, chance, 2);
  const touched = ids.length === 0 ? {} : { touch: { ids, set: { Title: `Late ${step}` } } };
  world.openTransaction = await world.tries('open-transaction', {
    create: { count: 2, seed: step },
    ...touched,
  });
}

/** A change of sharing touches no stamp, so that only a reconcile can see it: hidden once, left out of the comparison. */
async function hide(world: World, chance: Seeded): Promise<void> {
  const ids = someIds(world, chance, 1);
  if (ids.length === 0) return;
  await world.control('visibility', { ids, hidden: true });
  for (const id of ids) world.hidden.add(id);
}

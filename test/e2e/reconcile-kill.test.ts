import { setTimeout as delay } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Emulator, startEmulator } from '../../src/emulator/index.ts';
import { repeats } from '../support/deep.ts';
import fc from '../support/properties.ts';
import { Cli, ended } from './cli.ts';
import { calls, contactsOf, control, expectMirrorEqualsOrg } from './org.ts';

/** By each API: 50 kills in the deep run, a tenth in the common one. */
const kills = repeats(5);

let emulator: Emulator;
/** Contacts that are as they were at the beginning. */
let untouched: string[];
let cli: Cli;
beforeEach(() => {
  cli = new Cli();
});
afterEach(async () => {
  cli[Symbol.dispose]();
  await emulator.close();
});

interface StoredRun {
  id: string;
  status: string;
  counts: Record<string, number>;
}

interface Item extends Record<string, unknown> {
  runId: string;
  resumed: boolean;
  former: { runId: string } | null;
}

const file = () => cli.databaseOf(emulator.url);

function read<T>(work: (db: InstanceType<typeof Database>) => T): T {
  const db = new Database(file(), { readonly: true });
  try {
    return work(db);
  } finally {
    db.close();
  }
}

/** Ghosts, stale rows and missing ones; nine of them. */
async function differ(round: number): Promise<void> {
  const { url } = emulator;
  // What was stamped since the cursor is read again by each: a cycle takes the cursor past the round before.
  await control(url, 'clock', { advanceMs: 120_000 });
  expect((await cli.run(['watch', '--once'])).code).toBe(0);
  const ids = untouched.splice(0, 7);
  await control(url, 'touch', { ids: ids.slice(0, 3), set: { Title: `Away ${round}` } });
  await control(url, 'delete', { ids: ids.slice(3, 5) });
  await control(url, 'purge', { ids: ids.slice(5, 7) });
  await control(url, 'contacts', { count: 2, seed: 100 + round });
}
const found = { missing: 2, stale: 3, ghosts: 4, repaired: 9 };

/** A reconcile that is killed so long after its request number `nth`; answers whether it was still under way. */
async function killed(nth: number, afterMs: number): Promise<boolean> {
  const known = await sent();
  const child = cli.start(['reconcile', '--json']);
  child.stdin?.end();
  const end = ended(child);
  while (child.exitCode === null && (await sent()) < known + nth) await delay(5);
  await delay(afterMs);
  child.kill('SIGKILL');
  return (await end).signal === 'SIGKILL';
}

const sent = async () => (await calls(emulator.url)).length;

/** Newest last. */
function all(): (StoredRun & { total: number; swept: boolean })[] {
  const query = `select id, status, counts, state ->> '$.total' as total, state ->> '$.swept' as swept
    from run where kind = 'reconcile' order by seq`;
  const rows = read((db) => db.prepare(query).all()) as (StoredRun & {
    counts: string;
    total: number;
    swept: number | null;
  })[];
  return rows.map((row) => ({ ...row, counts: JSON.parse(row.counts), swept: Boolean(row.swept) }));
}

/** Who asks for the whole brings an older one to its end that has read half of it, and drops any other. */
function isWorthItsEnd({ status, counts, total, swept }: ReturnType<typeof all>[number]): boolean {
  return status !== 'complete' && (swept || 2 * (counts.rows ?? 0) >= total);
}

/** What the complete ones behind the first `known` have found; once each, in however many runs and processes. */
function foundSince(known: number): Record<string, number> {
  const complete = all()
    .slice(known)
    .filter(({ status }) => status === 'complete');
  const sum = (name: string) => complete.reduce((total, { counts }) => total + (counts[name] ?? 0), 0);
  return Object.fromEntries(Object.keys(found).map((name) => [name, sum(name)]));
}

/** One that nobody disturbs, behind those that have begun since there were so many. */
async function whole(known: number): Promise<Item> {
  const before = all().at(-1);
  const former = before !== undefined && isWorthItsEnd(before) ? before.id : null;
  const { orgs } = await cli.json<{ orgs: Item[] }>(['reconcile']);
  const [item] = orgs;
  // Whoever asks has all of it compared from then on.
  expect(item).toMatchObject({ status: 'complete', error: null, held: 0, resumed: false });
  expect(item!.former?.runId ?? null).toBe(former);
  expect(foundSince(known)).toEqual(found);
  const last = all();
  expect(last.at(-1)).toMatchObject({ id: item!.runId, status: 'complete' });
  expect(last.at(-1)!.id).not.toBe(before?.id);
  if (former !== null) expect(last.at(-2)).toMatchObject({ id: former, status: 'complete' });
  expect(read((db) => db.prepare('select count(*) from contact_swept').pluck().get())).toBe(0);
  return item!;
}

it.each([
  { api: 'rest', contacts: 1_500, rows: 40 },
  // The fewest that are compared by a bulk job.
  { api: 'bulk', contacts: 20_100, rows: 1_000 },
])(
  `a reconcile by $api that is killed ${kills} times comes to a mirror as the org, with what has read half of it not read in vain`,
  async ({ api, contacts, rows }) => {
    emulator = await startEmulator({ contacts, dailyLimit: 10_000_000 });
    const { url } = emulator;
    await control(url, 'settings', { maxPageRows: rows, bulkPageRows: rows, latencyMs: 10 });
    await cli.loginByToken(emulator);
    await cli.json(['backfill']);
    untouched = (await contactsOf(url)).map(({ Id }) => Id as string);
    await differ(0);
    const before = (await calls(url)).length;
    await whole(0);
    const asked = (await calls(url)).slice(before).map(({ path }) => path);
    expect(asked.some((path) => path.includes('/jobs/query'))).toBe(api === 'bulk');

    const moments = fc.sample(
      fc.tuple(fc.nat({ max: asked.length }), fc.nat({ max: 30 }), fc.boolean()),
      20 * kills,
    );
    /** How many there were before the org and the mirror differed; null where they do not. */
    let differing: number | null = null;
    let cut = 0;
    let resumed = 0;
    // On until one of them has been gone on with; which of the first are, the machine decides.
    for (let round = 1; cut < kills || resumed === 0; round++) {
      const [nth, afterMs, isLeft] = moments[round - 1]!;
      if (differing === null) {
        differing = all().length;
        await differ(round);
      }
      const before = all().at(-1)!;
      const isGoneOnWith = isWorthItsEnd(before);
      const wasUnderWay = await killed(nth, afterMs);
      if (wasUnderWay) cut++;
      const runs = all();
      // Whatever it had begun behind the older one, that one came to its end before.
      if (isGoneOnWith && runs.at(-1)!.id !== before.id) {
        expect(runs.find(({ id }) => id === before.id)).toMatchObject({ status: 'complete' });
        resumed++;
      }
      // Killed again, or left to come to its end.
      if (!isLeft) continue;
      const item: Item = await whole(differing);
      if (api === 'rest') await expectMirrorEqualsOrg(file(), url);
      if (item.former !== null) resumed++;
      differing = null;
    }
    if (differing !== null) await whole(differing);
    expect(resumed).toBeGreaterThan(0);
    const known = all().length;
    await differ(9_999);
    await whole(known);
    await expectMirrorEqualsOrg(file(), url);
    const doubled = 'select count(*) - count(distinct Id) from contact';
    expect(read((db) => db.prepare(doubled).pluck().get())).toBe(0);
  },
  60_000 + kills * 30_000,
);

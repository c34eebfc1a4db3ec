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

function newest(): StoredRun | null {
  const query = "select id, status, counts from run where kind = 'reconcile' order by seq desc limit 1";
  const row = read((db) => db.prepare(query).get()) as (StoredRun & { counts: string }) | undefined;
  return row === undefined ? null : { ...row, counts: JSON.parse(row.counts) };
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

/** One that nobody disturbs. */
async function whole(): Promise<Item> {
  const { orgs } = await cli.json<{ orgs: Item[] }>(['reconcile']);
  const [item] = orgs;
  // Once each, in however many processes.
  expect(item).toMatchObject({ status: 'complete', error: null, held: 0, ...found });
  expect(newest()).toMatchObject({ id: item!.runId, status: 'complete', counts: found });
  expect(read((db) => db.prepare('select count(*) from contact_swept').pluck().get())).toBe(0);
  return item!;
}

it.each([
  { api: 'rest', contacts: 1_500, rows: 40 },
  // The fewest that are compared by a bulk job.
  { api: 'bulk', contacts: 20_100, rows: 1_000 },
])(
  `a reconcile by $api that is killed ${kills} times goes on under the same run to a mirror as the org`,
  async ({ api, contacts, rows }) => {
    emulator = await startEmulator({ contacts, dailyLimit: 10_000_000 });
    const { url } = emulator;
    await control(url, 'settings', { maxPageRows: rows, bulkPageRows: rows, latencyMs: 10 });
    await cli.loginByToken(emulator);
    await cli.json(['backfill']);
    untouched = (await contactsOf(url)).map(({ Id }) => Id as string);
    await differ(0);
    const before = (await calls(url)).length;
    await whole();
    const asked = (await calls(url)).slice(before).map(({ path }) => path);
    expect(asked.some((path) => path.includes('/jobs/query'))).toBe(api === 'bulk');

    const moments = fc.sample(
      fc.tuple(fc.nat({ max: asked.length }), fc.nat({ max: 30 }), fc.boolean()),
      10 * kills,
    );
    /** Of the one that is to be gone on with. */
    let open: string | null = null;
    let cut = 0;
    let resumed = 0;
    // On until one of them has left a run to go on with; which of the first do, the machine decides.
    for (let round = 1; cut < kills || (resumed === 0 && open === null); round++) {
      const [nth, afterMs, isLeft] = moments[round - 1]!;
      if (open === null) await differ(round);
      const known = newest()?.id;
      const wasUnderWay = await killed(nth, afterMs);
      if (wasUnderWay) cut++;
      const run = newest()!;
      const isBegun = open !== null || run.id !== known;
      if (open !== null) expect(run.id).toBe(open);
      if (run.status === 'complete') {
        // Else it was killed before its run was stored.
        if (isBegun) expect(run.counts).toMatchObject(found);
        else await whole();
        open = null;
        continue;
      }
      open = run.id;
      // Killed again, or left to come to its end.
      if (!isLeft) continue;
      const item = await whole();
      expect(item).toMatchObject({ runId: open, resumed: true });
      if (api === 'rest') await expectMirrorEqualsOrg(file(), url);
      resumed++;
      open = null;
    }
    if (open !== null) {
      expect(await whole()).toMatchObject({ runId: open, resumed: true });
      resumed++;
    }
    expect(resumed).toBeGreaterThan(0);
    await differ(9_999);
    await whole();
    await expectMirrorEqualsOrg(file(), url);
    const doubled = 'select count(*) - count(distinct Id) from contact';
    expect(read((db) => db.prepare(doubled).pluck().get())).toBe(0);
  },
  60_000 + kills * 30_000,
);

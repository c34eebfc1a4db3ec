import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SyncContext } from '../../src/sync/context.ts';
import type { Mirror } from '../../src/sync/ports/mirror.ts';
import { type ReconcileReport, reconcile } from '../../src/sync/reconcile/reconcile.ts';
import { control } from '../e2e/org.ts';
import { asked, copiedRig, cursorsOf, equal, idsOf, sql } from './reconcile-rig.ts';
import type { Rig } from './rig.ts';

let rig: Rig;
/** What differs, so that it can be made to differ again. */
let snapshot: Record<string, unknown[][]>;
const tables = ['contact', 'contact_seen', 'cursor'] as const;

beforeAll(async () => {
  rig = await copiedRig(160);
  const { url } = rig.emulator;
  await control(url, 'settings', { maxPageRows: 40, bulkPageRows: 40 });
  const ids = await idsOf(rig, 12);
  await control(url, 'touch', { ids: ids.slice(0, 4), set: { Title: 'Away' } });
  await control(url, 'delete', { ids: ids.slice(4, 7) });
  await control(url, 'purge', { ids: ids.slice(7, 9) });
  await control(url, 'contacts', { count: 5, seed: 8 });
  snapshot = Object.fromEntries(
    tables.map((table) => [table, sql<unknown[]>(rig, `select * from ${table}`)]),
  );
});
afterAll(() => rig[Symbol.asyncDispose]());

/** As it was before the first reconcile. */
function differAgain(): void {
  for (const table of tables) {
    sql(rig, `delete from ${table}`);
    for (const row of snapshot[table]!)
      sql(rig, `insert into ${table} values (${row.map(() => '?').join(', ')})`, ...row);
  }
  for (const table of ['contact_swept', 'chunk']) sql(rig, `delete from ${table}`);
  sql(rig, "delete from run where kind = 'reconcile'");
}

/** From its write number `at` on, stored or not, nothing that the process does reaches the mirror. */
function dying(mirror: Mirror, at: number, isStored: boolean): { mirror: Mirror; writes: () => number } {
  let commits = 0;
  const commit: Mirror['commit'] = async (batch, options) => {
    const n = commits++;
    if (n < at) return mirror.commit(batch, options);
    if (n === at && isStored) await mirror.commit(batch, options);
    throw new Error('killed');
  };
  const { schema, contacts, journal, sweep, outbox } = mirror;
  const under: Mirror['under'] = (lease) => mirror.under(lease);
  return {
    mirror: { schema, contacts, journal, sweep, outbox, commit, under, twoWay: () => mirror.twoWay() },
    writes: () => commits,
  };
}

const found = { checked: 163, missing: 5, stale: 4, ghosts: 5, held: 0, repaired: 14 };

/** Counts the pages that were asked for, by a process that lives. */
async function resume(): Promise<{ pages: number; report: ReconcileReport }> {
  let pages = 0;
  const { remote } = rig.context;
  const counting: SyncContext['remote'] = {
    ...remote,
    queries: {
      ...remote.queries,
      page(...call) {
        pages++;
        return remote.queries.page(...call);
      },
    },
  };
  const report = await reconcile({ ...rig.context, remote: counting }, asked(rig));
  expect(report).toMatchObject({ status: 'complete', error: null, ...found });
  return { pages, report };
}

describe('a reconcile that is killed', () => {
  it('goes on to the same mirror and the same counts, before or behind any of its writes', {
    timeout: 300_000,
  }, async () => {
    const whole = dying(rig.context.mirror, Number.POSITIVE_INFINITY, true);
    expect(await reconcile({ ...rig.context, mirror: whole.mirror }, asked(rig))).toMatchObject(found);
    await equal(rig);
    const { updated } = await cursorsOf(rig.context);
    // How many there are is no certain number: what takes long is stored more often.
    for (let at = 0; ; at++) {
      differAgain();
      const { mirror, writes } = dying(rig.context.mirror, at, at % 2 === 0);
      const killed = await reconcile({ ...rig.context, mirror }, asked(rig));
      if (writes() <= at) {
        expect(killed).toMatchObject({ status: 'complete', ...found });
        expect(at).toBeGreaterThan(10);
        break;
      }
      expect(killed.status).toBe('failed');
      // The columns that came with it are a run of their own, behind its end.
      if ((await rig.context.mirror.journal.runs({ kind: 'reconcile', status: 'complete' })).length === 0)
        await resume();
      await equal(rig);
      expect((await cursorsOf(rig.context)).updated).toBeGreaterThanOrEqual(updated!);
    }
  });

  it('compares no page a second time', async () => {
    differAgain();
    const whole = await resume();
    differAgain();
    // Behind the plan and its step, and two pages.
    const { mirror } = dying(rig.context.mirror, 4, true);
    await reconcile({ ...rig.context, mirror }, asked(rig));
    const [run] = await rig.context.mirror.journal.runs({ kind: 'reconcile', limit: 1 });
    expect(run?.counts.rows).toBeGreaterThan(0);
    const { journal } = rig.context.mirror;
    const worked = (await journal.steps(run!.id)).reduce(
      (sum, one) => sum + one.finishedAt - one.startedAt,
      0,
    );
    const rest = await resume();
    expect(rest.pages).toBeLessThan(whole.pages);
    // What is told at the end is of the whole run.
    expect(run!.apiCalls).toBeGreaterThan(0);
    expect(rest.report.apiCalls).toBe((await journal.run(run!.id))!.apiCalls);
    expect(rest.report.durationMs).toBeGreaterThanOrEqual(worked);
  });
});

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SyncContext } from '../../src/sync/context.ts';
import { runCycle } from '../../src/sync/cycle/cycle.ts';
import {
  type ReconcileOptions,
  type ReconcileReport,
  reconcile,
} from '../../src/sync/reconcile/reconcile.ts';
import { calls, contactsOf, control } from '../e2e/org.ts';
import { asked, copiedRig, equal, goneOf, idsOf, later } from './reconcile-rig.ts';
import type { Rig } from './rig.ts';

/** What a reconcile asks and holds at a time. */
interface Seen {
  report: ReconcileReport;
  /** Ids in each query that asks for records by their Id. */
  asked: number[];
  /** Rows that were taken from the sweep at once, the most. */
  mostDue: number;
  /** Marks and tombstones of one transaction, the most. */
  mostStored: number;
  pages: number;
  jobs: number;
}

async function watched(context: SyncContext, options: ReconcileOptions): Promise<Seen> {
  const seen = { asked: [] as number[], mostDue: 0, mostStored: 0, pages: 0, jobs: 0 };
  const { mirror, remote } = context;
  const { contacts, journal, schema, outbox } = mirror;
  const report = await reconcile(
    {
      ...context,
      remote: {
        ...remote,
        queries: {
          ...remote.queries,
          all(soql, more) {
            const ids = soql.split('Id IN (')[1]?.split(',').length;
            if (ids !== undefined) seen.asked.push(ids);
            return remote.queries.all(soql, more);
          },
          page(...call) {
            seen.pages++;
            return remote.queries.page(...call);
          },
        },
        bulk: {
          ...remote.bulk,
          create(...call) {
            seen.jobs++;
            return remote.bulk.create(...call);
          },
        },
      },
      mirror: {
        contacts,
        journal,
        schema,
        outbox,
        twoWay: () => mirror.twoWay(),
        under: (lease) => mirror.under(lease),
        sweep: {
          count: (due) => mirror.sweep.count(due),
          async due(due, bounds) {
            const rows = await mirror.sweep.due(due, bounds);
            seen.mostDue = Math.max(seen.mostDue, rows.length);
            return rows;
          },
        },
        commit(batch, more) {
          const marks = (batch.effects ?? []).flatMap((one) => (one.kind === 'mark-swept' ? one.marks : []));
          const stored = Math.max(marks.length, batch.tombstones?.length ?? 0);
          seen.mostStored = Math.max(seen.mostStored, stored);
          return mirror.commit(batch, more);
        },
      },
    },
    options,
  );
  return { report, ...seen };
}

const sum = (numbers: readonly number[]) => numbers.reduce((all, one) => all + one, 0);

describe('22,000 rows that the org does not show', () => {
  const hidden = 22_000;
  const purged = 100;
  let rig: Rig;
  let ids: string[];

  beforeAll(async () => {
    rig = await copiedRig(24_000);
    const { url } = rig.emulator;
    ids = (await contactsOf(url)).map(({ Id }) => Id as string);
    for (let i = 0; i < hidden; i += 2_000)
      await control(url, 'visibility', { ids: ids.slice(i, i + 2_000), hidden: true });
    await control(url, 'purge', { ids: ids.slice(hidden, hidden + purged) });
  }, 120_000);
  afterAll(() => rig[Symbol.asyncDispose]());

  it('are held without a question for each, but for those of which Salesforce says that they are deleted', async () => {
    const { report, asked: queries, mostDue, mostStored } = await watched(rig.context, asked(rig));
    expect(report).toMatchObject({
      error: null,
      status: 'complete',
      held: hidden,
      ghosts: hidden + purged,
      repaired: purged,
    });
    expect(sum(queries)).toBe(purged);
    expect(goneOf(rig)).toEqual(
      Object.fromEntries(ids.slice(hidden, hidden + purged).map((id) => [id, 'purged'])),
    );
    expect(mostDue).toBe(2_000);
    expect(mostStored).toBeLessThanOrEqual(2_000);
  }, 120_000);

  it('are asked for with force, some hundred a query and 2,000 a transaction, and hidden', async () => {
    const {
      report,
      asked: queries,
      mostDue,
      mostStored,
    } = await watched(rig.context, asked(rig, { force: true }));
    expect(report).toMatchObject({ error: null, held: 0, ghosts: hidden, repaired: hidden });
    expect(sum(queries)).toBe(hidden);
    expect(Math.max(...queries)).toBe(350);
    // Eleven passes of 2,000, five full queries and a rest in each.
    expect(queries).toHaveLength(11 * 6);
    expect(mostDue).toBe(2_000);
    expect(mostStored).toBe(2_000);
    const gone = Object.values(goneOf(rig));
    expect(gone.filter((what) => what === 'hidden')).toHaveLength(hidden);
    expect(gone).toHaveLength(hidden + purged);
    expect((await rig.context.mirror.contacts.counts()).contacts).toBe(24_000 - hidden - purged);
  }, 120_000);
});

describe('a sweep by bulk jobs', () => {
  /** The way of large orgs, for a small one. */
  const large = (context: SyncContext): SyncContext => ({
    ...context,
    sizes: { ...context.sizes, bulkAboveRecords: 100, bulkSpanRows: 200 },
  });

  it('finds what one by queries finds, a job a span and a request a page of results', async () => {
    await using rig = await copiedRig(500);
    const { url } = rig.emulator;
    await control(url, 'settings', { bulkPageRows: 40 });
    const ids = await idsOf(rig, 9);
    await control(url, 'touch', { ids: ids.slice(0, 4), set: { Title: 'Away' } });
    await control(url, 'delete', { ids: ids.slice(4, 7) });
    await control(url, 'purge', { ids: ids.slice(7) });
    await control(url, 'contacts', { count: 6, seed: 8 });
    const known = (await calls(url)).length;
    const {
      report,
      jobs,
      pages,
      asked: queries,
    } = await later(rig, 0, (context) => watched(large(context), asked(rig)));
    // Deleted ones are compared too; of what is purged only the mirror knows.
    const found = { checked: 504, missing: 6, stale: 4, ghosts: 5, held: 0, repaired: 15 };
    expect(report).toMatchObject({ error: null, status: 'complete', ...found });
    expect(pages).toBe(0);
    expect(jobs).toBeGreaterThan(1);
    const paths = (await calls(url))
      .slice(known)
      .map(({ method, path }) => `${method} ${path.split('?')[0]}`);
    expect(paths.filter((path) => /^POST .*\/jobs\/query$/.test(path))).toHaveLength(jobs);
    expect(paths.filter((path) => /^GET .*\/results$/.test(path)).length).toBeGreaterThanOrEqual(504 / 40);
    expect(sum(queries)).toBe(5);
    await equal(rig);
    // What was stamped since the cursor is read once more until the cursor has passed it.
    await control(url, 'clock', { advanceMs: 180_000 });
    await later(rig, 0, (context) => runCycle(context, { push: false, signal: rig.signal }));
    const again = await later(rig, 0, (context) => watched(large(context), asked(rig)));
    expect(again.report).toMatchObject({ error: null, missing: 0, stale: 0, ghosts: 0, repaired: 0 });
  });

  it('asks again for a page of results that broke off, and compares no row twice', async () => {
    await using rig = await copiedRig(300);
    const { url } = rig.emulator;
    const ids = await idsOf(rig, 5);
    await control(url, 'touch', { ids: ids.slice(0, 3), set: { Title: 'Away' } });
    await control(url, 'delete', { ids: ids.slice(3) });
    await control(url, 'faults', [
      { match: 'GET .*/jobs/query/[^/]+/results', times: 1, skip: 1, dropAfterBytes: 400 },
    ]);
    await control(url, 'settings', { bulkPageRows: 40 });
    const { report } = await later(rig, 0, (context) => watched(large(context), asked(rig)));
    expect(report).toMatchObject({ error: null, checked: 300, stale: 3, ghosts: 2, repaired: 5 });
    await equal(rig);
  });
});

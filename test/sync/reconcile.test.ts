import { describe, expect, it } from 'vitest';
import { backfill } from '../../src/sync/backfill/backfill.ts';
import { runCycle } from '../../src/sync/cycle/cycle.ts';
import type { SyncEvent } from '../../src/sync/events.ts';
import { reconcile } from '../../src/sync/reconcile/reconcile.ts';
import { contactsOf, control } from '../e2e/org.ts';
import {
  asked,
  copiedRig,
  cursorsOf,
  dayMs,
  equal,
  goneOf,
  heard,
  idsOf,
  later,
  reconciled,
  rowsOf,
  sql,
} from './reconcile-rig.ts';
import type { Rig } from './rig.ts';

describe('a reconcile', () => {
  it('makes everything right again after 40 days without a cycle, and the next cycle goes on from it', async () => {
    await using rig = await copiedRig(400, 40);
    const { url } = rig.emulator;
    const ids = await idsOf(rig, 12);
    await control(url, 'clock', { advanceMs: 2 * dayMs });
    await control(url, 'touch', { ids: ids.slice(0, 3), set: { Title: 'Away' } });
    await control(url, 'delete', { ids: ids.slice(3, 5) });
    await control(url, 'purge', { ids: ids.slice(5, 6) });
    await control(url, 'merge', { master: ids[6], losers: [ids[7]] });
    await control(url, 'contacts', { count: 5, seed: 7 });
    const report = await reconciled(rig, 38);
    expect(report).toMatchObject({ status: 'complete', error: null, held: 0, missing: 5, contacts: 401 });
    // The master was touched by its merge.
    expect(report).toMatchObject({ stale: 4, ghosts: 4, repaired: 13, cause: 'asked', resumed: false });
    expect(report.checked).toBeGreaterThanOrEqual(401);
    await equal(rig);
    expect(goneOf(rig)).toEqual({
      [ids[3]!]: expect.stringMatching(/deleted|purged/),
      [ids[4]!]: expect.stringMatching(/deleted|purged/),
      [ids[5]!]: 'purged',
      [ids[7]!]: expect.stringMatching(/merged|purged/),
    });
    await control(url, 'touch', { ids: ids.slice(8, 9), set: { Title: 'After' } });
    await control(url, 'clock', { advanceMs: 120_000 });
    const cycle = await later(rig, 0, (context) => runCycle(context, { push: false, signal: rig.signal }));
    expect(cycle.upserted).toBe(1);
    await equal(rig);
  });

  it('takes a row whose Id is none, as a program may write to the table, for a ghost, and asks for no such Id', async () => {
    await using rig = await copiedRig(50, 1);
    const [first] = await idsOf(rig, 1);
    const strays = ['x', "it's", '003', '001000000000001AAA', first!.slice(0, 17)];
    for (const id of strays) sql(rig, 'INSERT INTO contact (Id) VALUES (?)', id);
    const report = await reconciled(rig);
    expect(report).toMatchObject({ status: 'complete', error: null, held: 0, ghosts: strays.length });
    await equal(rig);
    expect(Object.keys(goneOf(rig)).sort()).toEqual(strays.sort());
    expect(await reconciled(rig)).toMatchObject({ status: 'complete', error: null, ghosts: 0 });
  });

  it('moves both cursors to T0, which a transaction that is open holds back, and never back', async () => {
    await using rig = await copiedRig(50, 1);
    const { url } = rig.emulator;
    const before = await cursorsOf(rig.context);
    const ids = await idsOf(rig, 1);
    await control(url, 'clock', { advanceMs: dayMs / 2 });
    // It is stamped now, is seen by no read, and is committed after the reconcile.
    await control(url, 'open-transaction', { touch: { ids, set: { Title: 'Late' } } });
    await control(url, 'clock', { advanceMs: 600_000 });
    const first = await later(rig, 0, async (context) => {
      const report = await reconcile(context, asked(rig));
      return { report, cursors: await cursorsOf(context) };
    });
    expect(first.report.error).toBeNull();
    expect(first.cursors.updated!).toBeGreaterThan(before.updated!);
    await control(url, 'commit', {}).catch(() => control(url, 'open-transaction/commit', {}));
    await control(url, 'clock', { advanceMs: 600_000 });
    await later(rig, 0, (context) => runCycle(context, { push: false, signal: rig.signal }));
    await equal(rig);
    const after = await later(rig, 0, cursorsOf);
    // A window that lies further back than the cursors: they stay.
    await control(url, 'open-transaction', { touch: { ids, set: { Title: 'Later' } } });
    await control(url, 'clock', { advanceMs: 60_000 });
    await later(rig, 0, async (context) => {
      await context.mirror.commit({
        effects: [
          {
            kind: 'move-cursors',
            to: { updated: after.updated! + 60_000, deleted: after.deleted! + 60_000 },
          },
        ],
      });
      const { error } = await reconcile(context, asked(rig));
      expect(error).toBeNull();
      const { updated, deleted } = await cursorsOf(context);
      expect(updated).toBeGreaterThanOrEqual(after.updated! + 60_000);
      expect(deleted).toBeGreaterThanOrEqual(after.deleted! + 60_000);
    });
  });

  it('reads fields again that no stamp tells of, and fills what came while nobody looked', async () => {
    await using rig = await copiedRig(60);
    const { url } = rig.emulator;
    const formulas = (await rig.context.mirror.schema.fields()).filter(({ calculated }) => calculated);
    expect(formulas.length).toBeGreaterThan(0);
    const { name } = formulas[0]!;
    const ids = await idsOf(rig, 3);
    sql(rig, `update contact set "${name}" = 'as it was' where Id in (?, ?, ?)`, ...ids);
    await control(url, 'settings', { hiddenFields: ['Title'] });
    await reconciled(rig);
    await control(url, 'touch', { count: 0 }).catch(() => {});
    await control(url, 'settings', { hiddenFields: [] });
    sql(rig, `update contact set "${name}" = 'as it was' where Id in (?, ?, ?)`, ...ids);
    const report = await reconciled(rig);
    expect(report).toMatchObject({ error: null, missing: 0, stale: 0, ghosts: 0, recalculated: 3 });
    await equal(rig);
  });

  it('takes the values of a hidden contact that was erased since the last cycle, for no list names it later', async () => {
    await using rig = await copiedRig(20, 1);
    const { url } = rig.emulator;
    const ids = await idsOf(rig, 3);
    await control(url, 'visibility', { ids, hidden: true });
    await reconciled(rig);
    expect(Object.values(goneOf(rig))).toEqual(['hidden', 'hidden', 'hidden']);
    await control(url, 'clock', { advanceMs: 600_000 });
    await control(url, 'delete', { ids: ids.slice(0, 1) });
    await control(url, 'purge', { ids: ids.slice(0, 1) });
    await control(url, 'clock', { advanceMs: 600_000 });
    const report = await reconciled(rig);
    expect(report).toMatchObject({ error: null, held: 0 });
    expect(goneOf(rig)).toEqual({ [ids[0]!]: 'purged', [ids[1]!]: 'hidden', [ids[2]!]: 'hidden' });
    expect(sql(rig, 'select LastName from contact where Id = ?', ids[0])).toEqual([[null]]);
  });

  it('takes the values of hidden contacts of which nobody can say any more that they were not erased', async () => {
    await using rig = await copiedRig(20, 40);
    const { url } = rig.emulator;
    const ids = await idsOf(rig, 3);
    await control(url, 'visibility', { ids, hidden: true });
    await reconciled(rig);
    const report = await reconciled(rig, 39);
    expect(report).toMatchObject({ error: null, held: 0, contacts: 17 });
    expect(Object.values(goneOf(rig))).toEqual(['purged', 'purged', 'purged']);
    await control(url, 'visibility', { ids, hidden: false });
    await reconciled(rig);
    await equal(rig);
  });

  it('fills a new field for contacts that were hidden while the others got it, and are shown again unchanged', async () => {
    await using rig = await copiedRig(200, 1);
    const { url } = rig.emulator;
    const ids = await idsOf(rig, 4);
    await control(url, 'visibility', { ids, hidden: true });
    await control(url, 'settings', { addFields: [{ name: 'Fresh__c', type: 'boolean' }] });
    await control(url, 'clock', { advanceMs: 2 * 3_600_000 });
    await later(rig, 0, (context) => runCycle(context, { push: false, signal: rig.signal }));
    await control(url, 'visibility', { ids, hidden: false });
    await control(url, 'clock', { advanceMs: 600_000 });
    expect((await reconciled(rig)).error).toBeNull();
    expect(sql(rig, 'select count(*) from contact where Fresh__c is null')).toEqual([[0]]);
    await equal(rig);
  });

  it('finds who was hidden from this user, and who is shown again', async () => {
    await using rig = await copiedRig(80);
    const { url } = rig.emulator;
    const ids = await idsOf(rig, 4);
    await control(url, 'visibility', { ids, hidden: true });
    const hidden = await reconciled(rig);
    expect(hidden).toMatchObject({ error: null, ghosts: 4, held: 0, repaired: 4 });
    expect(Object.values(goneOf(rig))).toEqual(['hidden', 'hidden', 'hidden', 'hidden']);
    await control(url, 'visibility', { ids, hidden: false });
    const shown = await reconciled(rig);
    expect(shown).toMatchObject({ error: null, stale: 4, repaired: 4, ghosts: 0 });
    expect(goneOf(rig)).toEqual({});
    await equal(rig);
  });

  it('finds into whom a contact was merged that was deleted and restored before, and asks for it once', async () => {
    await using rig = await copiedRig(30, 40);
    const { url } = rig.emulator;
    const [master = '', loser = ''] = await idsOf(rig, 2);
    await control(url, 'delete', { ids: [loser] });
    await control(url, 'clock', { advanceMs: 120_000 });
    await later(rig, 0, (context) => runCycle(context, { push: false, signal: rig.signal }));
    expect(goneOf(rig)).toEqual({ [loser]: 'deleted' });
    await control(url, 'undelete', { ids: [loser] });
    await control(url, 'merge', { master, losers: [loser] });
    const report = await reconciled(rig, 35);
    expect(report).toMatchObject({ error: null, stale: 1, ghosts: 1, contacts: 29 });
    expect(sql(rig, 'select _gone, MasterRecordId from contact where Id = ?', loser)).toEqual([
      ['merged', master],
    ]);
    expect(await reconciled(rig)).toMatchObject({ error: null, ghosts: 0, repaired: 0 });
  });

  it('holds all that remain where the others are stated to be deleted, in a dry run as in a real one', async () => {
    await using rig = await copiedRig(6);
    const { url } = rig.emulator;
    const ids = await idsOf(rig, 6);
    await control(url, 'delete', { ids: ids.slice(0, 2) });
    await control(url, 'visibility', { ids: ids.slice(2), hidden: true });
    const asIfDone = await reconciled(rig, 0, { dryRun: true });
    expect(asIfDone).toMatchObject({ error: null, held: 4, ghosts: 6 });
    const braked = await reconciled(rig);
    expect(braked).toMatchObject({ error: null, held: 4, ghosts: 6, contacts: 4 });
    expect(Object.keys(goneOf(rig)).toSorted()).toEqual(ids.slice(0, 2).toSorted());
  });

  it('holds many rows that Salesforce does not call deleted, applies the rest, and removes them with force', async () => {
    await using rig = await copiedRig(500, 2);
    const { url } = rig.emulator;
    const ids = await idsOf(rig, 160);
    const before = await cursorsOf(rig.context);
    await control(url, 'visibility', { ids: ids.slice(0, 150), hidden: true });
    await control(url, 'delete', { ids: ids.slice(150, 152) });
    await control(url, 'touch', { ids: ids.slice(152, 155), set: { Title: 'Rest' } });
    await control(url, 'contacts', { count: 2, seed: 3 });
    const braked = await reconciled(rig, 2);
    expect(braked).toMatchObject({
      error: null,
      status: 'complete',
      held: 150,
      ghosts: 152,
      missing: 2,
      stale: 3,
    });
    expect(braked.repaired).toBe(7);
    expect(Object.keys(goneOf(rig))).toHaveLength(2);
    const after = await later(rig, 0, cursorsOf);
    expect(after.updated!).toBeGreaterThan(before.updated!);
    const [run] = await rig.context.mirror.journal.runs({ kind: 'reconcile', limit: 1 });
    expect(run?.counts.held).toBe(150);
    const steps = await rig.context.mirror.journal.steps(run!.id);
    expect(steps.map(({ name }) => name)).toEqual(['plan', 'sweep', 'confirm', 'fetch']);
    expect(steps[2]?.note).toContain('150 of 500 contacts');
    const forced = await reconciled(rig, 0, { force: true });
    expect(forced).toMatchObject({ error: null, held: 0, ghosts: 150, repaired: 150 });
    expect(Object.keys(goneOf(rig))).toHaveLength(152);
    await control(url, 'visibility', { ids: ids.slice(0, 150), hidden: false });
    expect(await reconciled(rig)).toMatchObject({ stale: 150, repaired: 150 });
    await equal(rig);
  });

  it('keeps no values of who was held and may have been erased while no list told of it', async () => {
    await using rig = await copiedRig(300, 40);
    const { url } = rig.emulator;
    const ids = await idsOf(rig, 150);
    await control(url, 'clock', { advanceMs: dayMs });
    await control(url, 'delete', { ids });
    await control(url, 'purge', { ids });
    // Longer than Salesforce tells of deletions; some are erased whose deletion nobody tells.
    const braked = await reconciled(rig, 38);
    expect(braked).toMatchObject({ error: null, held: 150, contacts: 300 });
    const forced = await reconciled(rig, 0, { force: true });
    expect(forced).toMatchObject({ error: null, held: 0, contacts: 150 });
    expect(new Set(Object.values(goneOf(rig)))).toEqual(new Set(['purged']));
    expect(sql(rig, 'select count(LastName) from contact where _gone is not null')).toEqual([[0]]);
    // What is hidden from now on keeps its values again.
    const [hidden] = (await idsOf(rig, 300)).filter((id) => !ids.includes(id)) as [string];
    await control(url, 'visibility', { ids: [hidden], hidden: true });
    await reconciled(rig);
    expect(goneOf(rig)[hidden]).toBe('hidden');
  });

  it('removes nobody who is there when asked for by Id, whatever the sweep said', async () => {
    await using rig = await copiedRig(60);
    const { url } = rig.emulator;
    const ids = await idsOf(rig, 4);
    await control(url, 'delete', { ids: ids.slice(0, 2) });
    await control(url, 'visibility', { ids: ids.slice(2), hidden: true });
    const report = await later(rig, 0, (context) => {
      // They come back between the sweep and the look at each.
      const mirror = heard(context.mirror, 'close-sweep', async () => {
        await control(url, 'undelete', { ids: ids.slice(0, 2) });
        await control(url, 'visibility', { ids: ids.slice(2), hidden: false });
      });
      return reconcile({ ...context, mirror }, asked(rig));
    });
    expect(report).toMatchObject({ error: null, ghosts: 0, stale: 4, contacts: 60 });
    expect(goneOf(rig)).toEqual({});
    await equal(rig);
  });

  describe('of what has become newer in the org', () => {
    /** Two that a reconcile reads, with what happens when it asks for them. */
    async function touched(work: (url: string, ids: string[]) => Promise<unknown>, after?: typeof work) {
      const rig = await copiedRig(60);
      const { url } = rig.emulator;
      const ids = await idsOf(rig, 2);
      await control(url, 'touch', { ids, set: { Title: 'Newer' } });
      const made = await later(rig, 0, async (context) => {
        const { records } = context;
        const retrieve: typeof records.retrieve = async (...args) => {
          await work(url, ids);
          const answer = await records.retrieve(...args);
          await after?.(url, ids);
          return answer;
        };
        return reconcile({ ...context, records: { ...records, retrieve } }, asked(rig));
      });
      return { rig, ids, made };
    }

    it('settles who is deleted or hidden when it is asked for by Id', async () => {
      for (const [kind, work] of Object.entries({
        deleted: (url: string, ids: string[]) => control(url, 'delete', { ids }).catch(() => {}),
        hidden: (url: string, ids: string[]) => control(url, 'visibility', { ids, hidden: true }),
      })) {
        const { rig, ids, made } = await touched(work);
        await using _rig = rig;
        expect(made).toMatchObject({ status: 'complete', stale: 2, ghosts: 2, held: 0, error: null });
        expect(goneOf(rig)).toEqual(Object.fromEntries(ids.map((id) => [id, kind])));
      }
    });

    it('holds who is not shown by then, where that empties the mirror', async () => {
      const { rig, made } = await touched(async (url) => {
        const ids = (await contactsOf(url)).map(({ Id }) => Id);
        await control(url, 'visibility', { ids, hidden: true });
      });
      await using _rig = rig;
      expect(made).toMatchObject({ status: 'complete', ghosts: 2, held: 0, contacts: 58 });
    });

    it('does not end while queryAll shows it and no retrieve gives it, and is read by the next', async () => {
      const { rig, made } = await touched(
        (url, ids) => control(url, 'visibility', { ids, hidden: true }),
        (url, ids) => control(url, 'visibility', { ids, hidden: false }),
      );
      await using _rig = rig;
      expect(made).toMatchObject({ status: 'failed', error: { code: 'PAGE_INCOMPLETE' } });
      expect(await reconciled(rig)).toMatchObject({ status: 'complete', stale: 2, error: null });
      await equal(rig);
    });
  });

  it('does not believe an org that shows nothing', async () => {
    await using rig = await copiedRig(30);
    const ids = await idsOf(rig, 30);
    await control(rig.emulator.url, 'visibility', { ids, hidden: true });
    const report = await reconciled(rig);
    expect(report).toMatchObject({ error: null, held: 30, ghosts: 30, repaired: 0, contacts: 30 });
    expect(goneOf(rig)).toEqual({});
  });

  it('changes nothing in a dry run, and names what it would do', async () => {
    await using rig = await copiedRig(120);
    const { url } = rig.emulator;
    const ids = await idsOf(rig, 6);
    await control(url, 'touch', { ids: ids.slice(0, 2), set: { Title: 'Other' } });
    await control(url, 'delete', { ids: ids.slice(2, 4) });
    await control(url, 'purge', { ids: ids.slice(4, 5) });
    const { ids: created } = await control(url, 'contacts', { count: 2, seed: 5 });
    const before = rowsOf(rig);
    const dry = await reconciled(rig, 0, { dryRun: true });
    expect(dry).toMatchObject({
      error: null,
      dryRun: true,
      missing: 2,
      stale: 2,
      ghosts: 3,
      held: 0,
      repaired: 0,
    });
    expect(dry.ids).toEqual({
      missing: created.toSorted(),
      stale: ids.slice(0, 2).toSorted(),
      ghosts: ids.slice(2, 5).toSorted(),
      held: [],
    });
    expect(rowsOf(rig)).toEqual(before);
    const real = await reconciled(rig);
    expect(real).toMatchObject({ missing: 2, stale: 2, ghosts: 3, repaired: 7, resumed: false });
    await equal(rig);
  });
});

describe('an interrupted reconcile', () => {
  /** Begun in an org where a transaction has been open for so many days, and cut off before it compares anything. */
  async function interruptedRig(openDays: number) {
    const rig = await copiedRig(60, 40);
    const { url } = rig.emulator;
    await control(url, 'open-transaction', {});
    const report = await later(rig, openDays, async (context) => {
      const stop = new AbortController();
      const onEvent = (event: SyncEvent) => {
        if (event.type === 'reconcile:start') stop.abort();
      };
      return reconcile({ ...context, onEvent }, asked(rig, { signal: stop.signal }));
    });
    expect(report.status).toBe('interrupted');
    await control(url, 'open-transaction/commit', {});
    return rig;
  }

  it.each([
    { open: 0, days: 6, resumed: true, why: 'is gone on with after six days' },
    { open: 0, days: 8, resumed: false, why: 'begins anew after eight' },
    { open: 9, days: 4, resumed: true, why: 'is gone on with where T0 lies 13 days back' },
    { open: 9, days: 6, resumed: false, why: 'begins anew where T0 nears the end of what cycles are told' },
  ])('$why, and cycles go on from it', async ({ open, days, resumed }) => {
    await using rig = await interruptedRig(open);
    const ids = await idsOf(rig, 2);
    await control(rig.emulator.url, 'delete', { ids });
    expect(await reconciled(rig, days)).toMatchObject({ status: 'complete', resumed });
    await later(rig, 1, (context) => runCycle(context, { push: false, signal: rig.signal }));
    await equal(rig);
  });

  it('begins anew where the org has cut its list of deletions short since then', async () => {
    await using rig = await interruptedRig(0);
    const { url } = rig.emulator;
    await control(url, 'clock', { advanceMs: 3 * dayMs });
    const { nowMs } = await control<{ nowMs: number }>(url, 'clock', { advanceMs: 0 });
    await control(url, 'delete-log', { before: nowMs - dayMs });
    expect(await reconciled(rig)).toMatchObject({ status: 'complete', resumed: false });
    await later(rig, 0, (context) => runCycle(context, { push: false, signal: rig.signal }));
    await equal(rig);
  });

  it('begins anew where a full copy has read since then what the sweep does not have', async () => {
    await using rig = await interruptedRig(0);
    const stop = new AbortController();
    const onEvent = ({ type }: SyncEvent) => {
      if (type === 'backfill:progress') stop.abort();
    };
    await later(rig, 0, (context) => backfill({ ...context, onEvent }, { api: 'rest', signal: stop.signal }));
    expect(await reconciled(rig)).toMatchObject({ status: 'complete', resumed: false });
  });

  it('holds nothing of what cycles have settled since, and judges what was hidden since as such', async () => {
    await using rig = await copiedRig(60);
    const { url } = rig.emulator;
    const ids = await idsOf(rig, 60);
    await control(url, 'delete', { ids });
    await control(url, 'purge', { ids });
    const cut = await later(rig, 3, (context) => {
      const stop = new AbortController();
      const mirror = heard(context.mirror, 'mark-swept', async () => stop.abort());
      return reconcile({ ...context, mirror }, asked(rig, { signal: stop.signal }));
    });
    expect(cut.status).toBe('interrupted');
    expect(await rig.context.mirror.sweep.count('unknown')).toBe(60);
    await later(rig, 0, (context) => runCycle(context, { push: false, signal: rig.signal }));
    expect(await rig.context.mirror.contacts.counts()).toMatchObject({ contacts: 0 });
    expect(await reconciled(rig)).toMatchObject({ status: 'complete', resumed: true, held: 0, contacts: 0 });
    expect(new Set(Object.values(goneOf(rig)))).toEqual(new Set(['purged']));
  });
});

describe('a full copy that was interrupted before a reconcile', () => {
  it('brings back nobody who is gone: it is begun anew', async () => {
    await using rig = await copiedRig(30, 40);
    const { url } = rig.emulator;
    const full = (context: Rig['context']) => backfill(context, { api: 'bulk', signal: rig.signal });
    const known = new Set(await idsOf(rig, 30));
    await control(url, 'contacts', { count: 2, seed: 9 });
    // Its job is made, and nobody comes to its pages for two days.
    await control(url, 'faults', [{ match: 'GET .*/result', times: 99, status: 500 }]);
    const begun = await later(rig, 1, full);
    expect(begun).toMatchObject({ status: 'failed', api: 'bulk' });
    await control(url, 'faults', []);
    const made = (await contactsOf(url)).map(({ Id }) => String(Id)).filter((id) => !known.has(id));
    expect(made).toHaveLength(2);
    await control(url, 'delete', { ids: made });
    expect(await reconciled(rig, 2)).toMatchObject({ status: 'complete', error: null });
    const again = await later(rig, 0, full);
    expect(again).toMatchObject({ status: 'complete', resumed: false });
    await later(rig, 1, (context) => runCycle(context, { push: false, signal: rig.signal }));
    await equal(rig);
  });
});

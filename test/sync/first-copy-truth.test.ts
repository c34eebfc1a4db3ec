import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, it, vi } from 'vitest';
import { contact } from '../../src/org/synced-object.ts';
import { mirrorPath } from '../../src/store/sqlite/mirror-path.ts';
import { backfill } from '../../src/sync/backfill/backfill.ts';
import { isUnbelievable } from '../../src/sync/brake.ts';
import { confirmGone } from '../../src/sync/confirm-gone.ts';
import type { SyncContext } from '../../src/sync/context.ts';
import { reconcile } from '../../src/sync/reconcile/reconcile.ts';
import { readableFields, refreshSchema } from '../../src/sync/schema.ts';
import { contactsOf, control, expectMirrorEqualsOrg } from '../e2e/org.ts';
import { asked } from './reconcile-rig.ts';
import { connectParts, openRig, type Rig } from './rig.ts';

const day = 86_400_000;
const fileOf = (rig: Rig) => mirrorPath(join(rig.folder, 'orgs'), rig.emulator.url);
const equal = (rig: Rig) => expectMirrorEqualsOrg(fileOf(rig), rig.emulator.url);

function goneOf(rig: Rig): Record<string, string> {
  const db = new Database(fileOf(rig), { readonly: true });
  try {
    const rows = db.prepare('select Id, _gone from contact where _gone is not null').raw().all();
    return Object.fromEntries(rows as [string, string][]);
  } finally {
    db.close();
  }
}

/** Reads contacts into a mirror that has had no first copy, as a push does with what it has sent. */
async function readBack(rig: Rig, ids: readonly string[]): Promise<void> {
  const { context } = rig;
  await context.remote.identity();
  await refreshSchema(context, { force: true });
  await context.mirror.commit({
    page: await context.remote.of(contact).retrieve(ids, await readableFields(context)),
  });
}

/** The org's clock comes to today, and a process that has known it from no earlier day goes on. */
async function today<T>(rig: Rig, days: number, work: (context: Rig['context']) => Promise<T>): Promise<T> {
  await control(rig.emulator.url, 'clock', { advanceMs: days * day });
  const { context, close } = await connectParts(rig.emulator.url, rig.emulator.accessToken, rig.folder);
  try {
    return await work(context);
  } finally {
    await close();
  }
}

const daysAgo = (days: number) => ({ wallClock: () => Date.now() - days * day });

async function someIds(rig: Rig, count: number): Promise<string[]> {
  return (await contactsOf(rig.emulator.url)).slice(0, count).map(({ Id }) => Id as string);
}

/** So many contacts are read back while the transaction that deletes them is open, and are gone for good after it. */
async function deletedLate(rig: Rig, count: number): Promise<string[]> {
  const { url } = rig.emulator;
  const ids = await someIds(rig, count);
  await control(url, 'open-transaction', { delete: ids });
  rig.pass(120_000);
  await readBack(rig, ids);
  await control(url, 'commit', {});
  await control(url, 'purge', { ids });
  return ids;
}

describe('a first copy over rows that were there before it', () => {
  it('buries what was deleted, merged and purged before its beginning', async () => {
    await using rig = await openRig({ contacts: 300, ...daysAgo(2) });
    const { url } = rig.emulator;
    const ids = await someIds(rig, 6);
    await readBack(rig, ids);
    const [deleted, purged, loser, master, hidden] = ids as [string, string, string, string, string];
    // In steps that the org's clock is believed to make.
    for (let step = 0; step < 5; step++) {
      await control(url, 'clock', { advanceMs: 100_000 });
      await rig.context.remote.identity();
    }
    await control(url, 'delete', { ids: [deleted] });
    await control(url, 'purge', { ids: [purged] });
    await control(url, 'merge', { master, losers: [loser] });
    await control(url, 'visibility', { ids: [hidden], hidden: true });
    // T0 has to lie behind all of it, or the closing cycle would hear of it.
    const report = await today(rig, 2, (context) => backfill(context, { signal: rig.signal }));
    expect(report).toMatchObject({ status: 'complete', error: null, compared: { org: 296, mirror: 296 } });
    expect(goneOf(rig)).toEqual({
      [deleted]: 'deleted',
      [purged]: 'purged',
      [loser]: 'merged',
      [hidden]: 'hidden',
    });
  });

  it('hears that what it had as deleted was restored and merged before its beginning', async () => {
    await using rig = await openRig({ contacts: 60, ...daysAgo(2) });
    const { url } = rig.emulator;
    const [loser, deleted, master] = (await someIds(rig, 3)) as [string, string, string];
    await readBack(rig, [loser, deleted]);
    await control(url, 'delete', { ids: [loser, deleted] });
    const { tombstones } = await confirmGone(rig.context, [loser, deleted], { signal: rig.signal });
    await rig.context.mirror.commit({ tombstones });
    expect(goneOf(rig)).toEqual({ [loser]: 'deleted', [deleted]: 'deleted' });
    rig.pass(120_000);
    await control(url, 'undelete', { ids: [loser] });
    await control(url, 'merge', { master, losers: [loser] });
    const report = await today(rig, 2, (context) => backfill(context, { signal: rig.signal }));
    expect(report).toMatchObject({ status: 'complete', error: null, compared: { org: 58, mirror: 58 } });
    expect(goneOf(rig)).toEqual({ [loser]: 'merged', [deleted]: 'deleted' });
  });

  it.each([
    ['was told of', 0],
    ['may not be told of any more', 3],
  ])('keeps no values of what an earlier copy has hidden and whose erasure %s', async (_what, dropped) => {
    await using rig = await openRig({ contacts: 60, ...daysAgo(11) });
    const { url } = rig.emulator;
    const [id] = (await someIds(rig, 1)) as [string];
    await readBack(rig, [id]);
    await control(url, 'visibility', { ids: [id], hidden: true });
    const { contacts } = rig.context.mirror;
    const ending = vi.spyOn(contacts, 'ensureIndices').mockRejectedValue(new Error('killed'));
    const first = await backfill(rig.context, { api: 'rest', signal: rig.signal });
    expect(first).toMatchObject({ status: 'failed', error: { message: 'killed' } });
    ending.mockRestore();
    expect(goneOf(rig)).toEqual({ [id]: 'hidden' });
    const db = new Database(fileOf(rig));
    db.prepare('update run set started_at = ?').run(new Date(Date.now() - 11 * day).toISOString());
    db.close();
    // It is shown again, which no stamp tells, and erased.
    await control(url, 'visibility', { ids: [id], hidden: false });
    await control(url, 'purge', { ids: [id] });
    const report = await today(rig, 11, async (context) => {
      const before = new Date(Date.now() - (11 - dropped) * day).toISOString();
      if (dropped > 0) await control(url, 'delete-log', { before });
      const copied = await backfill(context, { api: 'rest', signal: rig.signal });
      if (dropped > 0) expect((await reconcile(context, asked(rig))).error).toBeNull();
      return copied;
    });
    expect(report).toMatchObject({ status: 'complete', resumed: false, error: null });
    expect(goneOf(rig)).toEqual({ [id]: 'purged' });
  });

  it('asks for deletions from before its rows were read, for they may have been committed later', async () => {
    await using rig = await openRig({ contacts: 60, ...daysAgo(2) });
    const ids = await deletedLate(rig, 2);
    const report = await today(rig, 2, (context) => backfill(context, { signal: rig.signal }));
    expect(report).toMatchObject({ status: 'complete', error: null, compared: { org: 58, mirror: 58 } });
    expect(goneOf(rig)).toEqual(Object.fromEntries(ids.map((id) => [id, 'purged'])));
  });

  it('holds nobody whom Salesforce calls deleted since, however many were committed later', async () => {
    await using rig = await openRig({ contacts: 500, ...daysAgo(2) });
    await deletedLate(rig, 400);
    const report = await today(rig, 2, (context) => backfill(context, { signal: rig.signal }));
    expect(report).toMatchObject({ status: 'complete', compared: { org: 100, mirror: 100 } });
    expect(new Set(Object.values(goneOf(rig)))).toEqual(new Set(['purged']));
  });

  it('settles who is live by queryAll and hidden again when it is asked for by Id', async () => {
    await using rig = await openRig({ contacts: 60 });
    const { url } = rig.emulator;
    const ids = await someIds(rig, 2);
    await readBack(rig, ids);
    await control(url, 'visibility', { ids, hidden: true });
    const { remote } = rig.context;
    let asked = 0;
    const all: typeof remote.queries.all = async (soql, options) => {
      if (!options?.deleted || ++asked > 1) return remote.queries.all(soql, options);
      await control(url, 'visibility', { ids, hidden: false });
      const answer = await remote.queries.all(soql, options);
      await control(url, 'visibility', { ids, hidden: true });
      return answer;
    };
    rig.context.remote = { ...remote, queries: { ...remote.queries, all } };
    const report = await backfill(rig.context, { api: 'rest', signal: rig.signal });
    expect(report).toMatchObject({ status: 'complete', error: null, compared: { org: 58, mirror: 58 } });
    expect(goneOf(rig)).toEqual(Object.fromEntries(ids.map((id) => [id, 'hidden'])));
  });

  it('does not end while queryAll shows a contact and no retrieve gives it, and goes on later', async () => {
    await using rig = await openRig({ contacts: 60 });
    const { url } = rig.emulator;
    const ids = await someIds(rig, 2);
    await readBack(rig, ids);
    await control(url, 'touch', { ids, set: { Title: 'Newer' } });
    await control(url, 'visibility', { ids, hidden: true });
    const { remote, records } = rig.context;
    const all: typeof remote.queries.all = async (soql, options) => {
      if (options?.deleted) await control(url, 'visibility', { ids, hidden: false });
      const answer = await remote.queries.all(soql, options);
      await control(url, 'visibility', { ids, hidden: true });
      return answer;
    };
    rig.context.remote = { ...remote, queries: { ...remote.queries, all } };
    const first = await backfill(rig.context, { api: 'rest', signal: rig.signal });
    expect(first).toMatchObject({ status: 'failed', error: { code: 'PAGE_INCOMPLETE' } });
    Object.assign(rig.context, { remote, records });
    await control(url, 'visibility', { ids, hidden: false });
    const again = await backfill(rig.context, { api: 'rest', signal: rig.signal });
    expect(again).toMatchObject({ status: 'complete', resumed: true, error: null });
    await equal(rig);
  });

  it('buries what an interrupted copy had read, when it is too old and starts over', async () => {
    await using rig = await openRig({ contacts: 400, ...daysAgo(11) });
    const { url } = rig.emulator;
    await control(url, 'settings', { maxPageRows: 40 });
    const stop = new AbortController();
    let pages = 0;
    const interrupting = {
      ...rig.context,
      onEvent: (event: { type: string }) => {
        if (event.type === 'backfill:progress' && ++pages === 4) stop.abort();
      },
    };
    const first = await backfill(interrupting, { api: 'rest', concurrency: 1, signal: stop.signal });
    expect(first.status).toBe('interrupted');
    expect(first.contacts).toBeGreaterThan(0);
    const db = new Database(fileOf(rig));
    const [read] = db.prepare('select Id from contact limit 1').pluck().all() as string[];
    // Eleven days ago, as far as this machine knows.
    db.prepare('update run set started_at = ?').run(new Date(Date.now() - 11 * day).toISOString());
    db.close();
    await control(url, 'delete', { ids: [read] });
    const report = await today(rig, 11, (context) => backfill(context, { api: 'rest', signal: rig.signal }));
    expect(report).toMatchObject({ status: 'complete', resumed: false });
    expect(goneOf(rig)).toEqual({ [read!]: 'deleted' });
    await equal(rig);
  });

  it('hears of what was deleted while an interrupted copy lay still, from where that began', async () => {
    await using rig = await openRig({ contacts: 400 });
    const { url } = rig.emulator;
    await control(url, 'settings', { maxPageRows: 40 });
    const stop = new AbortController();
    let pages = 0;
    const interrupting = {
      ...rig.context,
      onEvent: ({ type }: { type: string }) => {
        if (type === 'backfill:progress' && ++pages === 4) stop.abort();
      },
    };
    await backfill(interrupting, { api: 'rest', concurrency: 1, signal: stop.signal });
    const db = new Database(fileOf(rig), { readonly: true });
    const [read] = db.prepare('select Id from contact limit 1').pluck().all() as string[];
    db.close();
    expect(read).toBeDefined();
    await control(url, 'delete', { ids: [read] });
    // In steps that the org's clock is believed to make.
    for (let step = 0; step < 5; step++) {
      await control(url, 'clock', { advanceMs: 100_000 });
      await rig.context.remote.identity();
    }
    const report = await backfill(rig.context, { signal: rig.signal });
    expect(report).toMatchObject({ status: 'complete', resumed: true, contacts: 399 });
    expect(goneOf(rig)).toEqual({ [read!]: 'deleted' });
    await equal(rig);
  });

  it('reads a contact that came back after its span was read', async () => {
    await using rig = await openRig({ contacts: 50, ...daysAgo(1) });
    const { url } = rig.emulator;
    const [id] = (await someIds(rig, 1)) as [string];
    await readBack(rig, [id]);
    await control(url, 'visibility', { ids: [id], hidden: true });
    const comingBack = (context: SyncContext): SyncContext => ({
      ...context,
      mirror: {
        ...context.mirror,
        commit: (...args) => context.mirror.commit(...args),
        contacts: new Proxy(context.mirror.contacts, {
          get(contacts, name) {
            const value = Reflect.get(contacts, name, contacts);
            if (name !== 'readBefore') return typeof value === 'function' ? value.bind(contacts) : value;
            return async (...args: Parameters<typeof contacts.readBefore>) => {
              await control(url, 'visibility', { ids: [id], hidden: false });
              return contacts.readBefore(...args);
            };
          },
        }),
      },
    });
    const report = await today(rig, 1, (context) => backfill(comingBack(context), { signal: rig.signal }));
    expect(report).toMatchObject({ status: 'complete', contacts: 50, updated: 0, inserted: 49 });
    expect(goneOf(rig)).toEqual({});
    await equal(rig);
  });

  it('does not believe a sudden emptiness that Salesforce does not call a deletion', async () => {
    await using rig = await openRig({ contacts: 1_200, ...daysAgo(1) });
    const { url } = rig.emulator;
    const ids = await someIds(rig, 300);
    await readBack(rig, ids);
    await control(url, 'visibility', { ids: ids.slice(0, 299), hidden: true });
    await control(url, 'delete', { ids: ids.slice(299) });
    const report = await today(rig, 1, (context) => backfill(context, { signal: rig.signal }));
    expect(report).toMatchObject({ status: 'complete', compared: { org: 900, mirror: 1_199 } });
    // The one that Salesforce calls deleted is buried all the same.
    expect(goneOf(rig)).toEqual({ [ids[299]!]: 'deleted' });
    const run = await rig.context.mirror.journal.run(report.runId!);
    expect(run?.counts.held).toBe(299);
    expect(
      (await rig.context.mirror.journal.steps(report.runId!)).find(({ name }) => name === 'confirm')?.note,
    ).toMatch(/299 of 1,200/);
  });

  it('holds all that remain where the others are stated to be deleted', async () => {
    await using rig = await openRig({ contacts: 6, ...daysAgo(1) });
    const { url } = rig.emulator;
    const ids = await someIds(rig, 6);
    await readBack(rig, ids);
    await control(url, 'visibility', { ids: ids.slice(2), hidden: true });
    await control(url, 'delete', { ids: ids.slice(0, 2) });
    const report = await today(rig, 1, (context) => backfill(context, { signal: rig.signal }));
    expect(report).toMatchObject({ status: 'complete', compared: { org: 0, mirror: 4 } });
    expect(Object.keys(goneOf(rig)).toSorted()).toEqual(ids.slice(0, 2).toSorted());
    expect((await rig.context.mirror.journal.run(report.runId!))?.counts.held).toBe(4);
  });

  it('asks nothing more where the mirror was empty', async () => {
    await using rig = await openRig({ contacts: 10 });
    const report = await backfill(rig.context, { signal: rig.signal });
    const steps = await rig.context.mirror.journal.steps(report.runId!);
    expect(steps.map(({ name }) => name)).not.toContain('confirm');
  });
});

it('the brake holds above a hundred rows and a tenth, or where nothing would be left', () => {
  const isHeld = (missing: number, before: number, remaining = before) =>
    isUnbelievable(missing, { before, remaining });
  expect(isHeld(0, 0)).toBe(false);
  expect(isHeld(1, 1)).toBe(true);
  expect(isHeld(9, 10)).toBe(false);
  expect(isHeld(9, 10, 9)).toBe(true);
  expect(isHeld(0, 10, 0)).toBe(false);
  expect(isHeld(100, 500)).toBe(false);
  expect(isHeld(101, 500)).toBe(true);
  expect(isHeld(101, 1_010)).toBe(false);
  expect(isHeld(101, 1_010, 900)).toBe(false);
});

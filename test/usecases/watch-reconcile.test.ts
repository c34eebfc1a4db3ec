import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { WatchEvent } from '../../src/contract/watch.ts';
import { type Emulator, startEmulator } from '../../src/emulator/index.ts';
import { openFileLeases } from '../../src/lease/file-leases.ts';
import { takeOrgLease } from '../../src/usecases/org-lease.ts';
import { reconcileOrgs } from '../../src/usecases/reconcile.ts';
import { listRuns, showRun } from '../../src/usecases/runs.ts';
import { watch } from '../../src/usecases/watch.ts';
import { openWatchedOrg } from '../../src/usecases/watched-org.ts';
import { contactsOf, control, expectMirrorEqualsOrg } from '../e2e/org.ts';
import { openServices } from './open-services.ts';

const dayMs = 86_400_000;

let emulator: Emulator;
let dataDir: string;

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'parahack-sync-watch-'));
});
afterEach(async () => {
  await emulator.close();
  rmSync(dataDir, { recursive: true, force: true });
});

async function begin(contacts: number, daysAgo = 0): Promise<void> {
  emulator = await startEmulator({ contacts, wallClock: () => Date.now() - daysAgo * dayMs });
}

const clock = (days: number) => control(emulator.url, 'clock', { advanceMs: days * dayMs });
const location = () => join(dataDir, 'orgs', `localhost_${new URL(emulator.url).port}.db`);
const equal = () => expectMirrorEqualsOrg(location(), emulator.url);

/** One cycle in a process of its own, as a timer makes it. */
async function once(reconcileEveryMs: number | null = null) {
  await using app = openServices(emulator, { dataDir });
  const events: WatchEvent[] = [];
  const { orgs } = await watch(
    app.services,
    { orgs: [], intervalMs: 60_000, once: true, push: true, reconcileEveryMs },
    { signal: AbortSignal.timeout(60_000), onEvent: (event) => events.push(event) },
  );
  const names = events.map(({ event }) => event).filter((name) => !name.endsWith(':progress'));
  const complete = events.find((event) => event.event === 'reconcile:complete');
  const start = events.find((event) => event.event === 'reconcile:start');
  return { error: orgs[0]?.error ?? null, names, complete, start, events };
}

function sql(text: string, ...parameters: unknown[]): void {
  const db = new Database(location());
  db.prepare(text).run(...parameters);
  db.close();
}

/** As if the org had told a time for a while that it has not reached yet. */
async function currentInFuture(): Promise<void> {
  await begin(30);
  await once();
  const future = new Date(Date.now() + 5 * dayMs).toISOString();
  sql('update cursor set at = ?', future);
  // Changed once more under the same stamps, which nobody has seen.
  sql("update contact set _read_at = ?, _value_at = null, Title = 'Seen before'", future);
  sql("update meta set value = ? where key = 'latest_read_at'", String(Date.parse(future)));
  await control(emulator.url, 'touch', { count: 3, set: { Title: 'Since' } });
  await control(emulator.url, 'delete', { count: 2 });
}

describe('a watch', () => {
  it('compares the mirror with the org by itself after 40 days, in the same turn, and goes on with a cycle', async () => {
    await begin(300, 40);
    await once();
    const ids = (await contactsOf(emulator.url)).slice(0, 5).map(({ Id }) => Id as string);
    await clock(3);
    await control(emulator.url, 'delete', { ids: ids.slice(0, 2) });
    await control(emulator.url, 'touch', { ids: ids.slice(2, 5), set: { Title: 'Away' } });
    await control(emulator.url, 'contacts', { count: 3, seed: 4 });
    await clock(37);
    const { error, names, complete, start } = await once();
    expect(error).toBeNull();
    expect(names).toEqual([
      'watch:start',
      'reconcile:start',
      'reconcile:complete',
      'cycle:complete',
      'watch:stop',
    ]);
    expect(start).toMatchObject({
      cause: 'out-of-reach',
      reason: expect.stringMatching(/^the last updated .* only for 30 days back$/),
    });
    expect(complete).toMatchObject({ missing: 3, stale: 3, ghosts: 2, held: 0, repaired: 8 });
    await equal();
    expect((await once()).names).toEqual(['watch:start', 'cycle:complete', 'watch:stop']);
  });

  it('does so where this machine’s clock is as far behind', async () => {
    await begin(100);
    await once();
    await clock(40);
    await control(emulator.url, 'delete', { count: 3 });
    const { error, start, complete } = await once();
    expect(error).toBeNull();
    expect(start).toMatchObject({ cause: 'out-of-reach' });
    expect(complete).toMatchObject({ ghosts: 3, repaired: 3 });
    await equal();
  });

  it('does so where Salesforce has dropped its list of deleted contacts', async () => {
    await begin(100, 5);
    await once();
    const ids = (await contactsOf(emulator.url)).slice(0, 2).map(({ Id }) => Id as string);
    await control(emulator.url, 'purge', { ids });
    await clock(5);
    // Within reach, were it still there.
    await control(emulator.url, 'delete-log', { before: new Date(Date.now() - dayMs).toISOString() });
    const { error, start, complete } = await once();
    expect(error).toBeNull();
    expect(start).toMatchObject({
      reason: expect.stringMatching(/does not tell any more which contacts were deleted since .*replication/),
    });
    expect(start).toMatchObject({ cause: 'out-of-reach' });
    expect(complete).toMatchObject({ ghosts: 2, repaired: 2 });
    await equal();
  });

  it('does so where the mirror is at a time which the org has not reached', async () => {
    await currentInFuture();
    const { error, names, start, complete } = await once();
    expect(error).toBeNull();
    expect(start).toMatchObject({
      cause: 'clock-moved-back',
      reason: expect.stringMatching(/^the mirror says that it is current at /),
    });
    // When their values were read in truth nobody knows, so that all that live are read again.
    expect(complete).toMatchObject({ stale: 28, ghosts: 2, repaired: 30 });
    expect(names).toContain('cycle:complete');
    await equal();
    expect((await once()).names).toEqual(['watch:start', 'cycle:complete', 'watch:stop']);
  });

  it('sets the times of such a mirror right too where it makes what was asked for', async () => {
    await currentInFuture();
    {
      await using app = openServices(emulator, { dataDir });
      await using mirror = await app.services.mirrors.open(emulator.url, { create: false });
      await mirror.journal.askReconcile({ id: randomUUID(), force: false, dryRun: false });
    }
    const { error, start, names } = await once();
    expect(error).toBeNull();
    expect(start).toMatchObject({ cause: 'asked' });
    expect(names.filter((name) => name === 'reconcile:start')).toHaveLength(1);
    await equal();
    expect((await once()).names).toEqual(['watch:start', 'cycle:complete', 'watch:stop']);
  });

  it('tells that a first copy is whole where only the cycle that was to follow it failed', async () => {
    await begin(60, 0);
    await control(emulator.url, 'faults', [
      { match: 'GET .*/(updated|deleted)', times: 2, delayMs: 0 },
      { match: 'GET .*/(updated|deleted)', times: 50, status: 500, errorCode: 'UNKNOWN_EXCEPTION' },
    ]);
    const { error, names, events } = await once();
    expect(error).toMatchObject({ code: 'ORG_UNAVAILABLE' });
    expect(names).toEqual([
      'watch:start',
      'backfill:start',
      'backfill:complete',
      'cycle:failed',
      'watch:stop',
    ]);
    expect(events.find(({ event }) => event === 'backfill:complete')).toMatchObject({ contacts: 60 });
    await control(emulator.url, 'faults', []);
    expect((await once()).names).toEqual(['watch:start', 'cycle:complete', 'watch:stop']);
  });

  it('does so right behind a first copy whose beginning Salesforce does not reach back to any more', async () => {
    await begin(60, 5);
    await control(emulator.url, 'faults', [
      { match: 'GET .*/query\\?q=.*Email', times: 1, status: 400, errorCode: 'MALFORMED_QUERY' },
    ]);
    expect((await once()).error).toMatchObject({ code: 'SALESFORCE_ERROR' });
    const ids = (await contactsOf(emulator.url)).slice(0, 2).map(({ Id }) => Id as string);
    await control(emulator.url, 'purge', { ids });
    await clock(1);
    await control(emulator.url, 'delete-log', { before: new Date(Date.now() - 4.5 * dayMs).toISOString() });
    const { error, names, start, events } = await once();
    expect(error).toBeNull();
    expect(names).toEqual([
      'watch:start',
      'backfill:start',
      'reconcile:start',
      'reconcile:complete',
      'backfill:complete',
      'cycle:complete',
      'watch:stop',
    ]);
    expect(start).toMatchObject({ cause: 'out-of-reach' });
    expect(events.find(({ event }) => event === 'backfill:complete')).toMatchObject({ contacts: 58 });
    await equal();
    expect((await once()).names).toEqual(['watch:start', 'cycle:complete', 'watch:stop']);
  });

  it('does so when it is due, and cycles go on where that fails', async () => {
    await begin(60, 9);
    await once(7 * dayMs);
    const ids = (await contactsOf(emulator.url)).slice(0, 3).map(({ Id }) => Id as string);
    await clock(1);
    expect((await once(7 * dayMs)).names).toEqual(['watch:start', 'cycle:complete', 'watch:stop']);
    await control(emulator.url, 'visibility', { ids, hidden: true });
    await clock(7);
    expect((await once(null)).names).toEqual(['watch:start', 'cycle:complete', 'watch:stop']);
    await control(emulator.url, 'faults', [
      { match: 'GET .*/queryAll', times: 1, status: 400, errorCode: 'MALFORMED_QUERY' },
    ]);
    const failed = await once(7 * dayMs);
    expect(failed.error).toBeNull();
    expect(failed.names).toEqual([
      'watch:start',
      'cycle:complete',
      'reconcile:start',
      'reconcile:failed',
      'cycle:complete',
      'watch:stop',
    ]);
    expect(failed.events.find(({ event }) => event === 'reconcile:failed')).toMatchObject({
      retryInMs: 3_600_000,
    });
    const { names, start, complete } = await once(7 * dayMs);
    expect(start).toMatchObject({ cause: 'scheduled', resumed: true });
    expect(complete).toMatchObject({ ghosts: 3, repaired: 3 });
    expect(names.filter((name) => name === 'cycle:complete')).toHaveLength(2);
    expect((await once(7 * dayMs)).names).not.toContain('reconcile:start');
  });

  it('lifts the brake of one that is asked for, where somebody joins it with force before it begins', async () => {
    await begin(300);
    await once();
    const ids = (await contactsOf(emulator.url)).slice(0, 150).map(({ Id }) => Id as string);
    await control(emulator.url, 'visibility', { ids, hidden: true });
    await using app = openServices(emulator, { dataDir });
    const org = (await app.services.processOrg())!;
    const signal = AbortSignal.timeout(60_000);
    const options = { push: true, once: false, intervalMs: 60_000, reconcileEveryMs: null };
    await using watched = await openWatchedOrg(app.services, org, { options, signal, tell: () => {} });
    await using mirror = await app.services.mirrors.open(emulator.url, { create: false });
    await mirror.journal.askReconcile({ id: randomUUID(), force: false, dryRun: false });
    const work = await watched.cycle(signal);
    // It waits for its place among the long work of other orgs.
    await mirror.journal.askReconcile({ id: randomUUID(), force: true, dryRun: false });
    await work!.run(signal);
    expect(await mirror.journal.askedReconcile()).toMatchObject({ state: 'ended', force: true, error: null });
    expect(await mirror.contacts.counts()).toMatchObject({ contacts: 150 });
  });

  describe('whose disk is full when a run ends', () => {
    const full = () =>
      sql(`CREATE TRIGGER no_room BEFORE UPDATE OF status ON run WHEN new.status <> 'running'
           BEGIN SELECT raise(ABORT, 'no room'); END`);
    const roomy = () => sql('DROP TRIGGER no_room');
    const { signal } = new AbortController();
    const options = { push: true, once: false, intervalMs: 60_000, reconcileEveryMs: null };

    it('tells that a cycle was interrupted as soon as it can', async () => {
      await begin(10);
      await once();
      await using app = openServices(emulator, { dataDir });
      const org = (await app.services.processOrg())!;
      await using watched = await openWatchedOrg(app.services, org, { options, signal, tell: () => {} });
      const statuses = async () =>
        (await listRuns(app.services, { org: null, limit: 3 }, signal)).runs.map(({ status }) => status);
      await watched.cycle(signal);
      full();
      await control(emulator.url, 'touch', { count: 1, set: { Title: 'New' } });
      await expect(watched.cycle(signal)).rejects.toThrow('no room');
      roomy();
      expect(await statuses()).toContain('running');
      await watched.cycle(signal);
      expect((await statuses()).slice(0, 2)).toEqual(['complete', 'interrupted']);
    });

    it('tells so of a reconcile, and goes on with it for as long as it takes and no longer', async () => {
      await begin(60);
      await once();
      await using app = openServices(emulator, { dataDir });
      const org = (await app.services.processOrg())!;
      await using watched = await openWatchedOrg(app.services, org, { options, signal, tell: () => {} });
      const reconcile = async () => {
        const asked = new Promise<void>((resolve) => {
          result = reconcileOrgs(
            app.services,
            { orgs: [], force: false, dryRun: false, wait: true },
            { signal, onEvent: ({ event }) => event === 'reconcile:left' && resolve() },
          );
        });
        await asked;
        await (await watched.cycle(signal))!.run(signal);
        return (await result).orgs[0]!;
      };
      let result: ReturnType<typeof reconcileOrgs>;
      const told = async () =>
        (await listRuns(app.services, { org: null, limit: 9 }, signal)).runs.find(
          ({ kind }) => kind === 'reconcile',
        )!;

      full();
      await control(emulator.url, 'faults', [
        { match: 'GET .*/queryAll', times: 1, status: 400, errorCode: 'MALFORMED_QUERY' },
      ]);
      expect(await reconcile()).toMatchObject({ status: 'failed' });
      roomy();
      // Nobody can have written its end, until something is written again.
      expect(await told()).toMatchObject({ status: 'running' });
      await watched.cycle(signal);
      expect(await told()).toMatchObject({ status: 'interrupted', finishedAt: null, apiCalls: null });

      sql("update run set started_at = '2026-01-01T00:00:00.000Z' where kind = 'reconcile'");
      const { status, runId, durationMs } = await reconcile();
      expect({ status, runId }).toEqual({ status: 'complete', runId: (await told()).id });
      const { run } = await showRun(app.services, { id: runId! });
      const workedMs = run.steps.map((step) => Date.parse(step.finishedAt) - Date.parse(step.startedAt));
      expect(durationMs).toBe(workedMs.reduce((sum, ms) => sum + ms));
    });
  });

  it('does so before its first cycle as another user', async () => {
    await begin(50);
    await once();
    await using app = openServices(emulator, { dataDir });
    {
      await using mirror = await app.services.mirrors.open(emulator.url, { create: false });
      const identity = (await mirror.identity())!;
      await mirror.setIdentity({ ...identity, userId: '005000000000009AAA' });
      await mirror.setIdentity(identity);
    }
    const { names, start } = await once();
    expect(names).toEqual([
      'watch:start',
      'reconcile:start',
      'reconcile:complete',
      'cycle:complete',
      'watch:stop',
    ]);
    expect(start).toMatchObject({ cause: 'user-changed' });
  });

  it('is compared after its first copy where the org counts another number', async () => {
    await begin(40);
    await once();
    // A copy that was begun over a mirror with rows that the org does not show any more, and cursors of none.
    const { ids } = await control(emulator.url, 'contacts', { count: 1, seed: 2 });
    await once();
    sql('delete from cursor');
    await control(emulator.url, 'visibility', { ids, hidden: true });
    sql("update contact set _read_at = '2999-01-01T00:00:00.000Z' where Id = ?", ids[0]);
    const { names, start, complete } = await once();
    expect(names).toEqual([
      'watch:start',
      'backfill:start',
      'backfill:complete',
      'reconcile:start',
      'reconcile:complete',
      'cycle:complete',
      'watch:stop',
    ]);
    expect(start).toMatchObject({ cause: 'count-differs' });
    expect(complete?.compared).toEqual({ org: 40, mirror: 41 });
  });
});

describe('reconcile', () => {
  it('is made by one process at a time, and says who has the org', async () => {
    await begin(10);
    await once();
    await using app = openServices(emulator, { dataDir });
    const leases = openFileLeases(join(dataDir, 'locks'));
    await using _other = await takeOrgLease(
      { leases, mirrors: app.services.mirrors },
      emulator.url,
      'backfill',
    );
    const { orgs } = await reconcileOrgs(
      app.services,
      { orgs: [], dryRun: false, force: false, wait: true },
      { signal: AbortSignal.timeout(60_000), onEvent: () => {} },
    );
    expect(orgs).toMatchObject([
      { status: 'failed', error: { code: 'ORG_BUSY', hint: expect.stringContaining('then try again') } },
    ]);
  });

  it('wants a first copy before it', async () => {
    await begin(10);
    await using app = openServices(emulator, { dataDir });
    const { orgs } = await reconcileOrgs(
      app.services,
      { orgs: [], dryRun: true, force: false, wait: true },
      { signal: AbortSignal.timeout(60_000), onEvent: () => {} },
    );
    expect(orgs).toMatchObject([{ status: 'failed', error: { code: 'NOT_BACKFILLED' } }]);
  });

  it('mends a mirror that is at a time which the org has not reached', async () => {
    await currentInFuture();
    await using app = openServices(emulator, { dataDir });
    const { orgs } = await reconcileOrgs(
      app.services,
      { orgs: [], dryRun: false, force: false, wait: true },
      { signal: AbortSignal.timeout(60_000), onEvent: () => {} },
    );
    expect(orgs).toMatchObject([{ error: null, status: 'complete', contacts: 28 }]);
    await equal();
    expect((await once()).error).toBeNull();
  });
});

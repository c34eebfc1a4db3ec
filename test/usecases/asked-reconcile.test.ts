import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ProgressEvent } from '../../src/contract/progress.ts';
import type { ReconcileItem } from '../../src/contract/reconcile.ts';
import type { WatchEvent } from '../../src/contract/watch.ts';
import { type Emulator, startEmulator } from '../../src/emulator/index.ts';
import { reconcileOrgs } from '../../src/usecases/reconcile.ts';
import { listRuns } from '../../src/usecases/runs.ts';
import { watch } from '../../src/usecases/watch.ts';
import { openWatchedOrg } from '../../src/usecases/watched-org.ts';
import { contactsOf, control } from '../e2e/org.ts';
import { openServices } from './open-services.ts';

const contacts = 300;
const weekMs = 7 * 86_400_000;
const signal = new AbortController().signal;

let emulator: Emulator;
let dataDir: string;
/** Hidden since before the first copy, one in each part of the org, in the order in which it is swept. */
let hidden: string[];

beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'parahack-sync-asked-'));
  emulator = await startEmulator({ contacts, wallClock: () => Date.now() - 2 * weekMs });
  const ids = await sweptOrder();
  hidden = [2, 5, 100, 250].map((at) => ids[at]!);
  await control(emulator.url, 'visibility', { ids: hidden, hidden: true });
  await cycle();
  await control(emulator.url, 'settings', { maxPageRows: 20 });
  await control(emulator.url, 'clock', { advanceMs: 2 * weekMs });
});
afterEach(async () => {
  await emulator.close();
  rmSync(dataDir, { recursive: true, force: true });
});

async function sweptOrder(): Promise<string[]> {
  const key = (row: Record<string, unknown>) => `${row.CreatedDate} ${row.Id}`;
  const rows = await contactsOf(emulator.url);
  return rows.toSorted((a, b) => (key(a) < key(b) ? -1 : 1)).map(({ Id }) => Id as string);
}

function sql<T = unknown>(text: string, ...parameters: unknown[]): T[] {
  const db = new Database(join(dataDir, 'orgs', `localhost_${new URL(emulator.url).port}.db`), {
    readonly: true,
  });
  try {
    return db
      .prepare(text)
      .pluck()
      .all(...parameters) as T[];
  } finally {
    db.close();
  }
}

/** What lies interrupted was begun more than a day ago. */
function passADay(): void {
  const db = new Database(join(dataDir, 'orgs', `localhost_${new URL(emulator.url).port}.db`));
  db.exec(
    "UPDATE run SET state = json_set(state, '$.begunAt', (state ->> '$.begunAt') - 90000000) WHERE kind = 'reconcile'",
  );
  db.close();
}

const goneOf = (id: string) => sql<string | null>('select _gone from contact where Id = ?', id)[0];
const isLive = (id: string) => goneOf(id) === null;
const sweptIds = () => sql<string>('select id from contact_swept');

/** Until so many contacts are compared by a run that began in here. */
function until(atLeast: number | null, run = 1) {
  const stop = new AbortController();
  const events: (ProgressEvent | WatchEvent)[] = [];
  let begun = 0;
  const onEvent = (event: ProgressEvent | WatchEvent) => {
    events.push(event);
    if (event.event === 'reconcile:start') begun++;
    if (event.event !== 'reconcile:progress' || atLeast === null) return;
    if (begun === run && event.contacts >= atLeast) stop.abort();
  };
  return { signal: stop.signal, events, onEvent };
}

/** One turn of a watch, whose scheduled reconcile is cut off behind so many contacts. */
async function cycle({
  cutAt = null,
  everyMs = null,
}: {
  cutAt?: number | null;
  everyMs?: number | null;
} = {}) {
  await using app = openServices(emulator, { dataDir });
  const options = { orgs: [], intervalMs: 60_000, once: true, push: true, reconcileEveryMs: everyMs };
  await watch(app.services, options, until(cutAt)).catch(() => {});
}

const scheduledUntil = (cutAt: number) => cycle({ cutAt, everyMs: weekMs });

/** Asked for where no watch runs. */
async function ask(more: { cutAt?: number; run?: number; dryRun?: boolean } = {}) {
  const { cutAt = null, run, dryRun = false } = more;
  await using app = openServices(emulator, { dataDir });
  const context = until(cutAt, run);
  const options = { orgs: [], dryRun, force: false, wait: true };
  const { orgs } = await reconcileOrgs(app.services, options, context);
  return { item: orgs[0]!, told: toldBy(context.events), said: app.said };
}

/** Asked of a running watch, which is stopped behind so many contacts of its run number `run`. */
async function askWatch({ cutAt = null, run }: { cutAt?: number | null; run?: number } = {}) {
  await using app = openServices(emulator, { dataDir });
  const org = (await app.services.processOrg())!;
  const watching = until(cutAt, run);
  const options = { push: true, once: false, intervalMs: 60_000, reconcileEveryMs: null };
  const followed: ProgressEvent[] = [];
  let result: ReturnType<typeof reconcileOrgs> | null = null;
  {
    await using watched = await openWatchedOrg(app.services, org, {
      options,
      signal: watching.signal,
      tell: watching.onEvent,
    });
    await new Promise<void>((resolve) => {
      const onEvent = (event: ProgressEvent) => {
        followed.push(event);
        if (event.event === 'reconcile:left') resolve();
      };
      const wish = { orgs: [], force: false, dryRun: false, wait: cutAt === null };
      result = reconcileOrgs(app.services, wish, { signal, onEvent });
    });
    const turn = async () => (await watched.cycle(watching.signal))?.run(watching.signal);
    if (cutAt !== null) await turn().catch(() => {});
    else while (await watched.isAsked?.()) await turn();
    await result!;
  }
  return { item: (await result!).orgs[0]!, told: toldBy(watching.events), followed: toldBy(followed) };
}

function toldBy(events: readonly (ProgressEvent | WatchEvent)[]) {
  return events.flatMap((event) => {
    if (event.event === 'reconcile:start') return [[event.event, event.runId, event.resumed]];
    return event.event === 'reconcile:complete' ? [[event.event, event.runId]] : [];
  });
}

async function reconciles() {
  await using app = openServices(emulator, { dataDir });
  const { runs } = await listRuns(app.services, { org: null, limit: 50 }, signal);
  return runs.filter(({ kind }) => kind === 'reconcile').toReversed();
}

/** Hides a contact that the sweep has compared, and shows one in the same part. */
async function swap(which: number): Promise<{ nowHidden: string; nowShown: string }> {
  const swept = new Set(sweptIds());
  const order = await sweptOrder();
  const nowShown = hidden[which]!;
  const nowHidden = order.filter((id) => swept.has(id))[which + 10]!;
  expect(order.indexOf(nowShown)).toBeLessThan(order.findLastIndex((id) => swept.has(id)));
  await control(emulator.url, 'visibility', { ids: [nowHidden], hidden: true });
  await control(emulator.url, 'visibility', { ids: [nowShown], hidden: false });
  return { nowHidden, nowShown };
}

function expectSeen({ nowHidden, nowShown }: { nowHidden: string; nowShown: string }): void {
  expect({ hidden: goneOf(nowHidden), shown: isLive(nowShown) }).toEqual({ hidden: 'hidden', shown: true });
}

/** What is told of each run is what the journal has of it. */
async function expectAgreed({ runId, apiCalls, former }: ReconcileItem): Promise<void> {
  const runs = await reconciles();
  expect(runs.find(({ id }) => id === runId)).toMatchObject({ status: 'complete', apiCalls });
  if (former !== null)
    expect(runs.find(({ id }) => id === former.runId)).toMatchObject({
      status: 'complete',
      apiCalls: former.apiCalls,
    });
}

const byWays = [
  { how: 'where no watch runs', make: async () => ({ ...(await ask()), followed: null }) },
  { how: 'of a running watch', make: () => askWatch() },
];

describe.each(byWays)(
  'a reconcile that is asked for $how, where an older one lies interrupted',
  ({ make }) => {
    it('brings that to its end where it has read half, and compares the whole behind it', async () => {
      await scheduledUntil(200);
      const [old] = await reconciles();
      expect(old).toMatchObject({ status: 'interrupted' });
      const swapped = await swap(0);

      const { item, told, followed } = await make();
      expectSeen(swapped);
      expect(item).toMatchObject({
        status: 'complete',
        cause: 'asked',
        resumed: false,
        missing: 1,
        ghosts: 1,
        repaired: 2,
        former: { runId: old!.id, cause: 'scheduled', missing: 0, ghosts: 0 },
      });
      const { runId } = item;
      const whole = [
        ['reconcile:start', old!.id, true],
        ['reconcile:complete', old!.id],
        ['reconcile:start', runId, false],
        ['reconcile:complete', runId],
      ];
      expect(told).toEqual(whole);
      // Who follows it looks at it once a second.
      if (followed !== null)
        expect(followed.filter(([event]) => event === 'reconcile:complete')).toEqual([whole[1], whole[3]]);
      await expectAgreed(item);
      expect((await reconciles()).map(({ id, status }) => [id, status])).toEqual([
        [old!.id, 'complete'],
        [runId, 'complete'],
      ]);
    });

    it('begins anew where that has read less than half', async () => {
      await scheduledUntil(100);
      const [old] = await reconciles();
      const swapped = await swap(0);
      const { item, told } = await make();
      expectSeen(swapped);
      expect(item).toMatchObject({ status: 'complete', resumed: false, former: null, repaired: 2 });
      expect(told).toEqual([
        ['reconcile:start', item.runId, false],
        ['reconcile:complete', item.runId],
      ]);
      await expectAgreed(item);
      expect((await reconciles()).map(({ id, status }) => [id, status])).toEqual([
        [old!.id, 'interrupted'],
        [item.runId, 'complete'],
      ]);
    });
  },
);

describe('a reconcile that is asked for and interrupted', () => {
  it('before the older one has come to its end, is whole all the same when it is asked for again', async () => {
    await scheduledUntil(180);
    const first = await ask({ cutAt: 240 });
    expect(first.item).toMatchObject({ status: 'interrupted', resumed: true, former: null });
    const swapped = await swap(0);
    const { item } = await ask();
    expectSeen(swapped);
    expect(item).toMatchObject({ status: 'complete', former: { runId: first.item.runId } });
  });

  it('in what it compares behind the older one, tells that one, and is whole when it is asked for again', async () => {
    await scheduledUntil(200);
    const [old] = await reconciles();
    const swapped = await swap(0);
    const cut = await ask({ cutAt: 200, run: 2 });
    expect(cut.item).toMatchObject({ status: 'interrupted', resumed: false, former: { runId: old!.id } });
    const again = await swap(1);
    passADay();
    const { item } = await ask();
    expectSeen(swapped);
    expectSeen(again);
    expect(item).toMatchObject({ status: 'complete', former: { runId: cut.item.runId } });
    await expectAgreed(item);
  });

  it.each([100, 200])(
    'behind %i of 300, is gone on with by the same command again, which says so',
    async (cutAt) => {
      const cut = await ask({ cutAt });
      expect(cut.said).not.toContainEqual(expect.stringContaining('once more'));
      const { item, said } = await ask();
      expect(item).toMatchObject({
        ...{ status: 'complete', resumed: true, runId: cut.item.runId, former: null },
      });
      expect(said).toContainEqual(expect.stringMatching(/asked for at \d{4}-.*run reconcile once more/));
      const next = await ask();
      expect(next.item).toMatchObject({ status: 'complete', resumed: false });
      expect(next.said).not.toContainEqual(expect.stringContaining('once more'));
    },
  );

  it('with the watch that makes it, is gone on with by the next and compares nothing a third time', async () => {
    await scheduledUntil(200);
    const [old] = await reconciles();
    const swapped = await swap(0);
    await askWatch({ cutAt: 200, run: 2 });
    const [, second] = await reconciles();
    expect(second).toMatchObject({ status: 'interrupted' });
    await cycle();
    expectSeen(swapped);
    expect((await reconciles()).map(({ id, status }) => [id, status])).toEqual([
      [old!.id, 'complete'],
      [second!.id, 'complete'],
    ]);
    await using app = openServices(emulator, { dataDir });
    await using mirror = await app.services.mirrors.open(emulator.url, { create: false });
    expect(await mirror.journal.askedReconcile()).toMatchObject({
      state: 'ended',
      runId: second!.id,
      formerRunId: old!.id,
    });
  });

  it('with the watch that makes it, and asked of the next one again, is whole once more', async () => {
    await askWatch({ cutAt: 200 });
    const swapped = await swap(0);
    const { item } = await askWatch();
    expectSeen(swapped);
    const runs = await reconciles();
    expect(runs.map(({ status }) => status)).toEqual(['complete', 'complete']);
    // The first one was for whoever asked first.
    expect(item).toMatchObject({ status: 'complete', runId: runs[1]!.id, repaired: 2, former: null });
  });

  it('in a dry run more than a day ago, begins anew', async () => {
    const cut = await ask({ cutAt: 200, dryRun: true });
    expect(cut.item).toMatchObject({ status: 'interrupted', dryRun: true });
    passADay();
    const { nowHidden, nowShown } = await swap(0);
    const { item } = await ask({ dryRun: true });
    expect(item).toMatchObject({ status: 'complete', resumed: false, former: null });
    expect(item.ids).toMatchObject({ missing: [nowShown], ghosts: [nowHidden] });
  });
});

it('a scheduled reconcile goes on with one that lies interrupted, and compares nothing again', async () => {
  await scheduledUntil(100);
  await cycle({ everyMs: weekMs });
  expect((await reconciles()).map(({ status }) => status)).toEqual(['complete']);
});

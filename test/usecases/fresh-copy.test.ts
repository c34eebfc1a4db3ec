import { existsSync, readdirSync } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { BackfillItem } from '../../src/contract/backfill.ts';
import type { PushRecord, PushResult } from '../../src/contract/push.ts';
import { type Emulator, startEmulator } from '../../src/emulator/index.ts';
import { usual } from '../../src/library/usual-options.ts';
import { backfillOrgs } from '../../src/usecases/backfill.ts';
import { withDrainLease } from '../../src/usecases/org-lease.ts';
import { pushRecords } from '../../src/usecases/push.ts';
import { reconcileOrgs } from '../../src/usecases/reconcile.ts';
import { listRuns } from '../../src/usecases/runs.ts';
import { watch } from '../../src/usecases/watch.ts';
import { calls, control, expectMirrorEqualsOrg } from '../e2e/org.ts';
import { type OpenServices, openServices } from './open-services.ts';

let emulator: Emulator;
let app: OpenServices;
let path: string;
const never = () => new AbortController().signal;

beforeEach(async () => {
  emulator = await startEmulator({ contacts: 300 });
  await control(emulator.url, 'settings', { maxPageRows: 30 });
  app = openServices(emulator);
  path = app.services.mirrors.location(emulator.url);
});
afterEach(async () => {
  await app[Symbol.asyncDispose]();
  await emulator.close();
});

interface Flags {
  fresh?: boolean;
  force?: boolean;
  fields?: string[] | null;
}

/** `onPage` is called after each page that was stored. */
async function backfill(
  flags: Flags = {},
  { signal = never(), onPage = () => {} }: { signal?: AbortSignal; onPage?: (page: number) => void } = {},
): Promise<BackfillItem> {
  let pages = 0;
  const { orgs } = await backfillOrgs(
    app.services,
    { orgs: [], all: false, api: 'rest', concurrency: 1, fresh: false, force: false, fields: null, ...flags },
    { signal, onEvent: ({ event }) => void (event === 'backfill:progress' && onPage(++pages)) },
  );
  return orgs[0]!;
}

/** A fresh copy that ends after some pages. */
async function interrupted(flags: Flags = {}): Promise<BackfillItem> {
  const stop = new AbortController();
  return backfill(
    { fresh: true, ...flags },
    { signal: stop.signal, onPage: (page) => void (page === 3 && stop.abort()) },
  );
}

async function watchOnce() {
  const options = { orgs: [], intervalMs: 60_000, once: true, push: true, reconcileEveryMs: null };
  return (await watch(app.services, options, { signal: never(), onEvent: () => {} })).orgs[0];
}

/** Reads the mirror as any program would. */
function read<T>(sql: string): T[] {
  const db = new Database(path, { readonly: true });
  try {
    return db.prepare(sql).pluck().all() as T[];
  } finally {
    db.close();
  }
}

const count = () => read<number>('select count(*) from contacts')[0];
const files = () =>
  readdirSync(dirname(path)).filter((name) => /\.db/.test(name) && !/-(wal|shm)$/.test(name));

async function* records(LastName: string): AsyncGenerator<PushRecord[]> {
  yield [{ source: '-', index: 0, line: 1, fields: { LastName }, untyped: false }];
}

/** An edit by a program that Salesforce has refused. */
function refuseEdit(): void {
  const db = new Database(path, { fileMustExist: true });
  db.exec(`INSERT INTO outbox (object, local, key, op, contact_key, changes, state, created_at, settled_at)
    VALUES ('Contact', 1, 'refused', 'create', 'refused', '{"LastName":"Refused"}', 'rejected', '2026-01-01T00:00:00.000Z',
      '2026-01-01T00:00:01.000Z')`);
  db.close();
}

async function queueEntry(key: string): Promise<void> {
  await using mirror = await app.services.mirrors.open(emulator.url, { create: false });
  await mirror.outbox.add([
    {
      key,
      op: 'create',
      contactKey: key,
      contactId: null,
      changes: { LastName: 'Queued' },
      base: null,
      upsertField: null,
      allowDuplicates: false,
      atomicGroup: null,
      createdAt: Date.now(),
      state: 'pending',
    },
  ]);
}

describe('backfill --fresh', () => {
  it('shows readers the old mirror until the copy is complete, and all of the new one then', async () => {
    await backfill();
    await control(emulator.url, 'delete', { count: 20 });
    const held = new Database(path, { readonly: true });
    const seen = new Set<unknown>();
    const look = () => {
      seen.add(count());
      seen.add(held.prepare('select count(*) from contacts').pluck().get());
    };
    const item = await backfill({ fresh: true }, { onPage: look });
    expect([...seen]).toEqual([300]);
    expect(item).toMatchObject({ status: 'complete', contacts: 280, compared: { org: 280, mirror: 280 } });
    // Also whoever had the file open all the time.
    expect(held.prepare('select count(*) from contacts').pluck().get()).toBe(280);
    held.close();
    expect(await expectMirrorEqualsOrg(path, emulator.url)).toBe(280);
    expect(existsSync(item.archived!)).toBe(true);
    expect(files()).toHaveLength(2);
    const archive = new Database(item.archived!, { readonly: true });
    expect(archive.prepare('select count(*) from contacts').pluck().get()).toBe(300);
    expect(archive.pragma('integrity_check', { simple: true })).toBe('ok');
    archive.close();
  });

  it('does not take the place of the mirror where it holds less than the org counts', async () => {
    await backfill();
    await control(emulator.url, 'faults', [
      {
        match: 'GET .*/query\\?q=.*COUNT\\(\\)',
        times: 500,
        status: 200,
        body: JSON.stringify({ totalSize: 500, done: true, records: [] }),
        headers: { 'Content-Type': 'application/json' },
      },
    ]);
    const item = await backfill({ fresh: true });
    expect(item).toMatchObject({ status: 'failed', error: { code: 'COPY_DIFFERS' }, archived: null });
    expect(count()).toBe(300);
    await control(emulator.url, 'faults', []);
    expect(await backfill({ fresh: true })).toMatchObject({ status: 'complete', contacts: 300 });
    expect(await expectMirrorEqualsOrg(path, emulator.url)).toBe(300);
  });

  it('leaves the mirror as it was where it fails at once', async () => {
    await backfill();
    const unknown = await backfill({ fresh: true, fields: ['Nonsense__c'] });
    expect(unknown).toMatchObject({ status: 'failed', error: { code: 'INVALID_INPUT' }, contacts: null });
    await control(emulator.url, 'faults', [{ match: '/query', times: 500, status: 503 }]);
    expect(await backfill({ fresh: true })).toMatchObject({ status: 'failed' });
    expect(count()).toBe(300);
    expect(files()).toHaveLength(1);
    await control(emulator.url, 'faults', []);
    expect(await watchOnce()).toMatchObject({ error: null });
  });

  it('interrupted, goes on when it is run again with or without --fresh, and says so', async () => {
    await backfill();
    for (const fresh of [true, false]) {
      expect(await interrupted()).toMatchObject({ status: 'interrupted' });
      expect(count()).toBe(300);
      app.said.length = 0;
      const before = (await calls(emulator.url)).length;
      const item = await backfill({ fresh });
      expect(item).toMatchObject({ status: 'complete', resumed: true, contacts: 300 });
      expect(item.archived).not.toBeNull();
      expect(app.said.join('\n')).toMatch(/warn an interrupted fresh copy .* goes on/);
      // Three of ten pages were there.
      const after = (await fetch(`${emulator.url}/__emulator/calls`).then((r) => r.json())) as {
        path: string;
      }[];
      const pages = after.slice(before).filter(({ path: asked }) => /LIMIT/.test(decodeURIComponent(asked)));
      expect(pages.length).toBeLessThan(12);
    }
    await expectMirrorEqualsOrg(path, emulator.url);
  });

  it('that was begun before a reconcile lets that not go on with what it has compared in the old mirror', async () => {
    await backfill();
    await interrupted();
    const reconcile = async (signal: AbortSignal, onPage: () => void) => {
      const onEvent = ({ event }: { event: string }) => void (event === 'reconcile:progress' && onPage());
      const options = { orgs: [], dryRun: false, force: false, wait: true };
      return (await reconcileOrgs(app.services, options, { signal, onEvent })).orgs[0];
    };
    const stop = new AbortController();
    let pages = 0;
    const first = await reconcile(stop.signal, () => void (++pages === 3 && stop.abort()));
    expect(first).toMatchObject({ status: 'interrupted' });
    expect(await backfill({ fresh: true })).toMatchObject({ status: 'complete', resumed: true });
    const again = await reconcile(never(), () => {});
    expect(again).toMatchObject({ status: 'complete', resumed: false });
    await expectMirrorEqualsOrg(path, emulator.url);
  });

  it('that sharing has changed since it was read is compared when it has taken the mirror’s place', async () => {
    await backfill();
    await interrupted();
    const copy = new Database(`${path}.fresh`, { readonly: true });
    const ids = copy.prepare('select Id from contacts limit 2').pluck().all();
    copy.close();
    await control(emulator.url, 'visibility', { ids, hidden: true });
    const item = await backfill({ fresh: true });
    expect(item).toMatchObject({
      status: 'complete',
      resumed: true,
      contacts: 298,
      compared: { org: 298, mirror: 298 },
    });
    expect(existsSync(item.archived!)).toBe(true);
    expect(count()).toBe(298);
    const gone = read<string>("select Id from contact where _gone = 'hidden' order by Id");
    expect(gone).toEqual(ids.toSorted());
    const { runs } = await listRuns(app.services, { org: null, limit: 1 }, never());
    expect(runs[0]).toMatchObject({ kind: 'cycle', status: 'complete' });
  });

  it('whose difference cannot be compared keeps its place', async () => {
    await backfill();
    await interrupted();
    const copy = new Database(`${path}.fresh`, { readonly: true });
    const ids = copy.prepare('select Id from contacts limit 1').pluck().all();
    copy.close();
    await control(emulator.url, 'visibility', { ids, hidden: true });
    // A comparison alone reads stamps without values.
    await control(emulator.url, 'faults', [
      { match: 'GET .*/queryAll\\?q=', times: 500, status: 403, errorCode: 'INSUFFICIENT_ACCESS' },
    ]);
    app.said.length = 0;
    const item = await backfill({ fresh: true });
    expect(item).toMatchObject({ status: 'complete', error: null, compared: { org: 299, mirror: 300 } });
    expect(existsSync(item.archived!)).toBe(true);
    expect(app.said.join('\n')).toMatch(/warn what differs after the copy of .* could not be compared/);
    await control(emulator.url, 'faults', []);
  });

  it('asked for otherwise than the interrupted one, starts over', async () => {
    await backfill();
    await interrupted({ fields: ['Email'] });
    const item = await backfill({ fresh: true });
    expect(item).toMatchObject({ status: 'complete', resumed: false });
    await expectMirrorEqualsOrg(path, emulator.url);
  });

  it('that can no longer be brought up to date is made anew, and does not stand in the way for ever', async () => {
    await backfill();
    const day = 86_400_000;
    // Interrupted while it read; read, but not in its place; of a time that the org has taken back.
    const leftBehind = [
      async () => {
        await interrupted();
        await control(emulator.url, 'clock', { advanceMs: 16 * day });
      },
      async () => {
        // Not for a limit: that one is used up all processes would know, and the next copy would wait.
        const refused = { match: '/deleted', times: 500, status: 403, errorCode: 'INSUFFICIENT_ACCESS' };
        const stop = new AbortController();
        const faults: Promise<unknown>[] = [];
        const onPage = (page: number) =>
          void (page === 10 && faults.push(control(emulator.url, 'faults', [refused])));
        await backfill({ fresh: true }, { signal: stop.signal, onPage });
        await Promise.all(faults);
        await control(emulator.url, 'faults', []);
        await control(emulator.url, 'clock', { advanceMs: 16 * day });
      },
      async () => {
        await control(emulator.url, 'clock', { advanceMs: 2 * day });
        await interrupted();
        await control(emulator.url, 'clock', { advanceMs: -2 * day });
      },
    ];
    for (const leave of leftBehind) {
      await leave();
      expect(files()).toContainEqual(expect.stringMatching(/\.fresh$/));
      await control(emulator.url, 'delete', { count: 5 });
      app.said.length = 0;
      expect(await backfill({ fresh: true })).toMatchObject({ status: 'complete', resumed: false });
      expect(app.said.join('\n')).toMatch(/warn an interrupted fresh copy .* starts over/);
      expect(files()).not.toContainEqual(expect.stringMatching(/\.fresh$/));
      await expectMirrorEqualsOrg(path, emulator.url);
    }
  });

  it('interrupted, lets a watch keep the mirror up to date', async () => {
    await backfill();
    await interrupted();
    const { ids } = await control(emulator.url, 'touch', { count: 1, set: { Title: 'Seen by the watch' } });
    expect(await watchOnce()).toMatchObject({ error: null });
    expect(read(`select Title from contacts where Id = '${ids[0]}'`)).toEqual(['Seen by the watch']);
    expect(await backfill({ fresh: true })).toMatchObject({ status: 'complete', resumed: true });
    await expectMirrorEqualsOrg(path, emulator.url);
  });

  it('is among the runs while it is under way, and with all that ran before it afterwards', async () => {
    await backfill();
    const during: string[][] = [];
    const looks: Promise<void>[] = [];
    const look = async () => {
      const { runs } = await listRuns(app.services, { org: null, limit: 50 }, new AbortController().signal);
      during.push(runs.filter(({ kind }) => kind === 'backfill').map(({ status }) => status));
    };
    await backfill({ fresh: true }, { onPage: () => void looks.push(look()) });
    await Promise.all(looks);
    expect(during[1]).toEqual(['running', 'complete']);
    const { runs } = await listRuns(app.services, { org: null, limit: 50 }, new AbortController().signal);
    expect(runs.filter(({ kind }) => kind === 'backfill').map(({ status }) => status)).toEqual([
      'complete',
      'complete',
    ]);
    expect(new Set(runs.map(({ id }) => id)).size).toBe(runs.length);
  });

  it('keeps what is queued while it runs, and what an application calls its contacts', async () => {
    await backfill();
    const [known] = read<string>('select Id from contacts limit 1');
    const db = new Database(path);
    db.prepare("update contact set _key = 'my own key' where Id = ?").run(known);
    db.close();
    const queued: Promise<void>[] = [];
    const item = await backfill(
      { fresh: true },
      { onPage: (page) => void (page === 2 && queued.push(queueEntry('queued-meanwhile'))) },
    );
    await Promise.all(queued);
    expect(item).toMatchObject({ status: 'complete' });
    expect(read('select key from outbox')).toEqual(['queued-meanwhile']);
    expect(read(`select _key from contacts where Id = '${known}'`)).toEqual(['my own key']);
  });

  it('beside a push, loses nothing that it sent and keeps its outcome', async () => {
    await backfill();
    const pushed: Promise<PushResult>[] = [];
    const push = (name: string) =>
      pushRecords(
        app.services,
        {
          ...usual.push,
          records: records(name),
          allowDuplicates: true,
        },
        { signal: never(), onEvent: () => {} },
      );
    const item = await backfill(
      { fresh: true },
      { onPage: (page) => void (page % 3 === 0 && pushed.push(push(`Beside ${page}`))) },
    );
    const last = await push('After');
    expect(item).toMatchObject({ status: 'complete' });
    expect(pushed.length).toBeGreaterThan(1);
    for (const result of [...(await Promise.all(pushed)), last]) {
      for await (const page of result.results())
        expect(page).toMatchObject([{ status: 'created', id: expect.any(String) }]);
      expect(result.counts).toMatchObject({ created: 1, stopped: null });
      await result[Symbol.asyncDispose]();
    }
    expect(read('select state from outbox')).toEqual([...pushed, last].map(() => 'done'));
    await watchOnce();
    expect(await expectMirrorEqualsOrg(path, emulator.url)).toBe(301 + pushed.length);
  });

  it('is refused while the outbox has open entries; with --force they are kept', async () => {
    await backfill();
    await queueEntry('waiting');
    expect(await backfill({ fresh: true })).toMatchObject({ error: { code: 'OUTBOX_OPEN' } });
    expect(await backfill({ fresh: true, force: true })).toMatchObject({ status: 'complete' });
    expect(read('select key from outbox')).toEqual(['waiting']);
  });

  it('does not take the place of the mirror while a push is sending', async () => {
    await backfill();
    const sending = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    const push = withDrainLease(
      app.services,
      emulator.url,
      never(),
    )(async () => {
      begun.resolve();
      await sending.promise;
    });
    await begun.promise;
    let ended = false;
    const wanted = vi.spyOn(app.services.leases, 'wait');
    const copy = backfill({ fresh: true }).finally(() => {
      ended = true;
    });
    await vi.waitFor(() => expect(wanted.mock.lastCall?.[0]).toMatch(/^outbox-/), { timeout: 60_000 });
    // Several of the looks that it takes at the lock.
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(ended).toBe(false);
    expect(files()).toHaveLength(2);
    sending.resolve();
    await push;
    expect(await copy).toMatchObject({ status: 'complete' });
  });

  it('is the way out where an interrupted copy left what cannot be read, be it beside the mirror or in it', async () => {
    const damage = (file: string) => {
      const db = new Database(file, { fileMustExist: true });
      db.exec(`UPDATE chunk SET spec = '{"lower":nul' WHERE state = 'pending'`);
      db.close();
    };
    const stop = new AbortController();
    const onPage = (page: number) => void (page === 3 && stop.abort());
    expect(await backfill({}, { signal: stop.signal, onPage })).toMatchObject({ status: 'interrupted' });
    damage(path);
    expect(await backfill()).toMatchObject({ status: 'failed', error: { code: 'PROGRESS_UNREADABLE' } });
    expect(await interrupted()).toMatchObject({ status: 'interrupted' });
    damage(`${path}.fresh`);
    expect(await backfill({ fresh: true })).toMatchObject({ status: 'complete', resumed: false });
    await expectMirrorEqualsOrg(path, emulator.url);
    expect(await backfill()).toMatchObject({ status: 'complete', contacts: 300 });
  });

  it('that was interrupted stays where it is asked for otherwise without --fresh, and refused', async () => {
    expect((await backfill()).status).toBe('complete');
    const begun = await interrupted();
    expect(begun.status).toBe('interrupted');
    const refused = await backfill({ fields: ['Email'] });
    expect(refused).toMatchObject({ status: 'failed', runId: begun.runId, error: { code: 'INVALID_INPUT' } });
    expect(await backfill()).toMatchObject({ status: 'complete', runId: begun.runId, resumed: true });
  });

  it('is the way out for a damaged mirror, and for one of another org', async () => {
    await backfill();
    const db = new Database(path);
    db.exec("update meta set value = '00D000000000001AAA' where key = 'org_id'");
    db.close();
    await queueEntry('of the other org');
    refuseEdit();
    expect(await backfill()).toMatchObject({ error: { code: 'ORG_CHANGED' } });
    expect(await backfill({ fresh: true })).toMatchObject({ error: { code: 'OUTBOX_OPEN' } });
    const warn = vi.spyOn(app.services.log, 'warn');
    const copied = await backfill({ fresh: true, force: true });
    expect(copied).toMatchObject({ status: 'complete' });
    expect(read('select key from outbox')).toEqual([]);
    const said = warn.mock.calls.map(([message]) => message);
    expect(said).toContainEqual(
      expect.stringMatching(/^2 entries of the old mirror's outbox could not be taken over, and lie in /),
    );
    expect(said.join()).toContain(String(copied.archived));
    warn.mockRestore();
    await expectMirrorEqualsOrg(path, emulator.url);

    const { writeFileSync } = await import('node:fs');
    writeFileSync(path, 'no database at all, '.repeat(1_000));
    const item = await backfill({ fresh: true });
    expect(item).toMatchObject({ status: 'complete' });
    expect(item.archived).not.toBeNull();
    await expectMirrorEqualsOrg(path, emulator.url);
  });
});

import { existsSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { PushRecord } from '../../src/contract/push.ts';
import { type Emulator, startEmulator } from '../../src/emulator/index.ts';
import { usual } from '../../src/library/usual-options.ts';
import { backfillOrgs } from '../../src/usecases/backfill.ts';
import { logout } from '../../src/usecases/logout.ts';
import { withDrainLease } from '../../src/usecases/org-lease.ts';
import { pushRecords } from '../../src/usecases/push.ts';
import { watch } from '../../src/usecases/watch.ts';
import { contactsOf, control, expectMirrorEqualsOrg } from '../e2e/org.ts';
import { type OpenServices, openServices } from './open-services.ts';

let emulator: Emulator;
let app: OpenServices;
let path: string;
const options = { orgs: [], all: false, api: 'rest' as const, concurrency: 1, force: false, fields: null };

beforeEach(async () => {
  emulator = await startEmulator({ contacts: 200 });
  app = openServices(emulator);
  path = app.services.mirrors.location(emulator.url);
});
afterEach(async () => {
  await app[Symbol.asyncDispose]();
  await emulator.close();
});

const removeMirror = () => {
  for (const end of ['', '-wal', '-shm']) rmSync(path + end, { force: true });
};

/** Watches until `onEvent` says so. */
async function watchUntil(onEvent: (event: string, count: number) => boolean): Promise<string[]> {
  const stop = new AbortController();
  const events: string[] = [];
  await watch(
    app.services,
    { orgs: [], intervalMs: 60_000, once: false, push: true, reconcileEveryMs: null },
    {
      signal: stop.signal,
      onEvent: ({ event }) => {
        if (event === 'backfill:progress') return;
        events.push(event);
        if (onEvent(event, events.filter((one) => one === event).length)) stop.abort();
      },
    },
  );
  return events;
}

describe("a mirror's file that is deleted or replaced under a running watch", () => {
  it('is noticed at the next cycle, said, and copied anew', async () => {
    const copies = (events: string[]) => events.filter((event) => event === 'backfill:complete').length;
    const events = await watchUntil((event, nth) => {
      if (event === 'cycle:complete' && nth === 2) removeMirror();
      return event === 'cycle:complete' && nth === 5;
    });
    expect(copies(events)).toBe(2);
    expect(events).not.toContain('cycle:failed');
    expect(app.said.filter((line) => /^warn .*was deleted or replaced/.test(line))).toHaveLength(1);
    expect(await expectMirrorEqualsOrg(path, emulator.url)).toBe(200);
  });

  it('without what SQLite keeps beside it, is copied anew all the same', async () => {
    await watchUntil((event, nth) => {
      if (event === 'cycle:complete' && nth === 2) rmSync(path);
      return event === 'cycle:complete' && nth === 4;
    });
    expect(await expectMirrorEqualsOrg(path, emulator.url)).toBe(200);
  });

  it('is taken up as it is where another mirror lies there', async () => {
    await watchUntil((event) => event === 'cycle:complete');
    await app.services[Symbol.asyncDispose]();
    app = openServices(emulator, { dataDir: app.services.config.dataDir });
    renameSync(path, `${path}.kept`);
    const events = await watchUntil((event, nth) => {
      if (event === 'cycle:complete' && nth === 1) {
        removeMirror();
        renameSync(`${path}.kept`, path);
      }
      return event === 'cycle:complete' && nth === 3;
    });
    expect(events.filter((event) => event === 'backfill:complete')).toHaveLength(1);
    await control(emulator.url, 'touch', { count: 1, set: { Title: 'After' } });
    await watchUntil((event) => event === 'cycle:complete');
    expect(await expectMirrorEqualsOrg(path, emulator.url)).toBe(200);
  });

  it('ends a backfill that was writing to it, rather than go on into a file that nobody sees', async () => {
    await control(emulator.url, 'settings', { maxPageRows: 20 });
    let pages = 0;
    const { orgs } = await backfillOrgs(
      app.services,
      { ...options, fresh: false },
      {
        signal: new AbortController().signal,
        onEvent: ({ event }) => void (event === 'backfill:progress' && ++pages === 3 && removeMirror()),
      },
    );
    expect(orgs[0]).toMatchObject({ status: 'failed', error: { code: 'MIRROR_REPLACED' } });
    expect(existsSync(path)).toBe(false);
    const again = await backfillOrgs(
      app.services,
      { ...options, fresh: false },
      { signal: new AbortController().signal, onEvent: () => {} },
    );
    expect(again.orgs[0]).toMatchObject({ status: 'complete', contacts: 200 });
  });
});

describe("a mirror's file that goes while a push is sending", () => {
  const names = Array.from({ length: 20 }, (_, i) => `Sent${i}`);

  function statesNow(): unknown[] {
    if (!existsSync(path)) return [];
    const db = new Database(path, { readonly: true });
    try {
      return db.prepare('SELECT DISTINCT state FROM outbox').pluck().all();
    } finally {
      db.close();
    }
  }

  it.each([
    ['deleted', removeMirror, 'MIRROR_REPLACED'],
    ['moved away', () => renameSync(path, `${path}.old`), 'MIRROR_REPLACED'],
    ['no database any more', () => writeFileSync(path, 'x'.repeat(10_000)), 'MIRROR_CORRUPT'],
  ])('leaves in doubt what was sent: %s', async (_, lose, code) => {
    await backfillOrgs(
      app.services,
      { ...options, fresh: false },
      { signal: new AbortController().signal, onEvent: () => {} },
    );
    await control(emulator.url, 'settings', { latencyMs: 400 });
    const push = pushRecords(
      app.services,
      {
        ...usual.push,
        api: 'collections',
        records: oneBatch(names),
      },
      { signal: new AbortController().signal, onEvent: () => {} },
    );
    push.catch(() => {});
    await vi.waitFor(() => expect(statesNow()).toContain('sent'), { timeout: 60_000, interval: 20 });
    lose();
    await using result = await push;
    const items = [];
    for await (const page of result.results()) items.push(...page);
    expect(items.map(({ status }) => status)).toEqual(names.map(() => 'in-doubt'));
    expect(items[0]?.errors).toMatchObject([{ code: 'ENTRY_LOST' }]);
    expect(result.counts).toMatchObject({ inDoubt: 20, stopped: { code } });
    expect(result.counts.stopped?.hint).toContain('before you push the same records again');
    const made = (await contactsOf(emulator.url)).filter(({ LastName }) =>
      String(LastName).startsWith('Sent'),
    );
    expect(made).toHaveLength(20);
  });
});

async function* oneBatch(names: readonly string[]): AsyncGenerator<PushRecord[]> {
  yield names.map((LastName, index) => ({
    source: '-',
    index,
    line: index + 1,
    fields: { LastName },
    untyped: false,
  }));
}

it('logout --delete-data waits for a push that is sending', async () => {
  await backfillOrgs(
    app.services,
    { ...options, fresh: false },
    { signal: new AbortController().signal, onEvent: () => {} },
  );
  const sending = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  const push = withDrainLease(
    app.services,
    emulator.url,
    new AbortController().signal,
  )(async () => {
    begun.resolve();
    await sending.promise;
    expect(existsSync(path)).toBe(true);
  });
  await begun.promise;
  const wanted = vi.spyOn(app.services.leases, 'wait');
  const leaving = logout(app.services, { org: null, all: false, deleteData: true, force: false } as never, {
    signal: new AbortController().signal,
    onEvent: () => {},
  });
  await vi.waitFor(() => expect(wanted.mock.lastCall?.[0]).toMatch(/^outbox-/), { timeout: 60_000 });
  // Several of the looks that it takes at the lock.
  await new Promise((resolve) => setTimeout(resolve, 150));
  sending.resolve();
  await push;
  expect((await leaving).orgs[0]).toMatchObject({ dataDeleted: true, error: null });
  expect(existsSync(path)).toBe(false);
});

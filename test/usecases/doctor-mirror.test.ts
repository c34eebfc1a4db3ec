import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Emulator, startEmulator } from '../../src/emulator/index.ts';
import { damaged } from '../../src/store/sqlite/sqlite-fault.ts';
import { slotOf, spanAt } from '../../src/sync/budget/call-slots.ts';
import { ledgerIdOf } from '../../src/sync/budget/ledger-id.ts';
import { callsIn } from '../../src/sync/budget/share.ts';
import { backfillOrgs } from '../../src/usecases/backfill.ts';
import { doctor } from '../../src/usecases/doctor.ts';
import { reconcileOrgs } from '../../src/usecases/reconcile.ts';
import { watch } from '../../src/usecases/watch.ts';
import { control } from '../e2e/org.ts';
import { type OpenServices, openServices } from './open-services.ts';

let emulator: Emulator;
let app: OpenServices;
const context = () => ({ signal: new AbortController().signal, onEvent: () => {} });

beforeEach(async () => {
  emulator = await startEmulator({ contacts: 30 });
  app = openServices(emulator);
});
afterEach(async () => {
  await app[Symbol.asyncDispose]();
  await emulator.close();
});

async function backfill(fresh: boolean, fields: string[] | null = null) {
  const options = {
    orgs: [],
    all: false,
    api: 'auto' as const,
    concurrency: null,
    force: false,
    fields,
  };
  expect((await backfillOrgs(app.services, { ...options, fresh }, context())).orgs[0]?.error).toBeNull();
}

async function checkOfMirror() {
  const { checks } = await doctor(app.services, context());
  return checks.find(({ name }) => name.startsWith('mirror '))!;
}

describe('doctor', () => {
  it('says of a mirror that holds what the org does not any more what mends it', async () => {
    await control(emulator.url, 'contacts', { count: 7, seed: 9 });
    await backfill(false);
    expect(await checkOfMirror()).toMatchObject({
      status: 'ok',
      message: '37 contacts, as many as the org, sound',
    });
    // The org begins again behind the same mirror; nothing is named as deleted.
    await control(emulator.url, 'reset');
    await watch(
      app.services,
      { orgs: [], intervalMs: 60_000, once: true, push: true, reconcileEveryMs: null },
      context(),
    );
    const check = await checkOfMirror();
    expect(check).toMatchObject({
      status: 'warn',
      message: 'sound, but the org counts 30 contacts and the mirror 37',
      hint: expect.stringContaining('`parahack-sync reconcile`'),
    });
    await backfill(true);
    expect(await checkOfMirror()).toMatchObject({ status: 'ok' });
  });

  it('sends a mirror that is behind through a cycle first', async () => {
    await backfill(false);
    await control(emulator.url, 'contacts', { count: 2, seed: 9 });
    const db = new Database(app.services.mirrors.location(emulator.url));
    db.prepare('update cursor set at = ?').run(new Date(Date.now() - 3_600_000).toISOString());
    db.close();
    expect((await checkOfMirror()).hint).toMatch(/watch --once.*then doctor again.*parahack-sync reconcile/);
    await watch(
      app.services,
      { orgs: [], intervalMs: 60_000, once: true, push: true, reconcileEveryMs: null },
      context(),
    );
    expect(await checkOfMirror()).toMatchObject({ status: 'ok' });
  });

  it('finds rows that a program has written to the table in place of the view, which a reconcile removes', async () => {
    await backfill(false);
    const db = new Database(app.services.mirrors.location(emulator.url));
    db.exec("INSERT INTO contact (Id) VALUES ('x'), ('003000000000001'), ('001000000000001AAA')");
    db.close();
    expect(await checkOfMirror()).toMatchObject({
      status: 'warn',
      message: expect.stringMatching(/^3 rows of its table contact have an Id that is no contact's \("001/),
      hint: expect.stringMatching(/`parahack-sync reconcile`.*the view `contacts` alone/),
    });
    const options = { orgs: [], dryRun: false, force: false, wait: true };
    const { orgs } = await reconcileOrgs(app.services, options, context());
    expect(orgs).toMatchObject([{ error: null, ghosts: 3 }]);
    expect(await checkOfMirror()).toMatchObject({
      status: 'ok',
      message: '30 contacts, as many as the org, sound',
    });
  });

  it('hides no failure behind such rows', async () => {
    await backfill(false);
    const db = new Database(app.services.mirrors.location(emulator.url));
    db.exec("INSERT INTO contact (Id) VALUES ('x')");
    db.prepare('update cursor set at = ?').run(new Date(Date.now() + 100 * 86_400_000).toISOString());
    db.close();
    expect(await checkOfMirror()).toMatchObject({ status: 'fail' });
  });

  it('says that a mirror keeps columns which are not kept up to date', async () => {
    await backfill(false);
    await backfill(false, ['LastName']);
    expect(await checkOfMirror()).toMatchObject({
      status: 'ok',
      message: expect.stringMatching(
        /, sound; \d+ of its fields left out by --fields, or no longer readable/,
      ),
    });
  });

  it('tells the steps for a damaged mirror as whoever meets the damage first does', async () => {
    await backfill(false);
    const location = app.services.mirrors.location(emulator.url);
    const db = new Database(location);
    db.unsafeMode().pragma('writable_schema = on');
    // An index that does not have the rows that it should.
    db.exec("update sqlite_schema set sql = replace(sql, 'NOT NULL', 'NULL') where name = 'contact_gone'");
    db.close();
    const check = await checkOfMirror();
    expect(check).toMatchObject({ status: 'fail', message: expect.stringContaining('is damaged') });
    // A file's name has the host of its org alone.
    const hint = check.hint?.replaceAll(emulator.url, new URL(emulator.url).host);
    expect(hint).toBe(damaged(location, 'it is').hint);
  });

  it('does not call another org’s mirror sound', async () => {
    await backfill(false);
    const db = new Database(app.services.mirrors.location(emulator.url));
    db.exec("update meta set value = '00D000000000001AAA' where key = 'org_id'");
    db.close();
    expect(await checkOfMirror()).toMatchObject({
      status: 'fail',
      hint: expect.stringContaining('backfill --fresh'),
    });
  });

  it('still tells of the file where the org does not answer, and why it does not', async () => {
    await backfill(false);
    await control(emulator.url, 'faults', [{ match: '/query', times: 100, status: 404 }]);
    expect((await checkOfMirror()).message).toBe(
      '30 contacts, sound; the org could not be asked how many it has: Salesforce refused GET /services/data/v62.0/query with NOT_FOUND: NOT_FOUND',
    );
  });

  const noted = async () => {
    const calls = await app.services.calls.callsOf(ledgerIdOf(emulator.orgId), spanAt(Date.now()));
    return callsIn(calls);
  };
  const made = async () => {
    const calls = await (await fetch(`${emulator.url}/__emulator/calls`)).json();
    // Who the environment's token belongs to is asked of the login host.
    return (calls as { path: string }[]).filter(({ path }) => path.startsWith('/services/data/')).length;
  };
  const spendShare = async () => {
    const now = Date.now();
    const wanted = { slot: slotOf(now), span: spanAt(now), calls: 1e9, limit: 1e9 };
    await app.services.calls.reserve(ledgerIdOf(emulator.orgId), wanted);
  };

  it('counts its calls in the share of the org, those for the login too', async () => {
    await backfill(false);
    const [before, madeBefore] = [await noted(), await made()];
    await doctor(app.services, context());
    expect((await made()) - madeBefore).toBeGreaterThan(0);
    expect((await noted()) - before).toBeGreaterThanOrEqual((await made()) - madeBefore);
  });

  it('says that the share is used up, and does not ask the org for its count', async () => {
    await backfill(false);
    await spendShare();
    const madeBefore = await made();
    const check = await checkOfMirror();
    expect(check).toMatchObject({
      status: 'warn',
      message: expect.stringMatching(
        /^30 contacts, sound; the org was not asked how many it has: This tool has made \d+ API requests/,
      ),
      hint: expect.stringContaining('`parahack-sync orgs set ORG --budget SHARE`'),
    });
    expect(await made()).toBe(madeBefore);
  });

  it('says so of a login that it may not ask for either', async () => {
    await backfill(false);
    await spendShare();
    // A spent share holds a look each five minutes.
    const logins = [];
    for (let n = 0; n < 6; n++) {
      const { checks } = await doctor(app.services, context());
      logins.push(checks.find(({ name }) => name.startsWith('login '))!);
    }
    expect(logins.at(-1)).toMatchObject({
      status: 'warn',
      message: expect.stringMatching(/^the org was not asked who is logged in: This tool has made/),
      hint: expect.stringContaining('`parahack-sync orgs set ORG --budget SHARE`'),
    });
  });
});

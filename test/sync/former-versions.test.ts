import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Emulator, startEmulator } from '../../src/emulator/index.ts';
import { mirrorPath } from '../../src/store/sqlite/mirror-path.ts';
import { backfill } from '../../src/sync/backfill/backfill.ts';
import { runCycle } from '../../src/sync/cycle/cycle.ts';
import { calls, contactsOf, control } from '../e2e/org.ts';
import { type FormerFile, factsOf, layFormer } from '../fixtures/former-version.ts';
import { rowsOf, schemaOf } from '../store/sqlite/former-mirror.ts';
import { connectParts } from './rig.ts';

/** The last contact that was there when the copies were begun; the pushes came later. */
const lastCopied = '003d3000000004qAAA';
const signal = new AbortController().signal;
const fields = ['FirstName', 'LastName', 'Email', 'Title', 'AccountId'];
/** With those that are kept whatever `--fields` says. */
const kept = ['Id', 'CreatedDate', 'SystemModstamp', 'IsDeleted', 'MasterRecordId', ...fields];

let folder: string;
const open: (() => Promise<void>)[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'parahack-former-'));
});
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
  rmSync(folder, { recursive: true, force: true });
});

/** The org as that version has left it, at the time at which it left it, some seconds later. */
async function orgOf(version: string): Promise<Emulator> {
  const state = join(folder, 'org.db');
  layFormer(version, 'org', state);
  const began = performance.now();
  const left = factsOf(version).now + 5_000;
  const emulator = await startEmulator({
    stateFile: state,
    wallClock: () => left + performance.now() - began,
    dailyLimit: 10_000_000,
  });
  open.push(() => emulator.close());
  return emulator;
}

async function connected(url: string, accessToken: string, at: string) {
  const parts = await connectParts(url, accessToken, at);
  open.push(parts.close);
  return parts;
}

/**
 * The mirror that it has left, with the org that it is of; opened by this version. `jobId`: a bulk job of the org that
 * stands for the one that the mirror was reading, since an emulator forgets its jobs as it ends.
 */
async function opened(
  version: string,
  file: FormerFile,
  org?: { url: string; accessToken: string; jobId: string },
) {
  const { url, accessToken } = org ?? (await orgOf(version));
  const path = mirrorPath(join(folder, 'orgs'), url);
  layFormer(version, file, path);
  if (org !== undefined) nameJob(path, org.jobId);
  const before = rowsOf(path);
  const { context } = await connected(url, accessToken, folder);
  return { url, path, before, context };
}

function nameJob(path: string, jobId: string): void {
  const db = new Database(path);
  const before = db.prepare("SELECT position ->> 'jobId' FROM chunk WHERE kind = 'bulk-span'").pluck().get();
  db.prepare(
    'UPDATE chunk SET spec = replace(spec, :before, :jobId), position = replace(position, :before, :jobId)',
  ).run({ before, jobId });
  db.close();
}

async function expectEqualToOrg(path: string, url: string): Promise<number> {
  const db = new Database(path, { readonly: true });
  const rows = db.prepare(`SELECT ${kept} FROM contact WHERE _gone IS NULL ORDER BY Id`).all();
  db.close();
  const stored = (value: unknown) => {
    if (typeof value === 'boolean') return value ? 1 : 0;
    return typeof value === 'string' ? value.replace(/(T[\d:.]+)\+0000$/, '$1Z') : value;
  };
  const inOrg = (await contactsOf(url)).map((contact) =>
    Object.fromEntries(kept.map((name) => [name, stored(contact[name] ?? null)])),
  );
  expect(rows).toEqual(inOrg.sort((a, b) => (String(a.Id) < String(b.Id) ? -1 : 1)));
  return rows.length;
}

const resultsOf = async (url: string) =>
  (await calls(url)).filter(({ method, path }) => method === 'GET' && path.includes('/results'));
const jobsOf = async (url: string) =>
  (await calls(url)).filter(({ method, path }) => method === 'POST' && path.endsWith('/jobs/query'));

describe.each(['0.1.0', 'format-2'])('what version %s has left', (version) => {
  const { contacts, stored } = factsOf(version);

  it('goes on with its copy by REST where it was killed, and ends as the org is', async () => {
    const { url, path, context } = await opened(version, 'rest');
    expect((await context.mirror.contacts.counts()).contacts).toBe(stored.rest);
    const report = await backfill(context, { api: 'rest', signal });
    expect(report).toMatchObject({ status: 'complete', resumed: true, api: 'rest' });
    const run = await context.mirror.journal.run(report.runId!);
    // What was made in the org since lies in the span that was being read.
    const all = (await contactsOf(url)).length;
    expect(run?.counts).toMatchObject({ rows: all - stored.rest });
    expect(await context.mirror.journal.chunks(report.runId!)).toMatchObject([
      { id: 1, state: 'done', rows: all },
    ]);
    expect(await expectEqualToOrg(path, url)).toBe(all);
  });

  it('goes on with the pages of its bulk job that were not read yet, and ends as the org is', async () => {
    const { url, accessToken } = await orgOf(version);
    await control(url, 'settings', { bulkPageRows: 40 });
    const { context: first } = await connected(url, accessToken, join(folder, 'elsewhere'));
    const job = await first.remote.bulk.create(
      `SELECT ${kept} FROM Contact WHERE Id <= '${lastCopied}'`,
      'query',
    );
    const { path, before, context } = await opened(version, 'bulk', { url, accessToken, jobId: job.id });
    const pages = before.chunk!.filter(({ kind }) => kind === 'bulk-page');
    const urlsOf = (chunks: typeof pages) => chunks.map(({ spec }) => JSON.parse(String(spec)).url);
    // Or the org would have another job than the mirror was reading.
    await first.remote.bulk.info(job.id);
    const listed: string[] = [];
    for (let next: string | undefined; ; ) {
      const { resultUrls, nextRecordsUrl } = await first.remote.bulk.resultPages(job.id, { nextUrl: next });
      listed.push(...resultUrls);
      if (nextRecordsUrl === null) break;
      next = nextRecordsUrl;
    }
    expect(urlsOf(pages)).toEqual(listed);
    const pending = pages.filter(({ state }) => state === 'pending');
    expect([pages.length, pending.length]).toEqual([8, 5]);
    const report = await backfill(context, { api: 'bulk', signal });
    expect(report).toMatchObject({ status: 'complete', resumed: true, api: 'bulk' });
    expect((await resultsOf(url)).map(({ path: asked }) => asked).sort()).toEqual(urlsOf(pending).sort());
    expect(await jobsOf(url)).toHaveLength(1);
    expect(await expectEqualToOrg(path, url)).toBeGreaterThan(contacts);
  });

  it('asks for the span of a bulk job anew that the org has dropped since, and ends as the org is', async () => {
    const { url, path, context } = await opened(version, 'bulk');
    // An emulator begins its jobs' ids anew: the first one is theirs.
    const { remote } = context;
    await remote.bulk.delete((await remote.bulk.create('SELECT Id FROM Contact', 'query')).id);
    const report = await backfill(context, { api: 'bulk', signal });
    expect(report).toMatchObject({ status: 'complete', resumed: true, api: 'bulk' });
    expect(await jobsOf(url)).toHaveLength(2);
    expect(await expectEqualToOrg(path, url)).toBeGreaterThan(contacts);
  });

  it('takes its cursors, and reads what has changed since', async () => {
    const { url, path, before, context } = await opened(version, 'complete');
    const at = Object.fromEntries(
      before.cursor!.map(({ name, at: time }) => [name, Date.parse(String(time))]),
    );
    expect(await context.mirror.journal.cursors()).toEqual(at);
    await control(url, 'touch', { count: 3, set: { Title: 'After the update' } });
    await control(url, 'clock', { advanceMs: 120_000 });
    await runCycle(context, { push: false, signal });
    const asked = (await calls(url)).filter(({ path: call }) => /\/(updated|deleted)\?/.test(call));
    for (const kind of ['updated', 'deleted'] as const) {
      const first = asked.find(({ path: call }) => call.includes(`/${kind}?`));
      const start = new URL(`http://org${first?.path}`).searchParams.get('start');
      expect(Date.parse(start ?? '')).toBe(at[kind]);
    }
    const moved = await context.mirror.journal.cursors();
    expect(moved.updated).toBeGreaterThan(at.updated!);
    expect(await expectEqualToOrg(path, url)).toBeGreaterThan(contacts);
  });

  it('keeps each entry of the outbox as it is, and lets people move it', async () => {
    const { path, before, context } = await opened(version, 'complete');
    const { outbox } = context.mirror;
    const since = {
      local: 0,
      sent_by: null,
      doubt: null,
      job: null,
      api: null,
      first_base: null,
      found: null,
      replaced_by: null,
      lost_org_at: null,
      lost_key: null,
      became: null,
      unshown_at: null,
      done_order: null,
      base_at: null,
      lost_changes: null,
      lost_over_at: null,
    };
    const gained = (row: Record<string, unknown>) =>
      version === '0.1.0'
        ? {
            sent_org_at: null,
            known_before: null,
            approved: 0,
            push_id: null,
            push_place: null,
            ...since,
            ...row,
          }
        : { ...since, ...row };
    expect(rowsOf(path).outbox).toEqual(before.outbox!.map((row) => ({ ...gained(row), object: 'Contact' })));
    expect(await outbox.counts()).toEqual({
      pending: 1,
      sent: 1,
      'in-doubt': 1,
      rejected: 1,
      held: 101,
      conflict: 1,
      done: 2,
      dropped: 1,
    });
    const unread = (await outbox.readBackDue(9)).map(({ key }) => key);
    expect((await outbox.list({ keys: unread })).map(({ changes }) => changes)).toEqual([
      { LastName: 'Unread' },
    ]);
    const keyOf = async (state: 'rejected' | 'in-doubt' | 'conflict' | 'held') =>
      (await outbox.list({ states: [state], limit: 1 }))[0]!.key;
    for (const [state, to] of [
      ['rejected', 'pending'],
      ['in-doubt', 'pending'],
      ['held', 'pending'],
      ['conflict', 'dropped'],
    ] as const) {
      const key = await keyOf(state);
      expect(await outbox.move([key], [state], to, Date.now())).toEqual([key]);
      expect(await outbox.list({ keys: [key] })).toMatchObject([{ state: to }]);
    }
  });

  it.each(['rest', 'bulk', 'complete'] as const)(
    'has the tables, keys and indices of a new mirror in %s',
    async (file) => {
      const { context, path } = await opened(version, file);
      const fresh = await context.mirror.schema.fields();
      const other = await connectParts('http://localhost:1', 'none', join(folder, 'fresh'));
      open.push(other.close);
      await other.context.mirror.schema.applyDescribe(
        { fields: fresh, lastModified: null },
        Date.now(),
        fields,
      );
      // What the copy's end makes is made with it.
      const made = (name: string) => !['contact_email', 'contact_lastname'].includes(name);
      const common = (of: string) => schemaOf(of).filter(({ name }) => made(name));
      expect(common(path)).toEqual(common(other.context.mirror.location));
    },
  );
});

import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Emulator, startEmulator } from '../../src/emulator/index.ts';
import { Cli, ended } from './cli.ts';
import { calls, contactsOf, control, expectMirrorEqualsOrg } from './org.ts';

let emulator: Emulator;
let cli: Cli;

beforeEach(async () => {
  emulator = await startEmulator({ contacts: 3_000, customFields: 3 });
  cli = new Cli();
  await cli.loginByToken(emulator);
});
afterEach(async () => {
  cli[Symbol.dispose]();
  await emulator.close();
});

const mirror = () => cli.databaseOf(emulator.url);
type Cycle = { event: string; upserted: number; deleted: number; undeleted: number; pushed: number };

async function watchOnce(code = 0): Promise<Cycle> {
  const result = await cli.run(['watch', '--once', '--json']);
  expect(result).toMatchObject({ code });
  const lines = result.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  return lines.find(({ event }) => event === 'cycle:complete');
}

describe('the main job', () => {
  it.each(['rest', 'bulk'])(
    'backfill --api %s makes a mirror that equals the org field by field',
    async (api) => {
      const { orgs } = await cli.json<{ orgs: Record<string, unknown>[] }>(['backfill', '--api', api]);
      expect(orgs[0]).toMatchObject({
        status: 'complete',
        api,
        contacts: 3_000,
        inserted: 3_000,
        resumed: false,
        error: null,
      });
      expect(await expectMirrorEqualsOrg(mirror(), emulator.url)).toBe(3_000);
    },
  );

  it('a cycle brings creates, updates, deletes, undeletes, merges and purges', async () => {
    await cli.json(['backfill']);
    const { ids: deleted } = await control(emulator.url, 'delete', { count: 5 });
    await watchOnce();
    await control(emulator.url, 'contacts', { count: 7, seed: 99 });
    const touched = await control(emulator.url, 'touch', { count: 4, set: { Title: 'Chief Test Officer' } });
    await control(emulator.url, 'undelete', { ids: deleted.slice(0, 2) });
    await control(emulator.url, 'purge', { ids: deleted.slice(2, 3) });
    const [master, loser] = touched.ids;
    await control(emulator.url, 'merge', { master, losers: [loser] });
    const cycle = await watchOnce();
    expect(cycle).toMatchObject({ undeleted: 2, deleted: 1 });
    expect(cycle.upserted).toBeGreaterThanOrEqual(7 + touched.ids.length - 1);
    await expectMirrorEqualsOrg(mirror(), emulator.url);
    const db = new Database(mirror(), { readonly: true });
    expect(db.prepare('select _gone, MasterRecordId from contact where Id = ?').get(loser)).toEqual({
      _gone: 'merged',
      MasterRecordId: master,
    });
    db.close();
  });

  it('a watch that runs sees a change, and SIGINT ends it with exit 0', async () => {
    await cli.json(['backfill']);
    const child = cli.start(['watch', '--interval', '30s', '--json']);
    const end = ended(child);
    let seen = '';
    for await (const chunk of child.stdout!) {
      seen += chunk;
      if (seen.includes('cycle:complete')) break;
    }
    child.kill('SIGINT');
    const [code] = await once(child, 'close');
    await end.catch(() => {});
    expect(code).toBe(0);
  });

  it('a second watch on the same org is told so with exit 6, and the first goes on', async () => {
    await cli.json(['backfill']);
    const first = cli.start(['watch', '--json']);
    let seen = '';
    for await (const chunk of first.stdout!) {
      seen += chunk;
      if (seen.includes('cycle:complete')) break;
    }
    const second = await cli.run(['watch', '--once', '--json']);
    expect(second.code).toBe(6);
    const status = await cli.json<{ watch: { running: boolean; pid: number } }>(['status']);
    expect(status.watch).toMatchObject({ running: true, pid: first.pid });
    expect(first.exitCode).toBeNull();
    first.kill('SIGTERM');
    const [code] = await once(first, 'close');
    expect(code).toBe(0);
  });

  it('push creates a contact once, reads it back, and a repeat of the command makes another one', async () => {
    await cli.json(['backfill']);
    const file = join(cli.folder, 'contact.json');
    writeFileSync(file, JSON.stringify({ FirstName: 'Ada', LastName: 'Lovelace', Email: 'ada@example.com' }));
    type Pushed = { results: { status: string; id: string }[]; created: number };
    const pushed = await cli.json<Pushed>(['push', file]);
    expect(pushed).toMatchObject({
      created: 1,
      results: [{ status: 'created', index: 0, source: file, errors: [] }],
    });
    const id = pushed.results[0]!.id;
    expect(id).toMatch(/^003\w{15}$/);
    expect((await contactsOf(emulator.url)).find(({ Id }) => Id === id)).toMatchObject({
      Email: 'ada@example.com',
    });
    await expectMirrorEqualsOrg(mirror(), emulator.url);
    expect((await calls(emulator.url)).filter(({ path }) => path.includes('ui-api/records'))).toHaveLength(1);
  });

  it('push of many goes in collections of 200, with a result for each, in order', async () => {
    await cli.json(['backfill']);
    const records = Array.from({ length: 450 }, (_, i) => ({
      LastName: `Many ${i}`,
      Email: `many${i}@example.com`,
    }));
    const ndjson = records.map((record) => JSON.stringify(record)).join('\n');
    const result = await cli.run(['push', '-', '--json'], { input: ndjson });
    expect(result.code).toBe(0);
    const pushed = JSON.parse(result.stdout);
    expect(pushed.created).toBe(450);
    expect(pushed.results.map(({ index }: { index: number }) => index)).toEqual(records.map((_, i) => i));
    const sent = (await calls(emulator.url)).filter(
      ({ method, path }) => method === 'POST' && /composite\/sobjects\/?$/.test(path),
    );
    expect(sent).toHaveLength(3);
    await expectMirrorEqualsOrg(mirror(), emulator.url);
  });

  it('a contact that Salesforce refuses is told in its words, and the others are created (exit 4)', async () => {
    await cli.json(['backfill']);
    await control(emulator.url, 'faults', []);
    const input = JSON.stringify([
      { LastName: 'Good' },
      { LastName: 'Bad', AccountId: '001000000000000AAA' },
    ]);
    const result = await cli.run(['push', '--json'], { input });
    expect(result.code).toBe(4);
    const { results, created, rejected } = JSON.parse(result.stdout);
    expect([created, rejected]).toEqual([1, 1]);
    expect(results[1].errors[0].code).toMatch(/INVALID_CROSS_REFERENCE_KEY|INSUFFICIENT_ACCESS/);
  });

  it('an answer that never comes leaves a create by key unharmed: sent again with the same key, it exists once', async () => {
    await cli.json(['backfill']);
    await control(emulator.url, 'faults', [
      { match: 'POST .*ui-api/records', times: 1, reset: 'after-commit' },
    ]);
    const pushed = await cli.json<{ created: number }>(
      ['push', '-'],
      JSON.stringify({ LastName: 'Onlyonce' }),
    );
    expect(pushed.created).toBe(1);
    const same = (await contactsOf(emulator.url)).filter(({ LastName }) => LastName === 'Onlyonce');
    expect(same).toHaveLength(1);
  });

  it('an answer that never comes leaves a collection in doubt (exit 5), and it is not sent again', async () => {
    await cli.json(['backfill']);
    await control(emulator.url, 'faults', [
      { match: 'POST .*composite/sobjects', times: 1, reset: 'after-commit' },
    ]);
    const input = JSON.stringify(Array.from({ length: 30 }, (_, i) => ({ LastName: `Doubt ${i}` })));
    const result = await cli.run(['push', '--json'], { input });
    expect(result.code).toBe(5);
    const { results } = JSON.parse(result.stdout);
    expect(new Set(results.map(({ status }: { status: string }) => status))).toEqual(new Set(['in-doubt']));
    expect(await watchOnce(5)).toMatchObject({ inDoubt: 0, doubts: 30 });
    const there = (await contactsOf(emulator.url)).filter(({ LastName }) =>
      String(LastName).startsWith('Doubt '),
    );
    expect(there).toHaveLength(30);
    const status = await cli.json<{ orgs: { outbox: { inDoubt: number } }[] }>(['status']);
    expect(status.orgs[0]!.outbox.inDoubt).toBe(30);
    // Nobody who clears the refused ones means those; who found the contact in Salesforce names its entry.
    expect((await cli.json<{ keys: string[] }>(['outbox', 'drop', '--all'])).keys).toEqual([]);
    const { key } = results[0];
    expect((await cli.json<{ keys: string[] }>(['outbox', 'drop', key])).keys).toEqual([key]);
    const again = await cli.run(['outbox', 'drop', key, '--json']);
    expect([again.code, JSON.parse(again.stdout).error.code]).toEqual([2, 'UNKNOWN_ENTRY']);
  });

  it('kill -9 in the middle of a backfill, then the same command: complete, nothing twice, not from the start', async () => {
    for (const api of ['rest', 'bulk']) {
      using other = new Cli();
      await other.loginByToken(emulator);
      await control(emulator.url, 'settings', { maxPageRows: 100, bulkPageRows: 100, latencyMs: 20 });
      const child = other.start(['backfill', '--api', api, '--concurrency', '2', '--json']);
      const file = other.databaseOf(emulator.url);
      while (rowsIn(file) < 500) await delay(10);
      child.kill('SIGKILL');
      await once(child, 'close');
      const before = rowsIn(file);
      expect(before).toBeLessThan(3_000);
      const { runs } = await other.json<{ runs: { kind: string; status: string }[] }>(['runs']);
      expect(runs[0]).toMatchObject({ kind: 'backfill', status: 'interrupted' });
      const { orgs } = await other.json<{ orgs: Record<string, unknown>[] }>(['backfill']);
      expect(orgs[0]).toMatchObject({ status: 'complete', resumed: true, api, contacts: 3_000 });
      // The run tells of both processes: nothing came in twice, and what was there was not read again, but for a page
      // under way in each of the two workers.
      expect(orgs[0]).toMatchObject({ inserted: 3_000, updated: 0 });
      const whole = await other.json<{ runs: { counts: Record<string, number> }[] }>(['runs']);
      const read = whole.runs.find(({ counts }) => counts.rows !== undefined)!.counts.rows!;
      expect(read).toBeLessThanOrEqual(3_000 + 2 * 100);
      await control(emulator.url, 'settings', { maxPageRows: 2_000, bulkPageRows: 50_000, latencyMs: 0 });
      await expectMirrorEqualsOrg(file, emulator.url);
    }
  });

  it('Ctrl-C in a backfill ends with 130, and the same command resumes', async () => {
    await control(emulator.url, 'settings', { maxPageRows: 100, latencyMs: 20 });
    const child = cli.start(['backfill', '--api', 'rest', '--concurrency', '2', '--json']);
    const end = ended(child);
    while (rowsIn(mirror()) < 500) await delay(10);
    child.kill('SIGINT');
    const { code, stdout } = await end;
    expect(code).toBe(130);
    expect(JSON.parse(stdout).orgs[0]).toMatchObject({ status: 'interrupted' });
    const { orgs } = await cli.json<{ orgs: Record<string, unknown>[] }>(['backfill']);
    expect(orgs[0]).toMatchObject({ status: 'complete', resumed: true });
    await expectMirrorEqualsOrg(mirror(), emulator.url);
  });

  it('two backfills of one mirror at a time: the second is told with exit 6', async () => {
    await control(emulator.url, 'settings', { latencyMs: 200 });
    const child = cli.start(['backfill', '--json']);
    const end = ended(child);
    while (rowsIn(mirror()) < 0) await delay(10);
    const second = await cli.run(['backfill', '--json']);
    expect(second.code).toBe(6);
    expect((await end).code).toBe(0);
  });

  it('backfill over a full mirror rewrites nothing and leaves the cursors alone', async () => {
    await cli.json(['backfill']);
    const cursors = () => {
      const db = new Database(mirror(), { readonly: true });
      const rows = db.prepare('select * from cursor order by 1').all();
      db.close();
      return rows;
    };
    const before = cursors();
    const { orgs } = await cli.json<{ orgs: Record<string, unknown>[] }>(['backfill', '--api', 'bulk']);
    expect(orgs[0]).toMatchObject({
      status: 'complete',
      resumed: false,
      inserted: 0,
      updated: 0,
      contacts: 3_000,
    });
    expect(cursors().length).toBe(before.length);
  });

  it('a field that appears becomes a filled column; one that disappears keeps its values', async () => {
    await cli.json(['backfill']);
    const count = (column: string) => {
      const db = new Database(mirror(), { readonly: true });
      const value = db.prepare(`select count(${column}) from contact`).pluck().get();
      db.close();
      return value;
    };
    const phones = count('Phone');
    const field = { name: 'Shoe_Size__c', type: 'double', label: 'Shoe size', precision: 4, scale: 1 };
    await control(emulator.url, 'settings', { hiddenFields: ['Phone'], addFields: [field] });
    await control(emulator.url, 'touch', { count: 3, set: { Shoe_Size__c: 43.5 } });
    // A push asks for describe at once, a cycle at most hourly.
    await cli.json(['push', '--dry-run'], JSON.stringify({ LastName: 'Nobody', Shoe_Size__c: 38 }));
    await watchOnce();
    expect(count('Shoe_Size__c')).toBe(3);
    expect(count('Phone')).toBe(phones);
    const { runs } = await cli.json<{ runs: { kind: string; counts: Record<string, number> }[] }>(['runs']);
    expect(runs.filter(({ kind }) => kind === 'backfill')).toHaveLength(2);
  });
});

describe('push --upsert', () => {
  it('creates what is not there, updates what is, and tells which', async () => {
    await cli.json(['backfill']);
    const record = (key: string, LastName: string) => ({ ParaHack_Id__c: key, LastName });
    await cli.json(['push', '--upsert', 'ParaHack_Id__c'], JSON.stringify([record('a-1', 'First')]));
    const both = JSON.stringify([record('a-1', 'Second'), record('a-2', 'Other')]);
    const pushed = await cli.json<{ results: { status: string }[] }>(
      ['push', '--upsert', 'ParaHack_Id__c'],
      both,
    );
    expect(pushed).toMatchObject({ created: 1, updated: 1 });
    expect(pushed.results.map(({ status }) => status)).toEqual(['updated', 'created']);
    await expectMirrorEqualsOrg(mirror(), emulator.url);
  });
});

describe('the brake', () => {
  it('holds more than 100 deletes until they are approved', async () => {
    await cli.json(['backfill']);
    const ids = (await contactsOf(emulator.url)).slice(0, 101).map(({ Id }) => Id as string);
    const input = JSON.stringify(ids.map((Id) => ({ Id, IsDeleted: true })));
    const pushed = await cli
      .json<{ queued: number; deleted: number; results: { status: string }[] }>(['push'], input)
      .catch((error: Error) => JSON.parse(/\{.*\}/s.exec(error.message)![0]));
    expect(pushed).toMatchObject({ deleted: 0, queued: 101 });
    expect(pushed.results[0].status).toBe('held');
    expect(await contactsOf(emulator.url)).toHaveLength(3_000);
    expect((await cli.json<{ keys: string[] }>(['outbox', 'approve', '--all'])).keys).toHaveLength(101);
    expect(await watchOnce()).toMatchObject({ pushed: 101 });
    expect(await contactsOf(emulator.url)).toHaveLength(2_899);
    await watchOnce();
    await expectMirrorEqualsOrg(mirror(), emulator.url);
  });
});

describe('backfill --fields', () => {
  it('keeps only these columns, also through later cycles; a push may still name every field', async () => {
    await cli.json(['backfill', '--fields', 'email,LastName', '--fields', 'Title']);
    await control(emulator.url, 'touch', { count: 2, set: { Title: 'Narrow' } });
    const pushed = await cli.json<{ created: number }>(['push'], '{"LastName":"Wide","Phone":"1"}');
    expect(pushed.created).toBe(1);
    await watchOnce();
    const db = new Database(mirror(), { readonly: true });
    const columns = db.prepare("select name from pragma_table_info('contact')").pluck().all() as string[];
    expect(columns.filter((name) => !name.startsWith('_')).sort()).toEqual(
      [
        'Id',
        'IsDeleted',
        'MasterRecordId',
        'CreatedDate',
        'SystemModstamp',
        'Email',
        'LastName',
        'Title',
      ].sort(),
    );
    expect(db.prepare("select count(*) from contacts where Title = 'Narrow'").pluck().get()).toBe(2);
    expect(db.prepare('select count(*) from contacts').pluck().get()).toBe(3_001);
    db.close();
  });

  it('refuses a field that is not there, before anything is read', async () => {
    const result = await cli.run(['backfill', '--fields', 'Email,Shoe', '--json']);
    expect(result.code).not.toBe(0);
    expect(JSON.parse(result.stdout).orgs[0].error).toMatchObject({
      code: 'INVALID_INPUT',
      message: expect.stringContaining('Shoe'),
    });
  });
});

/** Rows that are committed so far; -1 while there is no file or no table. */
function rowsIn(file: string): number {
  try {
    const db = new Database(file, { readonly: true, fileMustExist: true });
    try {
      return db.prepare('select count(*) from contact').pluck().get() as number;
    } finally {
      db.close();
    }
  } catch {
    return -1;
  }
}

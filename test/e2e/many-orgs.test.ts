import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Emulator, startEmulator } from '../../src/emulator/index.ts';
import { Cli } from './cli.ts';
import { calls, control, expectMirrorEqualsOrg } from './org.ts';

let orgs: Emulator[];
let cli: Cli;

beforeEach(async () => {
  orgs = await Promise.all([1, 2, 3].map((seed) => startEmulator({ contacts: 400, seed })));
  cli = new Cli();
  for (const [i, org] of orgs.entries()) {
    await cli.loginByToken(org, '--alias', `org${i}`, ...(i === 2 ? ['--no-sync'] : []));
  }
});
afterEach(async () => {
  cli[Symbol.dispose]();
  await Promise.all(orgs.map((org) => org.close()));
});

function endOfCopy(url: string): string {
  const db = new Database(cli.databaseOf(url), { readonly: true });
  try {
    return db.prepare("select finished_at from run where kind = 'backfill'").pluck().get() as string;
  } finally {
    db.close();
  }
}

type Item = { instanceUrl: string; status: string; error: { code: string } | null };

describe('many orgs', () => {
  it('backfill takes all with sync on, and with --all the others too', async () => {
    const first = await cli.json<{ orgs: Item[] }>(['backfill']);
    expect(first.orgs.map(({ instanceUrl, status }) => [instanceUrl, status])).toEqual(
      orgs.slice(0, 2).map(({ url }) => [url, 'complete']),
    );
    const all = await cli.json<{ orgs: Item[] }>(['backfill', '--all']);
    expect(all.orgs).toHaveLength(3);
    for (const org of orgs) await expectMirrorEqualsOrg(cli.databaseOf(org.url), org.url);
  });

  it("one org's failure does not touch the others: exit 4, its error in its item", async () => {
    await control(orgs[0]!.url, 'sessions', { expire: true });
    const result = await cli.run(['backfill', '--json']);
    expect(result.code).toBe(4);
    const items = JSON.parse(result.stdout).orgs as Item[];
    expect(items.map(({ status, error }) => [status, error?.code ?? null])).toEqual([
      ['failed', 'LOGIN_REQUIRED'],
      ['complete', null],
    ]);
    await expectMirrorEqualsOrg(cli.databaseOf(orgs[1]!.url), orgs[1]!.url);
  });

  it('large copies that come first, and one that fails, do not keep a small one waiting', async () => {
    const more = await Promise.all([4, 5, 6].map((seed) => startEmulator({ contacts: 40, seed })));
    orgs.push(...more);
    for (const [i, org] of more.entries()) await cli.loginByToken(org, '--alias', `org${i + 3}`);
    for (const { url } of orgs.slice(0, 4)) await control(url, 'settings', { latencyMs: 400 });
    await control(orgs[4]!.url, 'sessions', { expire: true });
    const result = await cli.run(['backfill', ...orgs.map((_, i) => `org${i}`), '--json']);
    expect(result.code).toBe(4);
    const items = JSON.parse(result.stdout).orgs as Item[];
    expect(items.map(({ status }) => status)).toEqual([
      ...Array.from({ length: 4 }, () => 'complete'),
      'failed',
      'complete',
    ]);
    const ended = [0, 1, 2, 3, 5].map((i) => ({ i, at: endOfCopy(orgs[i]!.url) }));
    expect(ended.toSorted((a, b) => a.at.localeCompare(b.at))[0]!.i).toBe(5);
  });

  it('watch --once runs a cycle for each; the one in trouble is told, the other is done', async () => {
    await cli.json(['backfill']);
    await control(orgs[1]!.url, 'touch', { count: 3, set: { Title: 'Seen' } });
    await control(orgs[0]!.url, 'faults', [{ match: '.*', times: 1000, status: 503 }]);
    const result = await cli.run(['watch', '--once', '--json']);
    expect(result.code).toBe(4);
    const lines = result.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.find(({ event }) => event === 'cycle:failed')).toMatchObject({
      instanceUrl: orgs[0]!.url,
      error: { code: 'ORG_UNAVAILABLE' },
    });
    expect(lines.find(({ event }) => event === 'cycle:complete')).toMatchObject({
      instanceUrl: orgs[1]!.url,
      upserted: 3,
    });
  });

  it('a command for one org refuses to guess among several, and lists them', async () => {
    const result = await cli.run(['push', '--json'], { input: '{"LastName":"Whose"}' });
    expect(result.code).toBe(2);
    expect(JSON.parse(result.stdout).error).toMatchObject({
      code: 'AMBIGUOUS_ORG',
      hint: expect.stringMatching(/org1.* by --org /),
    });
  });

  it('an org takes no more calls than its share, and says so; the mirror keeps what it has', async () => {
    await control(orgs[0]!.url, 'settings', { dailyLimit: 60 });
    await cli.json(['orgs', 'set', 'org0', '--budget', '0.5']);
    await cli.json(['backfill', 'org0']);
    const before = (await calls(orgs[0]!.url)).length;
    let last = { code: 0, stdout: '' };
    for (let i = 0; i < 20 && last.code === 0; i++)
      last = (await cli.run(['watch', 'org0', '--once', '--json'])) as typeof last;
    expect(last.code).toBe(5);
    expect(last.stdout).toContain('API_BUDGET_EXHAUSTED');
    const used = (await calls(orgs[0]!.url)).length;
    expect(used).toBeGreaterThan(before);
    // Login and identity calls are the session's; everything else keeps to half of 60.
    expect(used).toBeLessThanOrEqual(32);
    const db = new Database(cli.databaseOf(orgs[0]!.url), { readonly: true });
    expect(db.prepare('select count(*) from contacts').pluck().get()).toBe(400);
    db.close();
  });

  it('a copy that its share does not hold is not begun', async () => {
    await control(orgs[0]!.url, 'settings', { dailyLimit: 40 });
    await cli.json(['orgs', 'set', 'org0', '--budget', '0.3']);
    const result = await cli.run(['backfill', 'org0', '--json']);
    expect(result.code).toBe(5);
    expect(JSON.parse(result.stdout).orgs[0].error).toMatchObject({ code: 'API_BUDGET_EXHAUSTED' });
    expect((await calls(orgs[0]!.url)).filter(({ path }) => /query\?.*LIMIT|jobs/.test(path))).toEqual([]);
  });

  it('the daily limit itself is exit 5, and nothing is lost', async () => {
    await cli.json(['backfill', 'org1']);
    await control(orgs[1]!.url, 'touch', { count: 2, set: { Title: 'Later' } });
    await control(orgs[1]!.url, 'settings', { dailyLimit: 1 });
    const refused = await cli.run(['watch', 'org1', '--once', '--json']);
    expect(refused.code).toBe(5);
    expect(refused.stdout).toContain('REQUEST_LIMIT_EXCEEDED');
    await control(orgs[1]!.url, 'settings', { dailyLimit: 100_000 });
    // What the org said of its limit goes for five minutes; who asks how the limits stand hears the latest.
    const paused = await cli.run(['watch', 'org1', '--once', '--json']);
    expect([paused.code, paused.stdout]).toEqual([5, expect.stringContaining('API_BUDGET_EXHAUSTED')]);
    await cli.json(['limits', 'org1']);
    const done = await cli.run(['watch', 'org1', '--once', '--json']);
    expect(done.code).toBe(0);
    await expectMirrorEqualsOrg(cli.databaseOf(orgs[1]!.url), orgs[1]!.url);
  });
});

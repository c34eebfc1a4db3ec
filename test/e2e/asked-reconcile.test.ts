import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Emulator, startEmulator } from '../../src/emulator/index.ts';
import { Cli, ended } from './cli.ts';
import { contactsOf, control, expectMirrorEqualsOrg } from './org.ts';
import { bin, quickBin } from './program.ts';

let emulator: Emulator;
let cli: Cli;
/** What the watch has told. */
let told: Record<string, unknown>[];

beforeEach(async () => {
  emulator = await startEmulator({ contacts: 300 });
  cli = new Cli();
  await cli.loginByToken(emulator);
  told = [];
});
afterEach(async () => {
  cli[Symbol.dispose]();
  await emulator.close();
});

/** A watch that has told how its first cycle ended and would make the next one much later. */
async function watching(until = 'cycle:complete', program = quickBin): Promise<ChildProcess> {
  const child = cli.start(['watch', '--interval', '1d', '--json'], { program });
  await new Promise<void>((resolve, reject) => {
    createInterface({ input: child.stdout! }).on('line', (line) => {
      told.push(JSON.parse(line));
      if (told.at(-1)?.event === until) resolve();
    });
    child.once('exit', () => reject(new Error('The watch has ended.')));
  });
  return child;
}

const live = () => {
  const db = new Database(cli.databaseOf(emulator.url), { readonly: true });
  try {
    return db.prepare('select count(*) from contacts').pluck().get();
  } finally {
    db.close();
  }
};

describe('a reconcile beside a running watch', () => {
  it('is made by that one within seconds, and followed to its end with its exit codes', async () => {
    const watch = await watching();
    const ids = (await contactsOf(emulator.url)).slice(0, 152).map(({ Id }) => Id as string);
    await control(emulator.url, 'visibility', { ids: ids.slice(0, 150), hidden: true });
    await control(emulator.url, 'delete', { ids: ids.slice(150) });
    const held = await cli.run(['reconcile', '--json']);
    expect(held.code).toBe(4);
    // Nothing is wrong: a watch is to have its org.
    expect(held.stderr).toMatch(/^[^W].*the reconcile is left to it/m);
    expect(held.stderr).not.toContain('Warning');
    const { error, orgs } = JSON.parse(held.stdout);
    expect(error).toMatchObject({ code: 'PARTIAL', hint: expect.stringContaining('reconcile --force') });
    expect(orgs).toMatchObject([
      { status: 'complete', cause: 'asked', ghosts: 152, held: 150, repaired: 2, error: null },
    ]);
    expect(orgs[0].apiCalls).toBeGreaterThan(0);
    expect(live()).toBe(298);
    const forced = await cli.json<{ orgs: Record<string, unknown>[] }>(['reconcile', '--force']);
    expect(forced.orgs).toMatchObject([{ status: 'complete', ghosts: 150, held: 0, repaired: 150 }]);
    expect(live()).toBe(148);
    const made = told.filter(({ event }) => event === 'reconcile:complete');
    expect(made.map(({ cause, runId }) => [cause, runId])).toEqual([
      ['asked', orgs[0].runId],
      ['asked', forced.orgs[0]?.runId],
    ]);
    expect(told.filter(({ event }) => event === 'cycle:failed')).toEqual([]);
    const end = once(watch, 'exit');
    watch.kill('SIGTERM');
    await end;
  }, 120_000);

  it('is left to it with --no-wait, and made by the next reconcile where the watch is killed before', async () => {
    // One that has not looked yet when it is killed.
    const watch = await watching('cycle:complete', bin);
    await control(emulator.url, 'delete', { count: 3 });
    const left = await cli.json<{ orgs: unknown[] }>(['reconcile', '--no-wait']);
    expect(left.orgs).toMatchObject([{ status: 'queued', runId: null, error: null }]);
    const follower = cli.start(['reconcile', '--json']);
    follower.stdin?.end();
    const end = ended(follower);
    await once(follower.stderr!, 'data');
    watch.kill('SIGKILL');
    const { code, stdout, stderr } = await end;
    expect({ code, stderr }, stderr).toMatchObject({ code: 0 });
    expect(JSON.parse(stdout).orgs).toMatchObject([{ status: 'complete', ghosts: 3, repaired: 3 }]);
    await expectMirrorEqualsOrg(cli.databaseOf(emulator.url), emulator.url);
    // Nobody has to make it once more.
    const cycle = await cli.run(['watch', '--once', '--json']);
    expect(cycle.stdout).not.toContain('reconcile:start');
  }, 120_000);

  it('is followed to its end by all who asked, where the watch is killed and one of them makes it', async () => {
    // One that has not looked yet when it is killed.
    const watch = await watching('cycle:complete', bin);
    await control(emulator.url, 'delete', { count: 3 });
    // What makes it is slow enough for the others to find the org taken.
    await control(emulator.url, 'settings', { latencyMs: 300 });
    await cli.json(['reconcile', '--no-wait']);
    const followers = [1, 2, 3].map(() => cli.start(['reconcile', '--json']));
    for (const follower of followers) follower.stdin?.end();
    const ends = followers.map(ended);
    await Promise.all(followers.map(async ({ stderr }) => once(stderr!, 'data')));
    watch.kill('SIGKILL');
    for (const { code, stdout, stderr } of await Promise.all(ends)) {
      expect({ code, stderr }, stderr).toMatchObject({ code: 0 });
      expect(JSON.parse(stdout).orgs).toMatchObject([{ status: 'complete', ghosts: 3, repaired: 3 }]);
    }
    const runs = await cli.json<{ runs: { kind: string }[] }>(['runs', '--limit', '50']);
    expect(runs.runs.filter(({ kind }) => kind === 'reconcile')).toHaveLength(1);
  }, 120_000);

  it('goes on where whoever follows it is interrupted, which says so', async () => {
    const watch = await watching();
    await control(emulator.url, 'delete', { count: 3 });
    await control(emulator.url, 'settings', { latencyMs: 400 });
    const follower = cli.start(['reconcile']);
    follower.stdin?.end();
    const end = ended(follower);
    await once(follower.stderr!, 'data');
    follower.kill('SIGINT');
    const { code, stdout, stderr } = await end;
    expect(code).toBe(130);
    expect(stdout).toContain('left to the watch that runs');
    expect(stderr).toMatch(/^Hint: The watch goes on with it/m);
    expect(stderr).not.toContain('again to go on');
    await expect
      .poll(() => told.map(({ event }) => event), { timeout: 60_000 })
      .toContain('reconcile:complete');
    const stop = once(watch, 'exit');
    watch.kill('SIGTERM');
    await stop;
  }, 120_000);

  it('is taken up at once by one whose last cycle has failed, and that would try again tomorrow', async () => {
    await watching();
    await control(emulator.url, 'faults', [
      { match: 'GET .*/(updated|deleted)', times: 1_000, status: 400, errorCode: 'MALFORMED_QUERY' },
    ]);
    const refused = await cli.run(['reconcile', '--json']);
    expect(JSON.parse(refused.stdout).orgs).toMatchObject([{ status: 'failed' }]);
    await expect.poll(() => told.at(-1), { timeout: 20_000 }).toMatchObject({ event: 'cycle:failed' });
    await control(emulator.url, 'faults', []);
    await control(emulator.url, 'delete', { count: 3 });
    const made = await cli.json<{ orgs: unknown[] }>(['reconcile']);
    expect(made.orgs).toMatchObject([{ status: 'complete', cause: 'asked', ghosts: 3, repaired: 3 }]);
    expect(told.map(({ event }) => event)).toContain('reconcile:complete');
  }, 120_000);

  it('ends within seconds with what the org has asked for, where the watch leaves that alone for hours', async () => {
    await cli.json(['backfill']);
    await control(emulator.url, 'faults', [
      { match: 'GET .*/updated', times: 1, status: 503, headers: { 'Retry-After': '7200' } },
    ]);
    await watching('cycle:failed');
    expect(told.at(-1)).toMatchObject({ error: { code: 'ORG_UNAVAILABLE' } });
    const { code, stdout } = await cli.run(['reconcile', '--json']);
    expect(code).toBe(5);
    expect(JSON.parse(stdout).orgs).toMatchObject([
      {
        status: 'failed',
        error: { code: 'ORG_UNAVAILABLE', message: expect.stringMatching(/\d{4}-\d\d-\d\dT/) },
      },
    ]);
    await expect.poll(() => told.map(({ event }) => event)).toContain('reconcile:failed');
  }, 120_000);

  it('that changes nothing is made by it too, with the Ids, and behind one that is asked for as well', async () => {
    const watch = await watching();
    const gone = (await contactsOf(emulator.url)).slice(0, 2).map(({ Id }) => Id as string);
    await control(emulator.url, 'delete', { ids: gone });
    const { orgs } = await cli.json<{ orgs: unknown[] }>(['reconcile', '--dry-run']);
    expect(orgs).toMatchObject([
      {
        status: 'complete',
        dryRun: true,
        ghosts: 2,
        repaired: 0,
        error: null,
        ids: { missing: [], held: [] },
      },
    ]);
    expect((orgs[0] as { ids: { ghosts: string[] } }).ids.ghosts.toSorted()).toEqual(gone.toSorted());
    const both = [['reconcile'], ['reconcile', '--dry-run']].map(async (args) =>
      cli.json<{ orgs: unknown[] }>(args),
    );
    const [made, told] = await Promise.all(both);
    expect(made?.orgs).toMatchObject([{ status: 'complete', dryRun: false, error: null }]);
    expect(told?.orgs).toMatchObject([{ status: 'complete', dryRun: true, repaired: 0, error: null }]);
    const stop = once(watch, 'exit');
    watch.kill('SIGTERM');
    await stop;
  }, 120_000);
});

import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openRegistry } from '../../src/orgs/open-registry.ts';
import { Cli, ended } from '../e2e/cli.ts';
import { control } from '../e2e/org.ts';
import { type EmulatedOrg, startEmulatedOrg } from './emulated-org.ts';

let org: EmulatedOrg;
let cli: Cli;
let byAddress: string;
beforeEach(async () => {
  org = await startEmulatedOrg({ contacts: 5 });
  cli = new Cli();
  cli.sealCheaply();
  byAddress = org.emulator.url.replace('localhost', '127.0.0.1');
});
afterEach(async () => {
  cli[Symbol.dispose]();
  await org[Symbol.asyncDispose]();
});

interface Told {
  org: { instanceUrl: string; apiUrl: string; grant: string };
  movedFrom: string | null;
  error: { code: string; hint: string };
}

async function byToken(
  url: string,
  ...more: string[]
): Promise<{ code: number | null; told: Told; stderr: string }> {
  const args = ['login', '--access-token-stdin', '--instance-url', url, '--json', ...more];
  const { code, stdout, stderr } = await cli.run(args, { input: org.emulator.accessToken });
  return { code, told: JSON.parse(stdout) as Told, stderr };
}

function startBrowser(...more: string[]): ChildProcess {
  const args = ['login', '--no-browser', '--json', '--instance-url', org.emulator.url];
  const child = cli.start([
    ...args,
    '--client-id',
    org.emulator.clientId,
    '--port',
    `${org.callbackPort}`,
    ...more,
  ]);
  createInterface({ input: child.stdout! }).once('line', (line) => {
    fetch((JSON.parse(line) as { url: string }).url).catch(() => {});
  });
  return child;
}

const byBrowser = async (...more: string[]) => (await ended(startBrowser(...more))).code;

const orgs = async () => (await cli.json<{ orgs: { instanceUrl: string }[] }>(['orgs'])).orgs;

describe('an org that is logged in to by a second address', () => {
  it('stays one org, is called at the new address, and says so each time', async () => {
    const { url } = org.emulator;
    await byToken(url);
    await cli.json(['backfill']);
    for (let time = 1; time <= 2; time++) {
      const { code, told, stderr } = await byToken(byAddress);
      expect([code, told]).toMatchObject([
        0,
        { org: { instanceUrl: url, apiUrl: byAddress }, movedFrom: null },
      ]);
      expect(stderr).toContain(`${byAddress} is the org that is connected as ${new URL(url).host}`);
      expect((await orgs()).map(({ instanceUrl }) => instanceUrl)).toEqual([url]);
    }
    expect((await cli.run(['watch', '--once'])).code).toBe(0);
    expect(existsSync(cli.databaseOf(byAddress))).toBe(false);
  });

  it('moves there with its files on the word of the user', async () => {
    const { url } = org.emulator;
    await byToken(url, '--alias', 'prod');
    await cli.json(['backfill']);
    await byToken(byAddress);
    const { code, told } = await byToken(byAddress, '--move');
    expect([code, told]).toMatchObject([
      0,
      { org: { instanceUrl: byAddress, apiUrl: byAddress }, movedFrom: url },
    ]);
    expect(await orgs()).toMatchObject([{ instanceUrl: byAddress, alias: 'prod', auth: 'no-refresh' }]);
    expect([existsSync(cli.databaseOf(url)), existsSync(cli.databaseOf(byAddress))]).toEqual([false, true]);
    expect((await cli.run(['watch', '--once'])).code).toBe(0);
    const { contacts } = await cli.json<{ contacts: unknown[] }>(['contacts', 'list', '--limit', '10']);
    expect(contacts).toHaveLength(5);
    expect((await byToken(byAddress, '--move')).told.movedFrom).toBeNull();
  });

  it('does not move onto a mirror that is there', async () => {
    const { url } = org.emulator;
    await byToken(url);
    await cli.json(['backfill']);
    await byToken(byAddress, '--move');
    await cli.json(['backfill']);
    await byToken(url);
    const { writeFileSync } = await import('node:fs');
    writeFileSync(cli.databaseOf(url), '');
    const { code, told } = await byToken(url, '--move');
    expect([code, told.error]).toMatchObject([1, { code: 'MIRROR_EXISTS' }]);
    expect((await orgs()).map(({ instanceUrl }) => instanceUrl)).toEqual([byAddress]);
  });

  it('is synced once where an older version connected it twice, and doctor says so', async () => {
    const { url } = org.emulator;
    await byToken(url);
    {
      await using registry = openRegistry(cli.dataDir);
      const [first] = await registry.list();
      // Past the check, as 0.1.0 did it.
      const { default: Database } = await import('better-sqlite3');
      const db = new Database(join(cli.dataDir, 'registry.db'));
      db.exec(`create temp table twin as select * from org;
        update twin set instance_url = '${byAddress}', api_url = '${byAddress}', created_at = created_at + 1;
        insert into org select * from twin`);
      db.close();
      expect(first?.instanceUrl).toBe(url);
      expect(await registry.list()).toHaveLength(2);
    }
    const { stdout } = await cli.run(['watch', '--once', '--json']);
    expect(JSON.parse(stdout.split('\n')[0]!)).toMatchObject({ event: 'watch:start', orgs: [url] });
    const named = await cli.run(['backfill', byAddress, '--json']);
    expect([named.code, JSON.parse(named.stdout)]).toMatchObject([1, { error: { code: 'ORG_CONNECTED' } }]);
    const { checks } = JSON.parse((await cli.run(['doctor', '--json'])).stdout) as {
      checks: { name: string; status: string; hint: string }[];
    };
    expect(checks.find(({ name }) => name === 'orgs')).toMatchObject({
      status: 'fail',
      hint: expect.stringContaining(`logout ${byAddress}`),
    });
  });
});

describe('a login that renews itself', () => {
  /** A login that is interrupted while the one before it is being revoked. */
  async function interrupted(start: () => ChildProcess): Promise<void> {
    await control(org.emulator.url, 'faults', [{ match: '/oauth2/revoke', times: 1, delayMs: 60_000 }]);
    const child = start();
    const end = ended(child);
    const faults = async () => (await fetch(`${org.emulator.url}/__emulator/faults`)).json();
    // It has met the request.
    await vi.waitFor(async () => expect(await faults()).toEqual([]), 60_000);
    child.kill('SIGINT');
    expect((await end).code).toBe(130);
  }

  it('works though it was interrupted while the one before it was being revoked', async () => {
    expect(await byBrowser()).toBe(0);
    await interrupted(() => startBrowser());
    expect((await cli.run(['limits'])).code).toBe(0);
  });

  it('has moved with its files though it was interrupted so', async () => {
    expect(await byBrowser()).toBe(0);
    await cli.json(['backfill']);
    await interrupted(() => {
      const args = [
        'login',
        '--access-token-stdin',
        '--instance-url',
        byAddress,
        '--move',
        '--replace-grant',
      ];
      const child = cli.start(args);
      child.stdin?.end(org.emulator.accessToken);
      return child;
    });
    expect(await orgs()).toMatchObject([{ instanceUrl: byAddress, auth: 'no-refresh' }]);
    expect([existsSync(cli.databaseOf(org.emulator.url)), existsSync(cli.databaseOf(byAddress))]).toEqual([
      false,
      true,
    ]);
    expect((await cli.run(['watch', '--once'])).code).toBe(0);
  });

  it('is not replaced by one that cannot be renewed, unless the user says so', async () => {
    const { url } = org.emulator;
    expect(await byBrowser()).toBe(0);
    const refused = await byToken(url);
    expect([refused.code, refused.told.error]).toMatchObject([
      3,
      { code: 'GRANT_REPLACED', hint: expect.stringContaining('--replace-grant') },
    ]);
    await org.control('sessions', { expire: true });
    expect((await cli.run(['limits'])).code).toBe(0);
    expect(await orgs()).toMatchObject([{ auth: 'ok' }]);
    // The same kind and app is what a repeated login is.
    expect(await byBrowser()).toBe(0);
    expect((await byToken(byAddress)).code).toBe(3);
  });

  it('is replaced on the word of the user, and where it is over', async () => {
    const { url } = org.emulator;
    await byBrowser();
    const token = org.emulator.accessToken;
    expect((await byToken(url, '--replace-grant')).told.org.grant).toBe('access-token');
    expect(await byBrowser()).toBe(0);
    await org.control('tokens', { revokeRefresh: true });
    await org.control('sessions', { expire: true });
    expect((await cli.run(['limits'])).code).toBe(3);
    expect(token).toBe(org.emulator.accessToken);
  });
});

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Credential } from '../../src/auth/credential.ts';
import { openCredentialStore } from '../../src/auth/open-credential-store.ts';
import { Cli, ended } from '../e2e/cli.ts';
import { isDeep, repeats } from '../support/deep.ts';
import { lockingIn } from '../support/leases.ts';
import { type EmulatedOrg, startEmulatedOrg } from './emulated-org.ts';

const passphrase = 'a passphrase for tests';

let org: EmulatedOrg;
let cli: Cli;
let credentialDir: string;
beforeEach(async () => {
  org = await startEmulatedOrg({ contacts: 20, concurrentLimit: 1_000 });
  cli = new Cli();
  credentialDir = join(cli.folder, 'credentials');
  cli.env.PARAHACK_SYNC_CREDENTIAL_DIR = credentialDir;
  cli.sealCheaply();
});
afterEach(async () => {
  cli[Symbol.dispose]();
  await org[Symbol.asyncDispose]();
});

/** What the store holds now, read past the command line. */
function stored(): Promise<Credential[]> {
  return openCredentialStore({
    kind: 'file',
    key: passphrase,
    folder: credentialDir,
    withLock: lockingIn(join(credentialDir, 'locks')),
  }).list();
}

/** `login --no-browser` with us as the browser; all that it said. */
async function logIn(dataDir?: string, ...more: string[]): Promise<string> {
  const { url, clientId } = org.emulator;
  const child = cli.start(
    [
      'login',
      '--no-browser',
      '--json',
      '--instance-url',
      url,
      '--client-id',
      clientId,
      '--port',
      `${org.callbackPort}`,
      ...more,
    ],
    { env: dataDir === undefined ? {} : { PARAHACK_SYNC_DATA_DIR: dataDir } },
  );
  if (child.stdout === null) throw new Error('no output');
  createInterface({ input: child.stdout }).once('line', (line) => {
    const { url } = JSON.parse(line) as { url: string };
    fetch(url).catch(() => {});
  });
  const { code, stdout, stderr } = await ended(child);
  expect([code, stdout, stderr]).toEqual([0, expect.anything(), expect.anything()]);
  return stdout + stderr;
}

const expireSessions = () => org.control('sessions', { expire: true });

describe('commands that share a login', () => {
  const processes = repeats(20);

  it(
    `renew once among ${processes} that start together over three data folders and one credential store`,
    async () => {
      const dataDirs = ['a', 'b', 'c'].map((name) => join(cli.folder, name));
      for (const dataDir of dataDirs) await logIn(dataDir);
      await expireSessions();
      const before = (await org.tokenCalls()).length;
      const limits = (n: number) =>
        cli.run(['limits', '--json'], { env: { PARAHACK_SYNC_DATA_DIR: dataDirs[n % 3] } });
      const ends = await Promise.all(Array.from({ length: processes }, (_, n) => limits(n)));
      expect(ends.filter(({ code }) => code !== 0)).toEqual([]);
      expect((await org.tokenCalls()).slice(before).map(({ status }) => status)).toEqual([200]);
      await expireSessions();
      expect((await limits(1)).code).toBe(0);
    },
    isDeep ? 900_000 : 180_000,
  );

  it('end with 3 and without a loop where the org rejects every token for ever', async () => {
    await logIn();
    await org.control('faults', [
      { match: '/services/data/v', times: 10_000, status: 401, errorCode: 'INVALID_SESSION_ID' },
    ]);
    const before = (await org.calls()).length;
    const { code, stdout } = await cli.run(['limits', '--json']);
    expect([code, JSON.parse(stdout)]).toMatchObject([3, { error: { code: 'LOGIN_REQUIRED' } }]);
    const calls = (await org.calls()).slice(before).map(({ path }) => path.replace(/\?.*/, ''));
    expect(calls.filter((path) => path === '/services/oauth2/token')).toHaveLength(1);
    for (const path of new Set(calls.filter((path) => path.startsWith('/services/data/v')))) {
      expect([path, calls.filter((other) => other === path).length]).toEqual([path, 2]);
    }
  });

  it('end with 3 and say which command mends it when the grant was revoked, asking Salesforce once', async () => {
    await logIn();
    await org.control('tokens', { revokeRefresh: true });
    await expireSessions();
    const before = (await org.tokenCalls()).length;
    for (let n = 0; n < 2; n++) {
      const { code, stdout } = await cli.run(['limits', '--json']);
      expect([code, JSON.parse(stdout)]).toMatchObject([
        3,
        { error: { code: 'LOGIN_REQUIRED', hint: expect.stringContaining('parahack-sync login') } },
      ]);
    }
    expect((await org.tokenCalls()).length - before).toBe(1);
    const { orgs } = await cli.json<{ orgs: { auth: string }[] }>(['orgs']);
    expect(orgs.map(({ auth }) => auth)).toEqual(['login-needed']);
    await logIn();
    expect((await cli.run(['limits', '--json'])).code).toBe(0);
  });

  it.each<[string, object, number, string]>([
    ['a server error', { error: 'server_error' }, 5, 'ORG_UNAVAILABLE'],
    ['an overload', { error: 'temporarily_unavailable' }, 5, 'ORG_UNAVAILABLE'],
    ['a login rate', { error: 'rate_limit_exceeded' }, 5, 'REQUEST_LIMIT_EXCEEDED'],
    ['an app that is gone', { error: 'app_not_found' }, 3, 'LOGIN_FAILED'],
  ])(
    'end over %s of the token endpoint as it deserves, and work again afterwards',
    async (_, body, exit, code) => {
      await logIn();
      await expireSessions();
      await org.control('faults', [{ match: 'POST /services/oauth2/token', times: 1, status: 400, body }]);
      const { code: ended, stdout } = await cli.run(['limits', '--json']);
      expect([ended, JSON.parse(stdout)]).toMatchObject([exit, { error: { code } }]);
      const { orgs } = await cli.json<{ orgs: { auth: string }[] }>(['orgs']);
      expect(orgs.map(({ auth }) => auth)).toEqual(['ok']);
      expect((await cli.run(['limits', '--json'])).code).toBe(0);
    },
  );

  it('wait out a race with another refresh of the same token, and keep the login', async () => {
    await logIn();
    await expireSessions();
    const body = { error: 'invalid_grant', error_description: 'token request is already being processed' };
    await org.control('faults', [{ match: 'POST /services/oauth2/token', times: 2, status: 400, body }]);
    expect((await cli.run(['limits', '--json'])).code).toBe(0);
    expect((await stored()).map(({ refused }) => refused)).toEqual([null]);
  });
});

describe('secrets', () => {
  it('are in no output at the highest verbosity, in no file but the sealed one, and in no process list', async () => {
    const secrets = new Set([passphrase, org.emulator.clientSecret]);
    const note = async () => {
      for (const { accessToken, refreshToken, privateKey } of await stored()) {
        for (const secret of [accessToken, refreshToken, privateKey]) if (secret) secrets.add(secret);
      }
    };
    let output = await logIn(undefined, '--verbose', '--verbose', '--verbose');
    await note();
    const listed = new Set<string>();
    const run = async (...args: string[]) => {
      const child = cli.start([...args, '--verbose', '--verbose', '--verbose']);
      child.stdin?.end();
      // Other systems have no such file; what they list is the same argv.
      if (process.platform === 'linux') listed.add(readFileSync(`/proc/${child.pid}/cmdline`, 'utf8'));
      const { stdout, stderr } = await ended(child);
      output += stdout + stderr;
      await note();
    };
    await run('backfill');
    await expireSessions();
    await run('limits');
    await run('watch', '--once');
    await run('doctor', '--json');
    await run('status', '--json');
    await org.control('tokens', { revokeRefresh: true });
    await expireSessions();
    await run('limits');
    await run('limits', '--json');
    await run('logout');
    expect(secrets.size).toBeGreaterThanOrEqual(6);
    const places = { output, 'process list': [...listed].join('\n'), ...filesUnder(cli.folder) };
    for (const [place, text] of Object.entries(places)) {
      for (const secret of secrets) expect([place, text.includes(secret)]).toEqual([place, false]);
    }
  });
});

function filesUnder(folder: string): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  return Object.fromEntries(
    files.map(({ parentPath, name }) => [name, readFileSync(join(parentPath, name), 'latin1')]),
  );
}

import { describe, expect, test } from 'vitest';
import { AppError } from '../../../src/base/errors.ts';
import type { LoginOptions, LoginResult } from '../../../src/contract/login.ts';
import { fakeApp } from '../support/fake-app.ts';
import { json, runMain } from '../support/run-main.ts';

const instanceUrl = 'https://acme.my.salesforce.com';
const org: LoginResult['org'] = {
  instanceUrl,
  orgId: '00Dxx0000001gPLEAY',
  userId: '005xx000001SwiUAAS',
  username: 'me@acme.com',
  alias: null,
  sync: true,
  grant: 'refresh-token',
};
const login = () =>
  fakeApp({
    login: async (_options, { onEvent }) => {
      onEvent({
        event: 'login:url',
        url: 'https://login.salesforce.com/x?state=1',
        redirectUri: 'http://localhost:9717/callback',
      });
      return { org };
    },
  });

describe('which flow is asked for', () => {
  const common = { alias: null, sync: true, replaceUser: false };
  const browser = {
    flow: 'browser',
    ...common,
    clientId: 'id',
    port: null,
    openBrowser: true,
    timeoutMs: 300_000,
  };
  const cases: [string[], Partial<LoginOptions>, { env?: Record<string, string>; stdin?: string }?][] = [
    [[], { ...browser, loginUrl: 'https://login.salesforce.com' } as LoginOptions],
    [['--sandbox'], { ...browser, loginUrl: 'https://test.salesforce.com' } as LoginOptions],
    [['--instance-url', instanceUrl], { ...browser, loginUrl: instanceUrl } as LoginOptions],
    [
      [
        '--no-browser',
        '--port',
        '9800',
        '--timeout',
        '30s',
        '--alias',
        'prod',
        '--no-sync',
        '--replace-user',
      ],
      {
        ...browser,
        loginUrl: 'http://localhost:1',
        openBrowser: false,
        port: 9800,
        timeoutMs: 30_000,
        alias: 'prod',
        sync: false,
        replaceUser: true,
      } as LoginOptions,
      { env: { PARAHACK_SYNC_LOGIN_URL: 'http://localhost:1' } },
    ],
    [
      ['--access-token-stdin', '--instance-url', instanceUrl],
      { flow: 'access-token', ...common, instanceUrl, accessToken: '00Dxx!token' },
      { stdin: '00Dxx!token\n' },
    ],
    [
      ['--jwt-key-file', 'k.pem', '--username', 'me@acme.com', '--client-id', 'other'],
      {
        flow: 'jwt',
        ...common,
        loginUrl: 'https://login.salesforce.com',
        clientId: 'other',
        username: 'me@acme.com',
        keyFile: 'k.pem',
      },
    ],
    [
      ['--client-credentials', '--instance-url', instanceUrl],
      { flow: 'client-credentials', ...common, instanceUrl, clientId: 'id', clientSecret: 'from-env' },
      { env: { PARAHACK_SYNC_CLIENT_SECRET: 'from-env' } },
    ],
    [
      ['--client-credentials', '--instance-url', instanceUrl],
      { flow: 'client-credentials', ...common, instanceUrl, clientId: 'id', clientSecret: 'from-stdin' },
      { stdin: 'from-stdin' },
    ],
  ];
  test.each(cases)('%j', async (flags, expected, { env, stdin } = {}) => {
    const { app, calls } = login();
    const { code } = await runMain(['login', ...flags], {
      app,
      stdin,
      env: { PARAHACK_SYNC_CLIENT_ID: 'id', ...env },
    });
    expect(code).toBe(0);
    expect(calls).toEqual([{ method: 'login', options: expected }]);
  });
});

test('without a client id nothing is started', async () => {
  const { code, stderr } = await runMain(['login'], { app: login().app });
  expect(code).toBe(2);
  expect(stderr).toContain('PARAHACK_SYNC_CLIENT_ID');
});

test('an empty standard input is no token', async () => {
  const argv = ['login', '--access-token-stdin', '--instance-url', instanceUrl, '--json'];
  const { code, stdout } = await runMain(argv, { app: login().app, stdin: '\n' });
  expect(code).toBe(2);
  expect(json(stdout)).toMatchObject({ error: { code: 'INVALID_INPUT' } });
});

test('--json is one document, the URL goes to stderr', async () => {
  const { stdout, stderr } = await runMain(['login', '--json', '--client-id', 'id'], { app: login().app });
  expect(json(stdout)).toEqual({ org });
  expect(stderr).toContain('https://login.salesforce.com/x?state=1');
});

test('--json --no-browser is a line with the URL, then the line with the org', async () => {
  const { stdout, stderr } = await runMain(['login', '--json', '--no-browser', '--client-id', 'id'], {
    app: login().app,
    terminal: true,
  });
  expect(stdout.trimEnd().split('\n').map(json)).toEqual([
    {
      event: 'login:url',
      url: 'https://login.salesforce.com/x?state=1',
      redirectUri: 'http://localhost:9717/callback',
    },
    { org },
  ]);
  expect(stderr).toBe('');
});

test('--quiet still shows the URL, which is all there is to do', async () => {
  const { stderr } = await runMain(['login', '--quiet', '--no-browser', '--client-id', 'id'], {
    app: login().app,
  });
  expect(stderr).toBe('https://login.salesforce.com/x?state=1\n');
});

test('a secret from standard input that comes back in an error is hidden', async () => {
  const { app } = fakeApp({
    login: async (options) => {
      throw new AppError('LOGIN_FAILED', `Refused: ${(options as { clientSecret: string }).clientSecret}`);
    },
  });
  const argv = ['login', '--client-credentials', '--instance-url', instanceUrl, '--client-id', 'id'];
  const { code, stderr } = await runMain(argv, { app, stdin: 'very-secret-word' });
  expect(code).toBe(3);
  expect(stderr).not.toContain('very-secret-word');
});

describe('logout', () => {
  const item = { instanceUrl, username: 'me@acme.com', alias: null, dataDeleted: false };

  test('passes its flags on', async () => {
    const { app, calls } = fakeApp({ logout: async () => ({ orgs: [] }) });
    await runMain(['logout', '--all', '--delete-data', '--force'], { app });
    expect(calls[0]?.options).toEqual({ org: null, all: true, deleteData: true, force: true });
  });

  test('a revocation that failed is said, and is no failure: the login is gone from here', async () => {
    const error = {
      code: 'NETWORK_UNREACHABLE',
      message: 'acme cannot be reached.',
      hint: null,
      details: null,
    };
    const { app } = fakeApp({
      logout: async () => ({ orgs: [{ ...item, revoked: false, credentialRemoved: true, error }] }),
    });
    const { code, stdout } = await runMain(['logout'], { app });
    expect(code).toBe(0);
    expect(stdout).toContain('could not be told to revoke');
  });

  test('data that were to be deleted and stay are, and it is said', async () => {
    const error = { code: 'OUTBOX_OPEN', message: '1 entry is not settled yet.', hint: null, details: null };
    for (const revoked of [null, true, false]) {
      const { app } = fakeApp({
        logout: async () => ({ orgs: [{ ...item, revoked, credentialRemoved: true, error }] }),
      });
      const { code, stdout } = await runMain(['logout', '--delete-data'], { app });
      expect(code).toBe(1);
      expect(stdout).toContain('The mirror stays: 1 entry is not settled yet.');
    }
  });

  test('an org that stays connected is', async () => {
    const error = { code: 'CREDENTIAL_STORE_UNAVAILABLE', message: 'Locked.', hint: null, details: null };
    const { app } = fakeApp({
      logout: async () => ({ orgs: [{ ...item, revoked: null, credentialRemoved: false, error }] }),
    });
    expect((await runMain(['logout'], { app })).code).toBe(3);
  });
});

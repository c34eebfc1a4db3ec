import { homedir, userInfo } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import type { Config } from '../../src/config/config.ts';
import type { GlobalFlags } from '../../src/config/global-flags.ts';
import { readConfig } from '../../src/config/read-config.ts';

const read = (env: Record<string, string> = {}, flags: GlobalFlags = {}) =>
  readConfig({ flags, env, cwd: '/work' });

test('the defaults', () => {
  expect(read({ PARAHACK_SYNC_DATA_DIR: '/d' })).toEqual({
    json: false,
    quiet: false,
    verbosity: 0,
    dataDir: '/d',
    apiVersion: '62.0',
    credentialStore: { kind: 'keychain' },
    credentialDir: '/d/credentials',
    clientId: null,
    clientSecret: null,
    processOrg: null,
    loginUrl: 'https://login.salesforce.com',
    apiBudget: 0.25,
    stopBudgetMs: 60_000,
    proxy: { httpsProxy: null, noProxy: [] },
  } satisfies Config);
  expect(read().dataDir).toMatch(/parahack-sync/);
});

test.skipIf(process.platform !== 'linux')('a relative XDG folder or home is ignored', () => {
  vi.stubEnv('XDG_DATA_HOME', 'rel');
  expect(read().dataDir).toBe(join(homedir(), '.local/share/parahack-sync'));
  vi.stubEnv('XDG_DATA_HOME', '');
  for (const home of ['', 'rel']) {
    vi.stubEnv('HOME', home);
    expect(read().dataDir).toBe(join(userInfo().homedir, '.local/share/parahack-sync'));
  }
  vi.stubEnv('XDG_DATA_HOME', '/abs');
  expect(read().dataDir).toBe('/abs/parahack-sync');
  vi.unstubAllEnvs();
});

describe('what is read', () => {
  test.each<[string, Record<string, string>, GlobalFlags, Partial<Config>]>([
    ['the data folder from the environment', { PARAHACK_SYNC_DATA_DIR: 'rel' }, {}, { dataDir: '/work/rel' }],
    [
      'the flag before the environment',
      { PARAHACK_SYNC_DATA_DIR: '/e' },
      { dataDir: '../f' },
      { dataDir: '/f' },
    ],
    ['an API version of one number', {}, { apiVersion: 'v61' }, { apiVersion: '61.0' }],
    ['how long an end may take', { PARAHACK_SYNC_STOP_TIMEOUT: '8s' }, {}, { stopBudgetMs: 8_000 }],
    [
      'that of the flag before the environment',
      { PARAHACK_SYNC_STOP_TIMEOUT: '8s' },
      { stopTimeout: '2m' },
      { stopBudgetMs: 120_000 },
    ],
    [
      'the memory store',
      { PARAHACK_SYNC_CREDENTIAL_STORE: 'memory' },
      {},
      { credentialStore: { kind: 'memory' } },
    ],
    [
      'the file store and its passphrase',
      { PARAHACK_SYNC_CREDENTIAL_STORE: 'file', PARAHACK_SYNC_CREDENTIAL_KEY: 'k' },
      {},
      { credentialStore: { kind: 'file', key: 'k', keyFile: null } },
    ],
    [
      'the file store and the file of its passphrase',
      { PARAHACK_SYNC_CREDENTIAL_STORE: 'file', PARAHACK_SYNC_CREDENTIAL_KEY_FILE: 'k' },
      {},
      { credentialStore: { kind: 'file', key: null, keyFile: '/work/k' } },
    ],
    [
      'a file store without a passphrase, which says so itself when it is used',
      { PARAHACK_SYNC_CREDENTIAL_STORE: 'file' },
      {},
      { credentialStore: { kind: 'file', key: null, keyFile: null } },
    ],
    ['a shared folder of credentials', { PARAHACK_SYNC_CREDENTIAL_DIR: '/c' }, {}, { credentialDir: '/c' }],
    [
      'the OAuth client',
      { PARAHACK_SYNC_CLIENT_ID: 'id', PARAHACK_SYNC_CLIENT_SECRET: 's' },
      {},
      { clientId: 'id', clientSecret: 's' },
    ],
    [
      'an org for this process',
      { PARAHACK_SYNC_INSTANCE_URL: 'https://Acme.my.salesforce.com/', PARAHACK_SYNC_ACCESS_TOKEN: 't' },
      {},
      { processOrg: { instanceUrl: 'https://acme.my.salesforce.com', accessToken: 't' } },
    ],
    [
      'a loopback login URL',
      { PARAHACK_SYNC_LOGIN_URL: 'http://127.0.0.1:8/' },
      {},
      { loginUrl: 'http://127.0.0.1:8' },
    ],
    ['a budget', { PARAHACK_SYNC_API_BUDGET: '1' }, {}, { apiBudget: 1 }],
    [
      'the proxy',
      { HTTPS_PROXY: 'http://p:1', NO_PROXY: 'a, b c', NODE_EXTRA_CA_CERTS: '/ca' },
      {},
      { proxy: { httpsProxy: 'http://p:1', noProxy: ['a', 'b', 'c'] } },
    ],
    [
      'an empty value as none',
      { PARAHACK_SYNC_CLIENT_ID: ' ', PARAHACK_SYNC_API_BUDGET: '' },
      {},
      { clientId: null, apiBudget: 0.25 },
    ],
  ])('%s', (_, env, flags, expected) => {
    expect(read(env, flags)).toMatchObject(expected);
  });
});

describe('what is wrong names its variable or flag, and how to mend it', () => {
  test.each<[string, Record<string, string>, GlobalFlags?]>([
    ['PARAHACK_SYNC_CREDENTIAL_STORE', { PARAHACK_SYNC_CREDENTIAL_STORE: 'vault' }],
    [
      'PARAHACK_SYNC_CREDENTIAL_KEY_FILE',
      {
        PARAHACK_SYNC_CREDENTIAL_STORE: 'file',
        PARAHACK_SYNC_CREDENTIAL_KEY: 'k',
        PARAHACK_SYNC_CREDENTIAL_KEY_FILE: 'f',
      },
    ],
    ['PARAHACK_SYNC_ACCESS_TOKEN', { PARAHACK_SYNC_INSTANCE_URL: 'https://a.my.salesforce.com' }],
    ['PARAHACK_SYNC_INSTANCE_URL', { PARAHACK_SYNC_ACCESS_TOKEN: 't' }],
    [
      'PARAHACK_SYNC_INSTANCE_URL',
      { PARAHACK_SYNC_INSTANCE_URL: 'http://acme.com', PARAHACK_SYNC_ACCESS_TOKEN: 't' },
    ],
    [
      'PARAHACK_SYNC_INSTANCE_URL',
      { PARAHACK_SYNC_INSTANCE_URL: 'http://localhost.evil.com', PARAHACK_SYNC_ACCESS_TOKEN: 't' },
    ],
    ['PARAHACK_SYNC_LOGIN_URL', { PARAHACK_SYNC_LOGIN_URL: 'login' }],
    ['PARAHACK_SYNC_LOGIN_URL', { PARAHACK_SYNC_LOGIN_URL: 'https://u:hunter2@login.salesforce.com' }],
    ['PARAHACK_SYNC_API_BUDGET', { PARAHACK_SYNC_API_BUDGET: '0' }],
    ['PARAHACK_SYNC_API_BUDGET', { PARAHACK_SYNC_API_BUDGET: '1.01' }],
    ['PARAHACK_SYNC_API_BUDGET', { PARAHACK_SYNC_API_BUDGET: '0x1' }],
    ['HTTPS_PROXY', { HTTPS_PROXY: 'socks5://hunter2' }],
    ['--api-version', {}, { apiVersion: '46.0' }],
    ['--api-version', {}, { apiVersion: 'latest' }],
    ['PARAHACK_SYNC_STOP_TIMEOUT', { PARAHACK_SYNC_STOP_TIMEOUT: '30' }],
    ['PARAHACK_SYNC_STOP_TIMEOUT', { PARAHACK_SYNC_STOP_TIMEOUT: '0s' }],
    ['--stop-timeout', { PARAHACK_SYNC_STOP_TIMEOUT: '5s' }, { stopTimeout: '1h' }],
  ])('%s %j', (name, env, flags) => {
    expect(() => read(env, flags)).toThrow(
      expect.objectContaining({
        code: 'INVALID_INPUT',
        message: expect.stringContaining(name),
        hint: expect.any(String),
      }),
    );
    expect(() => read(env, flags)).not.toThrow(/hunter2/);
  });
});

test('is frozen through and through', () => {
  const config = read({
    PARAHACK_SYNC_INSTANCE_URL: 'https://a.my.salesforce.com',
    PARAHACK_SYNC_ACCESS_TOKEN: 't',
  });
  for (const part of [config, config.credentialStore, config.processOrg, config.proxy])
    expect(Object.isFrozen(part)).toBe(true);
});

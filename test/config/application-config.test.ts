import { describe, expect, it, test } from 'vitest';
import { type ApplicationOptions, applicationConfig } from '../../src/config/application-config.ts';

const configOf = (options: ApplicationOptions) => applicationConfig(options, '/work');

describe('how a program opens the application', () => {
  it('has the defaults of the command line', () => {
    expect(configOf({ dataDir: 'data' })).toEqual({
      dataDir: '/work/data',
      apiVersion: '62.0',
      credentialStore: { kind: 'keychain' },
      credentialDir: '/work/data/credentials',
      clientId: null,
      clientSecret: null,
      processOrg: null,
      loginUrl: 'https://login.salesforce.com',
      apiBudget: 0.25,
      stopBudgetMs: 60_000,
      proxy: { httpsProxy: null, noProxy: [] },
    });
  });

  it('reads no environment unasked', () => {
    process.env.PARAHACK_SYNC_CLIENT_ID = 'from outside';
    try {
      expect(configOf({ dataDir: 'data' }).clientId).toBeNull();
      expect(configOf({ dataDir: 'data', env: process.env }).clientId).toBe('from outside');
    } finally {
      delete process.env.PARAHACK_SYNC_CLIENT_ID;
    }
  });

  it('takes what is given before what the environment says', () => {
    const env = {
      PARAHACK_SYNC_DATA_DIR: '/elsewhere',
      PARAHACK_SYNC_CREDENTIAL_STORE: 'memory',
      PARAHACK_SYNC_API_BUDGET: '0.1',
      PARAHACK_SYNC_LOGIN_URL: 'https://test.salesforce.com',
      HTTPS_PROXY: 'http://proxy.example:1',
      NO_PROXY: 'a.example',
    };
    expect(configOf({ env })).toMatchObject({ dataDir: '/elsewhere', apiBudget: 0.1 });
    expect(
      configOf({
        env,
        dataDir: 'data',
        credentialStore: { kind: 'file', keyFile: 'key' },
        apiBudget: 1,
        stopTimeoutMs: 5_000,
        apiVersion: '61',
        org: { instanceUrl: 'https://acme.my.salesforce.com/', accessToken: 't' },
        proxy: { httpsProxy: 'http://other.example:2' },
      }),
    ).toMatchObject({
      dataDir: '/work/data',
      credentialStore: { kind: 'file', key: null, keyFile: '/work/key' },
      apiBudget: 1,
      stopBudgetMs: 5_000,
      apiVersion: '61.0',
      loginUrl: 'https://test.salesforce.com',
      processOrg: { instanceUrl: 'https://acme.my.salesforce.com', accessToken: 't' },
      proxy: { httpsProxy: 'http://other.example:2' },
    });
  });
});

test.each<[string, ApplicationOptions]>([
  ['dataDir is missing', {}],
  ['dataDir is empty', { dataDir: '', env: {} }],
  ['credentialDir is empty', { dataDir: 'd', credentialDir: ' ' }],
  ['keyFile is empty', { dataDir: 'd', credentialStore: { kind: 'file', keyFile: '' } }],
  ['clientId is empty', { dataDir: 'd', clientId: '' }],
  ['apiBudget', { dataDir: 'd', apiBudget: 2 }],
  ['stopTimeoutMs', { dataDir: 'd', stopTimeoutMs: 10 }],
  ['apiVersion', { dataDir: 'd', apiVersion: 'latest' }],
  ['loginUrl', { dataDir: 'd', loginUrl: 'http://acme.example' }],
  ['org.instanceUrl', { dataDir: 'd', org: { instanceUrl: 'acme', accessToken: 't' } }],
  ['credentialStore', { dataDir: 'd', credentialStore: 'vault' as never }],
  ['credentialStore', { dataDir: 'd', credentialStore: { kind: 'file' } as never }],
])('%s is named where it is wrong', (place, options) => {
  expect(() => configOf(options)).toThrow(
    expect.objectContaining({ code: 'INVALID_INPUT', message: expect.stringContaining(place) }),
  );
});

import { expect, it } from 'vitest';
import type { Credential } from '../../src/auth/credential.ts';
import type { CredentialStore } from '../../src/auth/credential-store.ts';
import { openMemoryStore } from '../../src/auth/memory-store.ts';
import { storeUnavailable } from '../../src/auth/store-unavailable.ts';
import { AppError } from '../../src/base/errors.ts';
import type { AuthState } from '../../src/org/auth-state.ts';
import type { OrgRecord } from '../../src/orgs/org-record.ts';
import { loginLookup } from '../../src/usecases/known-login.ts';

const instanceUrl = 'https://acme.my.salesforce.com';
const org = (authState: AuthState, more: Partial<OrgRecord> = {}) =>
  ({ instanceUrl, orgId: '00D', grant: 'refresh-token', authState, ...more }) as OrgRecord;

async function known(authState: AuthState, credential: Partial<Credential> | null) {
  const credentials = openMemoryStore();
  if (credential !== null) {
    await credentials.set({
      instanceUrl,
      grant: 'refresh-token',
      refused: null,
      ...credential,
    } as Credential);
  }
  return loginLookup({ credentials })(org(authState));
}

it('says ok only of a login that is there', async () => {
  expect(await known('ok', {})).toEqual({ auth: 'ok', authReason: null });
  expect(await known('ok', null)).toMatchObject({
    auth: 'login-needed',
    authReason: { code: 'LOGIN_REQUIRED', hint: expect.stringContaining('parahack-sync login') },
  });
});

it('says of a grant that Salesforce has refused, perhaps to another data folder, why', async () => {
  const refused = { error: 'invalid_grant', description: 'expired access/refresh token', at: 1 };
  expect(await known('ok', { refused })).toMatchObject({
    auth: 'login-needed',
    authReason: { code: 'LOGIN_REQUIRED', message: expect.stringContaining('expired access/refresh token') },
  });
});

it('knows a login that another data folder made, and an access token that has ended', async () => {
  expect((await known('login-needed', {})).auth).toBe('ok');
  expect((await known('no-refresh', { grant: 'access-token' })).auth).toBe('no-refresh');
  expect(await known('login-needed', { grant: 'access-token' })).toMatchObject({
    auth: 'login-needed',
    authReason: { hint: expect.stringContaining('--access-token-stdin') },
  });
});

it('knows nothing where the store cannot be read, and asks an unusable one once', async () => {
  let asked = 0;
  const unusable = (error: AppError) => {
    const store = {
      async get() {
        asked++;
        throw error;
      },
    } as unknown as CredentialStore;
    return loginLookup({ credentials: store });
  };
  const lookUp = unusable(
    storeUnavailable('keychain', 'locked', 'The keychain is locked.', { mend: 'Unlock it.' }),
  );
  for (const _ of ['first', 'second']) {
    expect(await lookUp(org('ok'))).toMatchObject({
      auth: 'unknown',
      authReason: { code: 'CREDENTIAL_STORE_UNAVAILABLE', message: 'The keychain is locked.' },
    });
  }
  expect(asked).toBe(1);
  expect((await unusable(new AppError('LOCK_TIMEOUT', 'x'))(org('ok'))).auth).toBe('unknown');
});

it('leaves a sealed store sealed on a quick look, save where the registry knows of something amiss', async () => {
  const asked: string[] = [];
  const store = {
    async glance() {
      asked.push('glance');
      return 'sealed';
    },
    async get() {
      asked.push('get');
      return null;
    },
  } as unknown as CredentialStore;
  const lookUp = loginLookup({ credentials: store }, { quick: true });
  expect(await lookUp(org('ok'))).toEqual({ auth: 'ok', authReason: null });
  expect(await lookUp(org('no-refresh'))).toEqual({ auth: 'no-refresh', authReason: null });
  expect(asked).toEqual(['glance', 'glance']);
  expect(await lookUp(org('login-needed'))).toMatchObject({
    auth: 'login-needed',
    authReason: { code: 'LOGIN_REQUIRED' },
  });
  expect(await loginLookup({ credentials: store })(org('ok'))).toMatchObject({ auth: 'login-needed' });
  expect(asked).toEqual(['glance', 'glance', 'get', 'get']);
});

it('believes on a quick look what a store tells that is not sealed', async () => {
  const credentials = openMemoryStore();
  const lookUp = loginLookup({ credentials }, { quick: true });
  expect((await lookUp(org('ok'))).auth).toBe('login-needed');
  await credentials.set({ instanceUrl, grant: 'refresh-token', refused: null } as Credential);
  expect((await lookUp(org('ok'))).auth).toBe('ok');
});

it('knows nothing where the store cannot even be opened', async () => {
  const services = {
    get credentials(): CredentialStore {
      throw storeUnavailable('file', 'no-key', 'The encrypted file store needs a passphrase.', {
        mend: 'Set it.',
      });
    },
  };
  expect((await loginLookup(services)(org('ok'))).auth).toBe('unknown');
});

it('asks no store for the org of the environment', async () => {
  expect(await loginLookup({} as never)(org('no-refresh', { orgId: '' }))).toEqual({
    auth: 'no-refresh',
    authReason: null,
  });
});

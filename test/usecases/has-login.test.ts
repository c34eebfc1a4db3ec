import { expect, it } from 'vitest';
import type { Credential } from '../../src/auth/credential.ts';
import { openMemoryStore } from '../../src/auth/memory-store.ts';
import type { AuthState } from '../../src/org/auth-state.ts';
import type { OrgRecord } from '../../src/orgs/org-record.ts';
import type { Registry } from '../../src/orgs/registry.ts';
import { hasLogin } from '../../src/usecases/has-login.ts';

const instanceUrl = 'https://acme.my.salesforce.com';

async function asked(authState: AuthState | null, credential: Partial<Credential> | null): Promise<boolean> {
  const credentials = openMemoryStore();
  if (credential !== null)
    await credentials.set({
      instanceUrl,
      grant: 'refresh-token',
      refused: null,
      ...credential,
    } as Credential);
  const org = authState === null ? null : ({ instanceUrl, authState } as OrgRecord);
  return hasLogin({ credentials, registry: { get: async () => org } as unknown as Registry }, instanceUrl);
}

it('takes an org whose credential is gone for one without a login, though the registry says that it is fine', async () => {
  expect(await asked('ok', null)).toBe(false);
  expect(await asked(null, null)).toBe(false);
  expect(await asked('ok', {})).toBe(true);
});

it('sees a login that another data folder made', async () => {
  expect(await asked('login-needed', {})).toBe(true);
  expect(await asked('login-needed', { grant: 'access-token' })).toBe(false);
  expect(await asked('no-refresh', { grant: 'access-token' })).toBe(true);
});

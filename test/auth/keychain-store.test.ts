import { describe, expect, it } from 'vitest';
import type { Credential } from '../../src/auth/credential.ts';
import { type Keychain, type Keytar, openKeychain } from '../../src/auth/keychain.ts';
import { maxEntryBytes, openKeychainStore } from '../../src/auth/keychain-store.ts';
import { repeats } from '../support/deep.ts';
import fc from '../support/properties.ts';
import { credentialFor } from './salesforce-script.ts';

class Killed extends Error {}

/** Entries in memory with Windows' limit; dies before the n-th write of a kind that changes something. */
function fakeKeychain(entries = new Map<string, string>()) {
  let writesLeft = Number.POSITIVE_INFINITY;
  const writes: string[] = [];
  const write = (what: string): void => {
    if (writesLeft-- <= 0) throw new Killed();
    writes.push(what);
  };
  const keychain: Keychain = {
    get: async (account) => entries.get(account) ?? null,
    async set(account, secret) {
      if (Buffer.byteLength(secret) > maxEntryBytes) throw new Error('The stub received bad data');
      write(`set ${account}`);
      entries.set(account, secret);
    },
    async delete(account) {
      write(`delete ${account}`);
      return entries.delete(account);
    },
    accounts: async () => [...entries.keys()],
    probe: async () => {},
  };
  return { keychain, entries, writes, dieAfterWrites: (n: number) => (writesLeft = n) };
}

const url = 'https://acme.my.salesforce.com';
const longToken = 'T'.repeat(6_000);
const pem = 'P'.repeat(3_300);

describe('keychain store', () => {
  it('keeps a usual credential in one entry and deletes it', async () => {
    const { keychain, entries } = fakeKeychain();
    const store = openKeychainStore(keychain);
    const credential = credentialFor(url);
    await store.set(credential);
    expect([...entries.keys()]).toEqual([url]);
    expect(await store.get(url)).toEqual(credential);
    expect(await store.list()).toEqual([credential]);
    expect(await store.delete(url)).toBe(true);
    expect(await store.delete(url)).toBe(false);
    expect(await store.list()).toEqual([]);
  });

  it('splits what would pass 2,560 bytes into numbered parts, the refresh token written first', async () => {
    const { keychain, entries, writes } = fakeKeychain();
    const store = openKeychainStore(keychain);
    const credential = credentialFor(url, { accessToken: longToken });
    await store.set(credential);
    expect(writes.map((write) => write.replace(/#[0-9a-f]{12}/, '#id'))).toEqual([
      `set ${url}`,
      `set ${url}#id.1`,
      `set ${url}#id.2`,
      `set ${url}#id.3`,
    ]);
    expect(entries.get(url)).toContain('refresh-0');
    expect(await store.get(url)).toEqual(credential);
    await store.set({ ...credential, accessToken: 'short' });
    expect([...entries.keys()]).toEqual([url]);
    await store.set(credential);
    await store.delete(url);
    expect(entries.size).toBe(0);
  });

  it('does not rewrite a private key at each renewal', async () => {
    const { keychain, writes } = fakeKeychain();
    const store = openKeychainStore(keychain);
    const credential = credentialFor(url, {
      grant: 'jwt',
      refreshToken: null,
      privateKey: pem,
      accessToken: longToken,
    });
    await store.set(credential);
    writes.length = 0;
    await store.set({ ...credential, accessToken: 'U'.repeat(6_000) });
    expect(writes.filter((write) => write.startsWith('set')).length).toBe(1 + 3);
    expect((await store.get(url))?.privateKey).toBe(pem);
  });

  const secret = fc.oneof(
    fc.string({ minLength: 1, maxLength: 30 }),
    fc.constantFrom('long'.repeat(800), 'ü€😀'.repeat(900), 'x'.repeat(maxEntryBytes)),
  );
  const credentials = fc.record({
    accessToken: secret,
    refreshToken: fc.option(secret),
    clientSecret: fc.option(secret),
    privateKey: fc.option(secret),
  });

  it('property: whatever is kept comes back, and nothing is left after the delete', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(credentials, { minLength: 1, maxLength: 4 }), async (changes) => {
        const { keychain, entries } = fakeKeychain();
        const store = openKeychainStore(keychain);
        for (const change of changes) {
          const credential = credentialFor(url, change);
          await store.set(credential);
          expect(await store.get(url)).toEqual(credential);
        }
        await store.delete(url);
        expect(entries.size).toBe(0);
      }),
    );
  });

  it('property: a kill at any write leaves the old or the new credential, at worst without its access token', async () => {
    await fc.assert(
      fc.asyncProperty(credentials, credentials, fc.nat(12), async (before, after, dieAfter) => {
        const fake = fakeKeychain();
        const old = credentialFor(url, before);
        const fresh = credentialFor(url, after);
        await openKeychainStore(fake.keychain).set(old);
        fake.dieAfterWrites(dieAfter);
        const survived = await openKeychainStore(fake.keychain)
          .set(fresh)
          .then(() => true)
          .catch((error: unknown) => {
            if (!(error instanceof Killed)) throw error;
            return false;
          });
        const found = await openKeychainStore(fakeKeychain(fake.entries).keychain).get(url);
        const withoutAccess = (credential: Credential): Credential => ({ ...credential, accessToken: '' });
        expect(survived ? [fresh] : [old, fresh, withoutAccess(fresh)]).toContainEqual(found);
      }),
      { numRuns: repeats(300) },
    );
  });

  it('explains an entry that lost a part, and one that is not ours', async () => {
    const { keychain, entries } = fakeKeychain();
    const store = openKeychainStore(keychain);
    await store.set(credentialFor(url, { grant: 'jwt', privateKey: pem }));
    for (const account of [...entries.keys()]) if (account.endsWith('.2')) entries.delete(account);
    const damaged = {
      code: 'CREDENTIAL_STORE_UNAVAILABLE',
      details: { store: 'keychain', reason: 'corrupt' },
    };
    await expect(store.get(url)).rejects.toMatchObject(damaged);
    entries.set(url, 'something else');
    await expect(store.get(url)).rejects.toMatchObject(damaged);
    await store.set(credentialFor(url));
    expect(await store.get(url)).toEqual(credentialFor(url));
  });
});

describe('the keychain itself', () => {
  const failing = (message: string): Keytar => {
    const fail = () => Promise.reject(new Error(message));
    return { getPassword: fail, setPassword: fail, deletePassword: fail, findCredentials: fail };
  };

  it.each([
    ['absent', 'libsecret-1.so.0: cannot open shared object file: No such file or directory'],
    ['absent', 'Cannot autolaunch D-Bus without X11 $DISPLAY'],
    ['absent', 'The name org.freedesktop.secrets was not provided by any .service files'],
    ['absent', 'Object does not exist at path “/org/freedesktop/secrets/collection/login”'],
    ['locked', 'Cannot create an item in a locked collection'],
    ['locked', 'User interaction is not allowed.'],
    ['refused', 'The user name or passphrase you entered is not correct.'],
  ])('is %s where it says: %s', async (reason, message) => {
    const store = openKeychainStore(openKeychain('test', async () => failing(message)));
    for (const work of [store.get(url), store.set(credentialFor(url)), store.list(), store.probeWritable()]) {
      await expect(work).rejects.toMatchObject({
        code: 'CREDENTIAL_STORE_UNAVAILABLE',
        details: { store: 'keychain', reason },
        hint: expect.stringMatching(/CREDENTIAL_STORE=file.*CREDENTIAL_STORE=memory/),
      });
    }
  });

  it('is absent where its native part cannot be loaded, and is not loaded before it is used', async () => {
    let loads = 0;
    const keychain = openKeychain('test', () => {
      loads += 1;
      return Promise.reject(new Error('libsecret-1.so.0: cannot open shared object file'));
    });
    expect(loads).toBe(0);
    await expect(keychain.get('x')).rejects.toMatchObject({ details: { reason: 'absent' } });
  });

  it('does not take the silence of a locked keychain for an empty one', async () => {
    // As the Secret Service answers when its collection is locked and nobody can be asked to unlock it.
    let crashed = false;
    const locked: Keytar = {
      getPassword: async () => null,
      deletePassword: async () => false,
      setPassword: () => Promise.reject(new Error('Cannot create an item in a locked collection')),
      findCredentials: async () => {
        crashed = true;
        return [];
      },
    };
    const store = openKeychainStore(openKeychain('test', async () => locked));
    const refusal = { details: { reason: 'locked' } };
    await expect(store.get(url)).rejects.toMatchObject(refusal);
    await expect(store.delete(url)).rejects.toMatchObject(refusal);
    await expect(store.list()).rejects.toMatchObject(refusal);
    expect(crashed).toBe(false);
  });
});

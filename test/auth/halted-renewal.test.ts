import { rmSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CredentialStore } from '../../src/auth/credential-store.ts';
import { openFileStore } from '../../src/auth/file-store.ts';
import { openMemoryStore } from '../../src/auth/memory-store.ts';
import { openSession } from '../../src/auth/open-session.ts';
import { systemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { lockingIn } from '../support/leases.ts';
import { credentialFor, type FakeSalesforce, startFakeSalesforce } from './salesforce-script.ts';
import { makeTempFolder } from './temp-folder.ts';
import { wire } from './wire.ts';

let temp: ReturnType<typeof makeTempFolder>;
let salesforce: FakeSalesforce;

beforeEach(async () => {
  temp = makeTempFolder();
  salesforce = await startFakeSalesforce();
});
afterEach(async () => {
  await salesforce[Symbol.asyncDispose]();
  temp[Symbol.dispose]();
});

const stores: [string, () => CredentialStore][] = [
  ['memory', openMemoryStore],
  [
    'a file',
    () =>
      openFileStore({
        folder: temp.path,
        passphrase: async () => 'correct horse',
        withLock: lockingIn(`${temp.path}/store-locks`),
      }),
  ],
];

/** A renewal that has been sent, and whose answer comes when it is let go on; as of a process that is halted meanwhile. */
async function haltedRenewal(store: CredentialStore) {
  await store.set(credentialFor(salesforce.url));
  const session = openSession((await store.get(salesforce.url))!, {
    store,
    withLock: lockingIn(`${temp.path}/locks`),
    wire,
    clock: systemClock,
    log: silentLogger,
  });
  const asked = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  salesforce.override = (path) => {
    if (path !== '/services/oauth2/token') return undefined;
    salesforce.override = null;
    asked.resolve();
    const json = { access_token: 'late', instance_url: salesforce.url, refresh_token: 'refresh-late' };
    return { json, after: goOn.promise };
  };
  const renewal = session.renew('00D!access-0');
  await asked.promise;
  // Its lock goes to whoever comes next.
  rmSync(`${temp.path}/locks`, { recursive: true });
  return { session, renewal, goOn: goOn.resolve };
}

describe.each(stores)(
  'a renewal that was halted while another took its place, with the store in %s',
  (_, open) => {
    it('does not store its token over a newer one, and uses that', async () => {
      const store = open();
      const { session, renewal, goOn } = await haltedRenewal(store);
      const newer = credentialFor(salesforce.url, { accessToken: 'newer', refreshToken: 'refresh-newer' });
      await store.set(newer);
      goOn();
      expect(await renewal).toBe('newer');
      await session.close();
      expect(await store.get(salesforce.url)).toEqual(newer);
    });

    it('does not bring a login back that was removed meanwhile', async () => {
      const store = open();
      const { session, renewal, goOn } = await haltedRenewal(store);
      await store.delete(salesforce.url);
      goOn();
      await expect(renewal).rejects.toMatchObject({ code: 'LOGIN_REQUIRED' });
      await session.close();
      expect(await store.get(salesforce.url)).toBeNull();
    });

    it('stores its token where nobody else has stored one: the former is spent', async () => {
      const store = open();
      const { session, renewal, goOn } = await haltedRenewal(store);
      goOn();
      expect(await renewal).toBe('late');
      await session.close();
      expect(await store.get(salesforce.url)).toMatchObject({
        accessToken: 'late',
        refreshToken: 'refresh-late',
      });
    });
  },
);

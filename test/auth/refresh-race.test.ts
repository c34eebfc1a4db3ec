import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Credential } from '../../src/auth/credential.ts';
import type { CredentialStore } from '../../src/auth/credential-store.ts';
import { openMemoryStore } from '../../src/auth/memory-store.ts';
import { openSession, type SessionParts } from '../../src/auth/open-session.ts';
import { silentLogger } from '../../src/base/logger.ts';
import type { OrgRecord } from '../../src/orgs/org-record.ts';
import type { Registry } from '../../src/orgs/registry.ts';
import { hasLogin } from '../../src/usecases/has-login.ts';
import { loginLookup } from '../../src/usecases/known-login.ts';
import { lockingIn } from '../support/leases.ts';
import { manualClock } from '../support/manual-clock.ts';
import {
  credentialFor,
  type FakeSalesforce,
  invalidGrant,
  startFakeSalesforce,
} from './salesforce-script.ts';
import { makeTempFolder } from './temp-folder.ts';
import { wire } from './wire.ts';

let temp: ReturnType<typeof makeTempFolder>;
let salesforce: FakeSalesforce;
let store: CredentialStore;
let needed: number;
const clock = manualClock();

beforeEach(async () => {
  temp = makeTempFolder();
  salesforce = await startFakeSalesforce();
  store = openMemoryStore();
  needed = 0;
});
afterEach(async () => {
  await salesforce[Symbol.asyncDispose]();
  temp[Symbol.dispose]();
});

async function login(change: Partial<Credential> = {}): Promise<Credential> {
  const credential = credentialFor(salesforce.url, change);
  await store.set(credential);
  return credential;
}

const parts = (change: Partial<SessionParts> = {}): SessionParts => ({
  store,
  withLock: lockingIn(temp.path),
  wire,
  clock,
  log: silentLogger,
  onLoginNeeded: async () => {
    needed += 1;
  },
  ...change,
});

const races = ['token request is already being processed', 'expired authorization code'];

describe.each(races)('a refresh beside another of the same token (%s)', (words) => {
  it('is asked for again until it is answered, and never noted as the end of the login', async () => {
    let left = 3;
    salesforce.override = () => (left-- > 0 ? invalidGrant(words) : undefined);
    const session = openSession(await login(), parts());
    const renewal = session.renew('00D!access-0');
    for (let n = 1; n <= 3; n++) {
      await clock.untilSleeping();
      expect(salesforce.tokenCalls()).toBe(n);
      expect((await store.get(salesforce.url))?.refused).toBeNull();
      clock.advance(10_000);
    }
    expect(await renewal).toMatch(/access/);
    expect(salesforce.tokenCalls()).toBe(4);
    expect(needed).toBe(0);
  });

  it('takes what the other one has stored meanwhile', async () => {
    salesforce.override = () => invalidGrant(words);
    const session = openSession(await login(), parts());
    const renewal = session.renew('00D!access-0');
    await clock.untilSleeping();
    await login({ accessToken: 'from elsewhere', refreshToken: 'rotated' });
    clock.advance(10_000);
    expect(await renewal).toBe('from elsewhere');
    expect(salesforce.tokenCalls()).toBe(1);
  });

  it('ends as a passing refusal where it does not end, with the login kept', async () => {
    salesforce.override = () => invalidGrant(words);
    const session = openSession(await login(), parts());
    const renewal = session.renew('00D!access-0').catch((error: unknown) => error);
    const settled = renewal.then(() => true);
    for (let n = 0; n < 50; n++) {
      const sleeps = clock.untilSleeping().then(() => false);
      if (await Promise.race([settled, sleeps])) break;
      clock.advance(10_000);
    }
    expect(await renewal).toMatchObject({ code: 'ORG_UNAVAILABLE', details: { kind: 'passing' } });
    expect(salesforce.tokenCalls()).toBeLessThan(12);
    expect(await store.get(salesforce.url)).toMatchObject({ refused: null, refreshToken: 'refresh-0' });
    expect(needed).toBe(0);
  });

  it('ends its wait at once where nobody waits for it any more', async () => {
    salesforce.override = () => invalidGrant(words);
    const session = openSession(await login(), parts());
    const controller = new AbortController();
    const renewal = session.renew('00D!access-0', { signal: controller.signal });
    await clock.untilSleeping();
    controller.abort();
    await expect(renewal).rejects.toMatchObject({ name: 'AbortError' });
    await session.close();
    expect(salesforce.tokenCalls()).toBe(1);
  });

  it('is no end of the login where an older version has noted it as one', async () => {
    const refused = { error: 'invalid_grant', description: words, at: 1 };
    const credential = await login({ refused });
    const org = {
      instanceUrl: salesforce.url,
      authState: 'login-needed',
      orgId: credential.orgId,
    } as OrgRecord;
    const registry = { get: async () => org } as unknown as Registry;
    expect(await hasLogin({ credentials: store, registry }, salesforce.url)).toBe(true);
    expect((await loginLookup({ credentials: store })(org)).auth).toBe('ok');
    expect(await openSession(credential, parts()).renew('00D!access-0')).toMatch(/access/);
    expect((await store.get(salesforce.url))?.refused).toBeNull();
  });
});

it('two stores that share a refresh token both renew, though Salesforce takes one request at a time', async () => {
  salesforce.rotate = false;
  let running = 0;
  let release: () => void = () => {};
  salesforce.override = () => {
    if (running > 0) return invalidGrant('token request is already being processed');
    running += 1;
    const after = new Promise<void>((resolve) => {
      release = () => {
        running -= 1;
        salesforce.override = null;
        resolve();
      };
    });
    return { json: { access_token: 'first', instance_url: salesforce.url }, after };
  };
  using other = makeTempFolder();
  const otherStore = openMemoryStore();
  const credential = await login();
  await otherStore.set(credential);
  const first = openSession(credential, parts()).renew('00D!access-0');
  await expect.poll(() => running).toBe(1);
  const second = openSession(credential, parts({ store: otherStore, withLock: lockingIn(other.path) })).renew(
    '00D!access-0',
  );
  await clock.untilSleeping();
  release();
  clock.advance(10_000);
  expect(await first).toBe('first');
  expect(await second).toMatch(/access/);
  expect((await otherStore.get(salesforce.url))?.refused).toBeNull();
});

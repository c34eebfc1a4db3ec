import { generateKeyPairSync } from 'node:crypto';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Credential } from '../../src/auth/credential.ts';
import type { CredentialStore } from '../../src/auth/credential-store.ts';
import { openMemoryStore } from '../../src/auth/memory-store.ts';
import { openSession, type SessionParts } from '../../src/auth/open-session.ts';
import { storeUnavailable } from '../../src/auth/store-unavailable.ts';
import { type Clock, systemClock } from '../../src/base/clock.ts';
import { AppError } from '../../src/base/errors.ts';
import { createLogger } from '../../src/base/logger.ts';
import { nextTurn } from '../../src/daemon/next-turn.ts';
import { openFileLeases } from '../../src/lease/file-leases.ts';
import type { Leases } from '../../src/sync/ports/leases.ts';
import { withLease } from '../../src/sync/with-lease.ts';
import { manualClock } from '../support/manual-clock.ts';
import {
  credentialFor,
  type FakeSalesforce,
  invalidGrant,
  orgId,
  startFakeSalesforce,
  userId,
} from './salesforce-script.ts';
import { makeTempFolder } from './temp-folder.ts';
import { wire } from './wire.ts';

const whoAmI = { organization_id: orgId, user_id: userId };

let temp: ReturnType<typeof makeTempFolder>;
let leases: Leases;
let salesforce: FakeSalesforce;
let store: CredentialStore;
let said: string[];
let needed: AppError[];

beforeEach(async () => {
  temp = makeTempFolder();
  leases = openFileLeases(temp.path);
  salesforce = await startFakeSalesforce();
  store = openMemoryStore();
  said = [];
  needed = [];
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
  withLock: (name, work, options) => withLease(leases, name, work, options),
  wire,
  clock: systemClock,
  log: createLogger('debug', (level, message, fields) =>
    said.push(`${level} ${message} ${JSON.stringify(fields)}`),
  ),
  onLoginNeeded: async (error) => void needed.push(error),
  ...change,
});

describe('session', () => {
  it('hands out the stored token without asking anybody', async () => {
    const session = openSession(await login(), parts());
    expect(await session.accessToken()).toBe('00D!access-0');
    expect(session).toMatchObject({ instanceUrl: salesforce.url, apiUrl: salesforce.url, orgId });
    expect(salesforce.server.requests).toEqual([]);
  });

  it('renews with the refresh token, keeps a rotated one, and keeps the old one where none came', async () => {
    const session = openSession(await login(), parts());
    expect(await session.renew('00D!access-0')).toBe('00D!access-1');
    expect((await store.get(salesforce.url))?.refreshToken).toBe('refresh-1');
    salesforce.rotate = false;
    expect(await session.renew('00D!access-1')).toBe('00D!access-2');
    expect(await store.get(salesforce.url)).toMatchObject({
      accessToken: '00D!access-2',
      refreshToken: 'refresh-1',
    });
    expect(salesforce.server.requests.map(({ form }) => form)).toEqual([
      { grant_type: 'refresh_token', refresh_token: 'refresh-0', client_id: 'client' },
      { grant_type: 'refresh_token', refresh_token: 'refresh-1', client_id: 'client' },
    ]);
  });

  it('asks once for many callers, and gives a late caller the new token without asking', async () => {
    const session = openSession(await login(), parts());
    const tokens = await Promise.all(Array.from({ length: 50 }, () => session.renew('00D!access-0')));
    expect(new Set(tokens)).toEqual(new Set(['00D!access-1']));
    expect(await session.renew('00D!access-0')).toBe('00D!access-1');
    expect(salesforce.tokenCalls()).toBe(1);
  });

  it('asks once for many sessions that share a store', async () => {
    const credential = await login();
    const sessions = Array.from({ length: 10 }, () => openSession(credential, parts()));
    const tokens = await Promise.all(sessions.map((session) => session.renew('00D!access-0')));
    expect(new Set(tokens)).toEqual(new Set(['00D!access-1']));
    expect(salesforce.tokenCalls()).toBe(1);
  });

  it('takes a token that another process has stored meanwhile', async () => {
    const session = openSession(await login(), parts());
    await login({ accessToken: 'from elsewhere' });
    expect(await session.renew('00D!access-0')).toBe('from elsewhere');
    expect(salesforce.tokenCalls()).toBe(0);
  });

  it('stores the rotated token before anybody gets it', async () => {
    const session = openSession(await login(), parts());
    const order: string[] = [];
    const set = store.set;
    store.set = async (credential, options) => {
      // Slower than anything a premature answer would have to wait for.
      for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
      const isStored = await set(credential, options);
      order.push(`stored ${credential.refreshToken}`);
      return isStored;
    };
    order.push(`got ${await session.renew('00D!access-0')}`);
    expect(order).toEqual(['stored refresh-1', 'got 00D!access-1']);
  });

  it('renews once a caller, whatever a server that rejects every token says', async () => {
    const session = openSession(await login(), parts());
    const first = await session.accessToken();
    await session.renew(first);
    expect(salesforce.tokenCalls()).toBe(1);
  });

  it('renews by signing a new JWT, and by client id and secret', async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    const jwt = openSession(await login({ grant: 'jwt', refreshToken: null, privateKey: pem }), parts());
    expect(await jwt.renew('00D!access-0')).toBe('00D!access-1');
    const secret = openSession(
      await login({ grant: 'client-credentials', refreshToken: null, clientSecret: 'shh' }),
      parts(),
    );
    expect(await secret.renew('00D!access-0')).toBe('00D!access-2');
    const [first, second] = salesforce.server.requests.map(({ form }) => form);
    expect(first?.grant_type).toBe('urn:ietf:params:oauth:grant-type:jwt-bearer');
    expect(second).toEqual({ grant_type: 'client_credentials', client_id: 'client', client_secret: 'shh' });
    expect((await store.get(salesforce.url))?.refreshToken).toBeNull();
  });

  it('says that a login is needed where a ready-made token has ended', async () => {
    const session = openSession(
      await login({ grant: 'access-token', refreshToken: null, clientId: null }),
      parts(),
    );
    await expect(session.renew('00D!access-0')).rejects.toMatchObject({
      code: 'LOGIN_REQUIRED',
      hint: expect.stringContaining('--access-token-stdin'),
    });
    expect(salesforce.tokenCalls()).toBe(0);
    expect(needed).toHaveLength(1);
  });

  it('says which login is needed when the grant is gone, keeps the words of Salesforce, and does not ask again', async () => {
    salesforce.live.clear();
    const session = openSession(await login(), parts());
    const refusal = {
      code: 'LOGIN_REQUIRED',
      hint: `Run: parahack-sync login --instance-url ${salesforce.url} --client-id client`,
      details: { error: 'invalid_grant', error_description: 'expired access/refresh token' },
    };
    await expect(session.renew('00D!access-0')).rejects.toMatchObject(refusal);
    await expect(session.renew('00D!access-0')).rejects.toMatchObject(refusal);
    expect(salesforce.tokenCalls()).toBe(1);
    expect(needed.length).toBeGreaterThan(0);

    salesforce.live.add('refresh-9');
    await login({ accessToken: '00D!access-0', refreshToken: 'refresh-9', issuedAt: 1 });
    expect(await session.renew('00D!access-0')).toMatch(/access/);
  });

  it('needs a login where the credential was removed meanwhile', async () => {
    const session = openSession(await login(), parts());
    await store.delete(salesforce.url);
    await expect(session.renew('00D!access-0')).rejects.toMatchObject({ code: 'LOGIN_REQUIRED' });
  });

  it.each([
    ['a cut connection', { cut: true }, 'NETWORK_UNREACHABLE', 4],
    ['HTTP 503', { status: 503, text: '<html>maintenance</html>' }, 'ORG_UNAVAILABLE', 4],
    ['half an answer', { status: 200, text: '{"access_token":"00D!ab' }, 'ORG_UNAVAILABLE', 4],
    ['the page of a network', { status: 200, text: '<html>Sign in</html>' }, 'ORG_UNAVAILABLE', 4],
    ['HTTP 429', { status: 429, text: '' }, 'REQUEST_LIMIT_EXCEEDED', 1],
    ['a wrong client', { status: 400, json: { error: 'invalid_client_id' } }, 'LOGIN_FAILED', 1],
    ['a redirect', { status: 302, headers: { location: 'http://127.0.0.1:9/' } }, 'LOGIN_FAILED', 1],
  ])('does not take %s for the end of the grant', async (_, answer, code, asked) => {
    salesforce.override = () => answer;
    const session = openSession(await login(), parts());
    await expect(session.renew('00D!access-0')).rejects.toMatchObject({ code });
    expect(needed).toEqual([]);
    expect(salesforce.tokenCalls()).toBe(asked);
    salesforce.override = null;
    expect(await session.renew('00D!access-0')).toMatch(/access/);
  });

  it.each([
    ['a cut connection', { cut: true }],
    ['HTTP 500', { status: 500, json: { error: 'server_error' } }],
    ['HTTP 503', { status: 503, text: '' }],
    ['half an answer', { status: 200, text: '{"access_token":"00D!ab' }],
    ['the page of a network', { status: 200, text: '<html>Sign in</html>' }],
  ])('asks again where %s passes within seconds', async (_, answer) => {
    salesforce.override = () => (salesforce.tokenCalls() < 3 ? answer : undefined);
    const session = openSession(await login(), parts());
    expect(await session.renew('00D!access-0')).toMatch(/access/);
    expect(salesforce.tokenCalls()).toBe(3);
    expect(needed).toEqual([]);
  });

  it('ends its wait for a better answer at once when it closes', async () => {
    salesforce.override = () => ({ status: 503, text: '' });
    const waits: number[] = [];
    const clock: Clock = {
      ...systemClock,
      now: () => systemClock.now(),
      monotonicMs: () => systemClock.monotonicMs(),
      sleep: (ms, options) => {
        waits.push(ms);
        return systemClock.sleep(60_000, options);
      },
    };
    const session = openSession(await login(), parts({ clock }));
    const renewing = session.renew('00D!access-0');
    renewing.catch(() => {});
    await expect.poll(() => waits.length).toBe(1);
    await session.close();
    await expect(renewing).rejects.toMatchObject({ name: 'AbortError' });
    expect(salesforce.tokenCalls()).toBe(1);
  });

  it('asks nothing while the store cannot be written', async () => {
    const session = openSession(await login(), parts());
    store.probeWritable = () => Promise.reject(storeUnavailable('file', 'unwritable', 'Full.', { mend: '' }));
    await expect(session.renew('00D!access-0')).rejects.toMatchObject({
      code: 'CREDENTIAL_STORE_UNAVAILABLE',
    });
    expect(salesforce.tokenCalls()).toBe(0);
  });

  it('serves no token of another org or another user', async () => {
    const session = openSession(await login(), parts());
    salesforce.override = () => ({
      json: {
        access_token: 'x',
        instance_url: salesforce.url,
        id: 'https://x/id/00D000000000001AAA/005000000000001AAA',
      },
    });
    await expect(session.renew('00D!access-0')).rejects.toMatchObject({
      code: 'ORG_CHANGED',
      // A login at an address that is connected as another org is refused.
      hint: expect.stringMatching(/"parahack-sync logout .*log in again.*"parahack-sync backfill --fresh"/),
    });
    await login({ userId: '005000000000009AAA', accessToken: 'of another user' });
    await expect(session.renew('00D!access-0')).rejects.toMatchObject({ code: 'OTHER_USER' });
    expect(await session.accessToken()).toBe('00D!access-0');
  });

  it('calls the new address of a renamed org once the login host has confirmed it, under the old key', async () => {
    const renamed: unknown[] = [];
    salesforce.override = (path) =>
      path.endsWith('/token')
        ? { json: { access_token: 'x', instance_url: 'https://new.my.salesforce.com/' } }
        : { json: { ...whoAmI, urls: { custom_domain: 'https://new.my.salesforce.com', photo: null } } };
    const session = openSession(
      await login(),
      parts({ onRenamed: async (change) => void renamed.push(change) }),
    );
    await session.renew('00D!access-0');
    expect(session.apiUrl).toBe('https://new.my.salesforce.com');
    expect(session.instanceUrl).toBe(salesforce.url);
    expect(renamed).toEqual([{ from: salesforce.url, to: 'https://new.my.salesforce.com' }]);
    expect((await store.get(salesforce.url))?.apiUrl).toBe('https://new.my.salesforce.com');
  });

  it('asks for tokens where the user logged in, wherever the org answers', async () => {
    await using renamed = await startFakeSalesforce();
    const moved = openSession(await login({ apiUrl: renamed.url }), parts());
    await moved.renew('00D!access-0');
    expect([renamed.tokenCalls(), salesforce.tokenCalls()]).toEqual([0, 1]);
  });

  it('sends no token to an address that is not secure', async () => {
    salesforce.override = () => ({ json: { access_token: 'x', instance_url: 'http://evil.example' } });
    const session = openSession(await login(), parts());
    await session.renew('00D!access-0');
    expect(session.apiUrl).toBe(salesforce.url);
  });
});

/**
 * A session whose login host keeps every answer back: `begin` has a renewal sent and given up by its caller, `answer`
 * has the token endpoint say something after all. `sent` holds the signal of each request.
 */
function neverAnswered(change: Partial<SessionParts>) {
  const sent: AbortSignal[] = [];
  const token = Promise.withResolvers<object>();
  const silent: SessionParts['wire'] = {
    close: async () => {},
    exchange: (request, patience, signal = new AbortController().signal) => {
      sent.push(signal);
      const end = Promise.withResolvers<never>();
      signal.addEventListener('abort', () => end.reject(signal.reason), { once: true });
      if (sent.length > 1) return end.promise;
      const answered = token.promise.then((json) => {
        salesforce.override = () => ({ json });
        return wire.exchange(request, patience, signal);
      });
      return Promise.race([answered, end.promise]);
    },
  };
  const begin = async () => {
    const session = openSession(await login(), parts({ ...change, wire: silent }));
    const controller = new AbortController();
    const renewal = session.renew('00D!access-0', { signal: controller.signal });
    await expect.poll(() => sent.length).toBe(1);
    controller.abort();
    await expect(renewal).rejects.toMatchObject({ name: 'AbortError' });
    return { session };
  };
  return { sent, begin, answer: token.resolve };
}

describe('a renewal that its caller gives up', () => {
  it('is finished and stored all the same', async () => {
    let answer: () => void = () => {};
    const session = openSession(await login(), parts());
    const asked = new Promise<void>((resolve) => {
      salesforce.override = (path) => {
        if (path !== '/services/oauth2/token') return undefined;
        resolve();
        salesforce.override = null;
        return {
          json: { access_token: 'new', instance_url: salesforce.url, refresh_token: 'refresh-new' },
          after: new Promise<void>((resolve) => {
            answer = resolve;
          }),
        };
      };
    });
    const controller = new AbortController();
    const renewal = session.renew('00D!access-0', { signal: controller.signal });
    await asked;
    controller.abort();
    await expect(renewal).rejects.toMatchObject({ name: 'AbortError' });
    answer();
    await session.close();
    expect(await store.get(salesforce.url)).toMatchObject({
      accessToken: 'new',
      refreshToken: 'refresh-new',
    });
  });

  it('and that is never answered keeps the session from closing no longer than it may, and is told', async () => {
    const session = openSession(await login(), parts({ closeWithinMs: 200 }));
    let release = () => {};
    const asked = new Promise<void>((resolve) => {
      salesforce.override = (path) => {
        if (path !== '/services/oauth2/token') return undefined;
        resolve();
        return {
          json: {},
          after: new Promise<void>((answer) => {
            release = answer;
          }),
        };
      };
    });
    const controller = new AbortController();
    const renewal = session.renew('00D!access-0', { signal: controller.signal });
    await asked;
    controller.abort();
    await expect(renewal).rejects.toMatchObject({ name: 'AbortError' });
    const from = performance.now();
    await session.close();
    expect(performance.now() - from).toBeGreaterThan(150);
    expect(performance.now() - from).toBeLessThan(10_000);
    expect(said.join('\n')).toContain('given up');
    release();
  });

  it('and that is never answered is cut when the session may wait no longer, and holds its lock no more', async () => {
    const { sent, begin } = neverAnswered({ closeWithinMs: 200 });
    const { session } = await begin();
    expect(sent[0]?.aborted).toBe(false);
    await session.close();
    expect(sent.map(({ aborted }) => aborted)).toEqual([true]);
    await (await leases.wait(`refresh-${orgId.slice(0, 15)}`)).release();
    expect(await store.get(salesforce.url)).toMatchObject({ refreshToken: 'refresh-0', refused: null });
  });

  it('is cut so long after the stop, however late the session is closed', async () => {
    const stop = new AbortController();
    const { sent, begin } = neverAnswered({ closeWithinMs: 200, stop: stop.signal });
    const { session } = await begin();
    stop.abort();
    expect(sent[0]?.aborted).toBe(false);
    await expect.poll(() => sent[0]?.aborted).toBe(true);
    await session.close();
    expect(said.filter((line) => line.includes('given up'))).toHaveLength(1);
  });

  it('goes on as long as the stop may take, and is stored', async () => {
    const stop = new AbortController();
    const { begin, answer } = neverAnswered({ closeWithinMs: 60_000, stop: stop.signal });
    const { session } = await begin();
    stop.abort();
    const closed = session.close();
    answer({ access_token: 'new', instance_url: salesforce.url, refresh_token: 'refresh-new' });
    await closed;
    expect(await store.get(salesforce.url)).toMatchObject({ refreshToken: 'refresh-new' });
    expect(said.join('\n')).not.toContain('given up');
  });

  it('and whose new address the login host does not confirm in time keeps its tokens', async () => {
    const { sent, begin, answer } = neverAnswered({ closeWithinMs: 200 });
    const { session } = await begin();
    answer({
      access_token: 'new',
      instance_url: 'https://moved.my.salesforce.com',
      refresh_token: 'refresh-new',
    });
    await expect.poll(() => sent.length).toBe(2);
    await session.close();
    expect(sent[1]?.aborted).toBe(true);
    expect(await store.get(salesforce.url)).toMatchObject({
      accessToken: 'new',
      refreshToken: 'refresh-new',
      apiUrl: salesforce.url,
    });
  });

  it('ends only its own wait, not that of others', async () => {
    const session = openSession(await login(), parts());
    const controller = new AbortController();
    const held = await leases.wait(`refresh-${orgId.slice(0, 15)}`);
    const impatient = session.renew('00D!access-0', { signal: controller.signal });
    const patient = session.renew('00D!access-0');
    controller.abort();
    await expect(impatient).rejects.toMatchObject({ name: 'AbortError' });
    await held.release();
    expect(await patient).toBe('00D!access-1');
  });

  it('says that another process renews for too long, which is not that the org is taken', async () => {
    const holder = { pid: 7, isThisProcess: false, since: 0 };
    const session = openSession(await login(), {
      ...parts(),
      withLock: async () => {
        throw new AppError('LOCK_TIMEOUT', 'taken', { details: { holder } });
      },
    });
    const error = await session.renew('00D!access-0').catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'LOCK_TIMEOUT', details: { holder } });
    expect(String(error)).toContain('renewing the login');
    const turn = { error, tookMs: 120_000, failures: 2 };
    expect(nextTurn(turn, { intervalMs: 60_000, random: () => 1 })).toMatchObject({
      kind: 'failed',
      failures: 3,
    });
  });

  it('stops waiting for the lock when nobody waits for the renewal any more', async () => {
    let waiting: AbortSignal | undefined;
    const session = openSession(
      await login(),
      parts({
        withLock: (_name, _work, { signal } = {}) => {
          waiting = signal;
          return new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)));
        },
      }),
    );
    const [first, second] = [new AbortController(), new AbortController()];
    const renewals = [first, second].map(({ signal }) => session.renew('00D!access-0', { signal }));
    await expect.poll(() => waiting).toBeDefined();
    first.abort();
    await expect(renewals[0]).rejects.toMatchObject({ name: 'AbortError' });
    expect(waiting?.aborted).toBe(false);
    second.abort();
    await expect(renewals[1]).rejects.toMatchObject({ name: 'AbortError' });
    expect(waiting?.aborted).toBe(true);
    expect(salesforce.tokenCalls()).toBe(0);
  });
});

describe('a store that fails just after it proved writable', () => {
  const failing = () => {
    const set = store.set;
    let broken = true;
    store.set = (credential, options) =>
      broken ? Promise.reject(new Error('disk full')) : set(credential, options);
    return { mend: () => (broken = false) };
  };

  it('keeps the new token in memory, says so loudly, and stores it as soon as that works', async () => {
    const clock = manualClock();
    const session = openSession(await login(), parts({ clock: clock as Clock }));
    const fault = failing();
    expect(await session.renew('00D!access-0')).toBe('00D!access-1');
    expect(said.some((line) => line.startsWith('error') && line.includes('disk full'))).toBe(true);
    await clock.untilSleeping();
    // Nobody else may offer the old refresh token now.
    expect(await leases.take(`refresh-${orgId.slice(0, 15)}`)).toBeNull();
    fault.mend();
    clock.advance(60_000);
    await session.close();
    expect(await store.get(salesforce.url)).toMatchObject({ refreshToken: 'refresh-1' });
    expect(await leases.holderOf(`refresh-${orgId.slice(0, 15)}`)).toBeNull();
  });

  it('can renew again from memory meanwhile, and stores the newest', async () => {
    const clock = manualClock();
    const session = openSession(await login(), parts({ clock: clock as Clock }));
    const fault = failing();
    await session.renew('00D!access-0');
    expect(await session.renew('00D!access-1')).toBe('00D!access-2');
    fault.mend();
    await session.close();
    expect(await store.get(salesforce.url)).toMatchObject({
      accessToken: '00D!access-2',
      refreshToken: 'refresh-2',
    });
  });

  it('says that the login is lost when even the last try at closing fails', async () => {
    const session = openSession(await login(), parts({ clock: manualClock() as Clock }));
    failing();
    await session.renew('00D!access-0');
    await session.close();
    expect(said.at(-1)).toMatch(/^error .*log in again/);
  });
});

describe('a grant that is over', () => {
  it('is offered once among all who share it, and works again after a new login', async () => {
    salesforce.live.clear();
    const credential = await login();
    const sessions = Array.from({ length: 8 }, () => openSession(credential, parts()));
    const outcomes = await Promise.allSettled(sessions.map((session) => session.renew('00D!access-0')));
    expect(outcomes.map((outcome) => outcome.status === 'rejected' && outcome.reason.code)).toEqual(
      Array(8).fill('LOGIN_REQUIRED'),
    );
    expect(salesforce.tokenCalls()).toBe(1);
    expect(await store.get(salesforce.url)).toMatchObject({
      refreshToken: 'refresh-0',
      refused: { error: 'invalid_grant', description: 'expired access/refresh token' },
    });
    salesforce.live.add('refresh-9');
    await login({ refreshToken: 'refresh-9' });
    expect(await sessions[0]?.renew('00D!access-0')).toMatch(/access/);
    expect((await store.get(salesforce.url))?.refused).toBeNull();
  });

  it.each(['ip restricted', 'invalid login hours', 'inactive user'])(
    'is not meant where Salesforce says: %s',
    async (description) => {
      salesforce.override = () => invalidGrant(description);
      const session = openSession(await login(), parts());
      await expect(session.renew('00D!access-0')).rejects.toMatchObject({ code: 'LOGIN_FAILED' });
      expect(needed).toEqual([]);
      salesforce.override = null;
      expect(await session.renew('00D!access-0')).toBe('00D!access-1');
    },
  );

  it('is not given up for good where an admin can mend it without a login', async () => {
    salesforce.override = () => invalidGrant("user hasn't approved this consumer");
    const session = openSession(
      await login({ grant: 'client-credentials', refreshToken: null, clientSecret: 'shh' }),
      parts(),
    );
    await expect(session.renew('00D!access-0')).rejects.toMatchObject({ code: 'LOGIN_REQUIRED' });
    salesforce.override = null;
    expect(await session.renew('00D!access-0')).toBe('00D!access-1');
  });
});

it.each([
  ['a spent grant', invalidGrant('expired access/refresh token')],
  ['a cut connection', { cut: true }],
  ['a maintenance page', { status: 503, text: '<html>' }],
  ['an unknown refusal', { status: 400, json: { error: 'unheard_of', error_description: 'no' } }],
  ['an answer without a token', { json: { instance_url: 'https://acme.my.salesforce.com' } }],
])('no secret is in anything that is said or thrown over %s', async (_, answer) => {
  salesforce.override = () => answer;
  const session = openSession(await login({ clientSecret: 'the-client-secret' }), parts());
  const error = await session.renew('00D!access-0').catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(Error);
  const everything =
    said.join('\n') +
    inspect(error, { depth: 20, showHidden: true }) +
    inspect(session, { showHidden: true }) +
    JSON.stringify(session);
  expect(salesforce.server.requests[0]?.form.client_secret).toBe('the-client-secret');
  for (const secret of ['access-0', 'refresh-0', 'the-client-secret'])
    expect(everything).not.toContain(secret);
});

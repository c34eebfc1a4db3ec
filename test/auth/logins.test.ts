import { createVerify, generateKeyPairSync } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Credential } from '../../src/auth/credential.ts';
import { fetchIdentity } from '../../src/auth/identity.ts';
import { forgetLogin, keepLogin } from '../../src/auth/keep-login.ts';
import { loginWithAccessToken } from '../../src/auth/login-access-token.ts';
import { loginWithClientCredentials } from '../../src/auth/login-client-credentials.ts';
import { loginWithJwt } from '../../src/auth/login-jwt.ts';
import { openMemoryStore } from '../../src/auth/memory-store.ts';
import { openProcessSession } from '../../src/auth/process-session.ts';
import { revokeCredential } from '../../src/auth/revoke.ts';
import { systemClock } from '../../src/base/clock.ts';
import { lockingIn } from '../support/leases.ts';
import { manualClock } from '../support/manual-clock.ts';
import {
  credentialFor,
  type FakeSalesforce,
  orgId,
  startFakeSalesforce,
  userId,
  username,
} from './salesforce-script.ts';
import { makeTempFolder } from './temp-folder.ts';
import { wire } from './wire.ts';

let salesforce: FakeSalesforce;
let temp: ReturnType<typeof makeTempFolder>;
const clock = manualClock();
beforeEach(async () => {
  salesforce = await startFakeSalesforce();
  temp = makeTempFolder();
});
afterEach(async () => {
  await salesforce[Symbol.asyncDispose]();
  temp[Symbol.dispose]();
});

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

describe('login by JWT', () => {
  it('takes a bare host for the address, and no unencrypted one', async () => {
    const parts = { clientId: 'client', username, privateKey: pem, wire, clock };
    const credential = await loginWithJwt({ ...parts, loginUrl: salesforce.url.replace('http://', '') });
    expect(credential.loginUrl).toBe(salesforce.url);
    await expect(loginWithJwt({ ...parts, loginUrl: 'http://acme.my.salesforce.com' })).rejects.toMatchObject(
      { code: 'INVALID_INPUT' },
    );
  });

  it('signs iss, sub, aud and an end within three minutes, and keeps the key for renewals', async () => {
    const credential = await loginWithJwt({
      loginUrl: salesforce.url,
      clientId: 'client',
      username,
      privateKey: pem,
      wire,
      clock,
    });
    expect(credential).toMatchObject({ grant: 'jwt', privateKey: pem, refreshToken: null, username, orgId });
    const [header = '', claims = '', signature = ''] = (
      salesforce.server.requests[0]?.form.assertion ?? ''
    ).split('.');
    const decode = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString());
    expect(decode(header)).toEqual({ alg: 'RS256', typ: 'JWT' });
    expect(decode(claims)).toEqual({
      iss: 'client',
      sub: username,
      aud: salesforce.url,
      exp: Math.floor(clock.now() / 1_000) + 180,
    });
    const verified = createVerify('sha256')
      .update(`${header}.${claims}`)
      .verify(publicKey, signature, 'base64url');
    expect(verified).toBe(true);
  });

  it.each([
    ['no key', 'not a key'],
    ['an encrypted or broken key', pem.replaceAll('A', 'B')],
    [
      'another kind of key',
      generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    ],
  ])('refuses %s without repeating it', async (_, privateKey) => {
    const error = await loginWithJwt({
      loginUrl: salesforce.url,
      clientId: 'c',
      username,
      privateKey,
      wire,
      clock,
    }).catch((e: unknown) => e);
    expect(error).toMatchObject({ code: 'INVALID_INPUT' });
    expect(JSON.stringify(error) + String((error as Error).cause)).not.toContain(privateKey.slice(0, 60));
    expect(salesforce.server.requests).toEqual([]);
  });
});

describe('login by client credentials', () => {
  it('asks the org itself and keeps the secret for renewals', async () => {
    const credential = await loginWithClientCredentials({
      instanceUrl: salesforce.url,
      clientId: 'client',
      clientSecret: 'shh',
      wire,
      clock,
    });
    expect(credential).toMatchObject({ grant: 'client-credentials', clientSecret: 'shh', username });
  });

  it('sends no secret to the host that all orgs share', async () => {
    await expect(
      loginWithClientCredentials({
        instanceUrl: 'https://login.salesforce.com',
        clientId: 'c',
        clientSecret: 'shh',
        wire,
        clock,
      }),
    ).rejects.toMatchObject({ code: 'INVALID_INPUT' });
  });
});

describe('a login through what passes within seconds', () => {
  const jwt = () =>
    loginWithJwt({
      loginUrl: salesforce.url,
      clientId: 'client',
      username,
      privateKey: pem,
      wire,
      clock: systemClock,
    });
  const clientCredentials = () =>
    loginWithClientCredentials({
      instanceUrl: salesforce.url,
      clientId: 'client',
      clientSecret: 'shh',
      wire,
      clock: systemClock,
    });
  const accessToken = () =>
    loginWithAccessToken({ instanceUrl: salesforce.url, accessToken: 'token', wire, clock: systemClock });
  const trouble = [
    ['a cut connection', { cut: true }],
    ['HTTP 503', { status: 503, text: '' }],
  ] as const;
  const logins = [
    ['JWT', jwt, ['token', 'userinfo']],
    ['client credentials', clientCredentials, ['token', 'userinfo']],
    ['access token', accessToken, ['userinfo']],
  ] as const;
  it.each(
    trouble.flatMap(([name, answer]) =>
      logins.map(([by, login, parts]) => ({ name, answer, by, login, parts })),
    ),
  )('by $by succeeds through $name', async ({ answer, login, parts }) => {
    const troubled = new Set<string>();
    salesforce.override = (path) => {
      if (troubled.has(path)) return undefined;
      troubled.add(path);
      return answer;
    };
    expect(await login()).toMatchObject({ username });
    expect([...troubled]).toEqual(parts.map((part) => `/services/oauth2/${part}`));
  });
});

describe('login by access token', () => {
  it('asks the org whose token it is', async () => {
    const credential = await loginWithAccessToken({
      instanceUrl: `${salesforce.url}/lightning/`,
      accessToken: ' token\n',
      wire,
      clock,
    });
    expect(credential).toMatchObject({
      grant: 'access-token',
      accessToken: 'token',
      clientId: null,
      userId,
      username,
    });
    expect(salesforce.server.requests[0]?.authorization).toBe('Bearer token');
  });

  it.each(['', '  ', 'two words', 'übel', 'a\nb'])(
    'refuses %j before asking anybody',
    async (accessToken) => {
      await expect(
        loginWithAccessToken({ instanceUrl: salesforce.url, accessToken, wire, clock }),
      ).rejects.toMatchObject({ code: 'INVALID_INPUT' });
      expect(salesforce.server.requests).toEqual([]);
    },
  );

  it('explains a token that the org does not know', async () => {
    salesforce.override = () => ({ status: 403, text: 'Bad_OAuth_Token' });
    await expect(
      loginWithAccessToken({ instanceUrl: salesforce.url, accessToken: 'stale', wire, clock }),
    ).rejects.toMatchObject({ code: 'LOGIN_FAILED', details: { error: 'Bad_OAuth_Token', status: 403 } });
  });

  it('explains a host that is no Salesforce org, and one that is not there', async () => {
    salesforce.override = () => ({ text: '<html>Welcome</html>' });
    await expect(fetchIdentity({ apiUrl: salesforce.url, accessToken: 'x', wire })).rejects.toMatchObject({
      code: 'LOGIN_FAILED',
    });
    await salesforce[Symbol.asyncDispose]();
    await expect(fetchIdentity({ apiUrl: salesforce.url, accessToken: 'x', wire })).rejects.toMatchObject({
      code: 'NETWORK_UNREACHABLE',
      message: expect.stringContaining('ECONNREFUSED'),
      // What a timetable goes by: no request reaches the org.
      details: { network: 'unreachable' },
    });
  });

  it('does not wait for ever, and tells its own timeout from an abort', async () => {
    salesforce.override = () => ({ after: new Promise(() => {}) });
    const base = { apiUrl: salesforce.url, accessToken: 'x', wire };
    await expect(fetchIdentity({ ...base, timeoutMs: 20 })).rejects.toMatchObject({ code: 'TIMEOUT' });
    await expect(fetchIdentity({ ...base, signal: AbortSignal.abort() })).rejects.toMatchObject({
      name: 'AbortError',
    });
  });

  it('an answer that never ends does not fill the memory', async () => {
    salesforce.override = () => ({ text: 'x'.repeat(3_000_000) });
    await expect(fetchIdentity({ apiUrl: salesforce.url, accessToken: 'x', wire })).rejects.toMatchObject({
      code: 'ORG_UNAVAILABLE',
    });
  });
});

describe('an org for one process', () => {
  it('is asked once, stores nothing and cannot renew', async () => {
    const session = await openProcessSession({
      instanceUrl: salesforce.url,
      accessToken: 'token',
      wire,
      clock,
    });
    expect(session).toMatchObject({ orgId, userId, username, apiUrl: salesforce.url });
    expect(await session.accessToken()).toBe('token');
    await expect(session.renew('token')).rejects.toMatchObject({
      code: 'LOGIN_REQUIRED',
      hint: expect.stringContaining('PARAHACK_SYNC_ACCESS_TOKEN'),
    });
    await session.close();
  });

  it('says of a token that is refused at the start what to do, as of one that ends later', async () => {
    salesforce.override = () => ({ status: 403, text: 'Bad_OAuth_Token' });
    const options = { instanceUrl: salesforce.url, accessToken: 'token', wire, clock };
    await expect(openProcessSession(options)).rejects.toMatchObject({
      code: 'LOGIN_REQUIRED',
      message: expect.stringContaining('the access token of the environment is not accepted'),
      hint: expect.stringMatching(/PARAHACK_SYNC_ACCESS_TOKEN.* run: parahack-sync login --instance-url /),
      details: { error: 'Bad_OAuth_Token', status: 403 },
    });
    // What another token does not help against stays what it is.
    salesforce.override = () => ({ status: 400, text: '{"error":"inactive_user"}' });
    await expect(openProcessSession(options)).rejects.toMatchObject({ code: 'LOGIN_FAILED' });
  });
});

describe('keeping and forgetting a login', () => {
  const tools = () => {
    const store = openMemoryStore();
    return { store, withLock: lockingIn(temp.path), wire };
  };

  it('stores the new grant, then revokes the old one', async () => {
    const { store, ...rest } = tools();
    const old = credentialFor(salesforce.url);
    await store.set(old);
    let storedAtRevoke: unknown;
    salesforce.override = (path) => {
      if (path === '/services/oauth2/revoke')
        void store.get(salesforce.url).then((c) => (storedAtRevoke = c));
      return undefined;
    };
    const fresh = credentialFor(salesforce.url, { accessToken: 'new', refreshToken: 'refresh-new' });
    expect(await keepLogin(fresh, { store, ...rest })).toEqual({ revokedOld: { status: 'revoked' } });
    expect(storedAtRevoke).toEqual(fresh);
    expect(salesforce.server.requests.map(({ form }) => form)).toEqual([{ token: 'refresh-0' }]);
  });

  it('revokes nothing at a first login, nor what the new login still uses', async () => {
    const { store, ...rest } = tools();
    const credential = credentialFor(salesforce.url);
    expect(await keepLogin(credential, { store, ...rest })).toEqual({ revokedOld: null });
    expect(await keepLogin({ ...credential, accessToken: 'x' }, { store, ...rest })).toEqual({
      revokedOld: null,
    });
    expect(salesforce.server.requests).toEqual([]);
  });

  it('counts as stored where the store fails after it has taken the new login, and else does not', async () => {
    const { store, ...rest } = tools();
    await store.set(credentialFor(salesforce.url));
    const fresh = credentialFor(salesforce.url, { accessToken: 'new', refreshToken: 'refresh-new' });
    const told: boolean[] = [];
    for (const takesFirst of [false, true]) {
      let isStored = false;
      const failing = {
        ...store,
        async set(credential: Credential) {
          if (takesFirst) await store.set(credential);
          throw new Error('The disk failed.');
        },
      };
      const onStored = () => {
        isStored = true;
      };
      const kept = keepLogin(fresh, { store: failing, ...rest, onStored });
      await expect(kept).rejects.toThrow('The disk failed.');
      told.push(isStored);
    }
    expect(told).toEqual([false, true]);
    expect(salesforce.server.requests).toEqual([]);
  });

  it('moves a login to the new address of a renamed org', async () => {
    const { store, ...rest } = tools();
    const old = credentialFor(salesforce.url, { instanceUrl: 'https://old.my.salesforce.com' });
    await store.set(old);
    await keepLogin(credentialFor(salesforce.url, { refreshToken: 'n' }), {
      store,
      ...rest,
      replaces: ['https://old.my.salesforce.com'],
    });
    expect((await store.list()).map(({ instanceUrl }) => instanceUrl)).toEqual([salesforce.url]);
  });

  it('removes the login here even when Salesforce cannot be told, and says which happened', async () => {
    const { store, ...rest } = tools();
    await store.set(credentialFor(salesforce.url));
    salesforce.override = () => ({ cut: true });
    expect(await forgetLogin(salesforce.url, { store, ...rest })).toMatchObject({
      removed: true,
      revoked: { status: 'failed', error: { code: 'NETWORK_UNREACHABLE' } },
    });
    expect(await store.get(salesforce.url)).toBeNull();
    expect(await forgetLogin(salesforce.url, { store, ...rest })).toEqual({
      removed: false,
      revoked: { status: 'nothing-to-revoke' },
    });
  });

  it('reads the form-encoded errors of the revoke endpoint', async () => {
    salesforce.override = () => ({
      status: 400,
      text: 'error=unsupported_token_type&error_description=this+token+type+is+not+supported',
    });
    expect(await revokeCredential(credentialFor(salesforce.url), { wire })).toMatchObject({
      status: 'failed',
      error: { details: { error: 'unsupported_token_type' } },
    });
  });

  it('leaves a token alone that was handed over ready-made', async () => {
    const credential = credentialFor(salesforce.url, {
      grant: 'access-token',
      clientId: null,
      refreshToken: null,
    });
    expect(await revokeCredential(credential, { wire })).toEqual({ status: 'nothing-to-revoke' });
    expect(salesforce.server.requests).toEqual([]);
  });
});

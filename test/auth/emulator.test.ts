import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Credential } from '../../src/auth/credential.ts';
import { fetchIdentity } from '../../src/auth/identity.ts';
import { forgetLogin, keepLogin } from '../../src/auth/keep-login.ts';
import { loginWithAccessToken } from '../../src/auth/login-access-token.ts';
import { loginWithBrowser } from '../../src/auth/login-browser.ts';
import { loginWithClientCredentials } from '../../src/auth/login-client-credentials.ts';
import { loginWithJwt } from '../../src/auth/login-jwt.ts';
import { openMemoryStore } from '../../src/auth/memory-store.ts';
import { openSession } from '../../src/auth/open-session.ts';
import { revokeCredential } from '../../src/auth/revoke.ts';
import { systemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/logger.ts';
import type { Wire } from '../../src/wire/open-wire.ts';
import { lockingIn } from '../support/leases.ts';
import { type EmulatedOrg, startEmulatedOrg } from './emulated-org.ts';
import { makeTempFolder } from './temp-folder.ts';
import { wire } from './wire.ts';

let temp: ReturnType<typeof makeTempFolder>;
let org: EmulatedOrg;
beforeEach(async () => {
  temp = makeTempFolder();
  org = await startEmulatedOrg();
});
afterEach(async () => {
  await org[Symbol.asyncDispose]();
  temp[Symbol.dispose]();
});

const clock = systemClock;
const store = () => openMemoryStore();
const sharing = () => ({ withLock: lockingIn(join(temp.path, 'locks')), wire });

async function sessionOf(credential: Credential) {
  const credentials = store();
  await credentials.set(credential);
  return openSession(credential, { store: credentials, ...sharing(), clock, log: silentLogger });
}

const works = async ({ apiUrl }: { apiUrl: string }, accessToken: string) =>
  (await fetchIdentity({ apiUrl, accessToken, wire })).username;

describe('against an emulated org that checks everything', () => {
  it('logs in by code and PKCE, and renews by rotation again and again', async () => {
    const credential = await org.login();
    expect(credential).toMatchObject({
      instanceUrl: org.emulator.url,
      orgId: org.emulator.orgId,
      username: org.emulator.username,
      grant: 'refresh-token',
    });
    const session = await sessionOf(credential);
    for (let n = 0; n < 3; n++) {
      const token = await session.accessToken();
      expect(await works(session, token)).toBe(org.emulator.username);
      await org.control('sessions', { expire: true });
      await expect(works(session, token)).rejects.toMatchObject({ details: { error: 'Bad_OAuth_Token' } });
      await session.renew(token);
    }
    expect(await works(session, await session.accessToken())).toBe(org.emulator.username);
  });

  it('logs in by JWT and by client credentials, and renews both', async () => {
    const { url, clientId, clientSecret, username } = org.emulator;
    const jwt = await loginWithJwt({
      loginUrl: url,
      clientId,
      username,
      privateKey: await org.emulator.jwtPrivateKey(),
      wire,
      clock,
    });
    const secret = await loginWithClientCredentials({
      instanceUrl: url,
      clientId,
      clientSecret,
      wire,
      clock,
    });
    await org.control('sessions', { expire: true });
    for (const credential of [jwt, secret]) {
      const session = await sessionOf(credential);
      expect(await works(session, await session.renew(credential.accessToken))).toBe(username);
    }
  });

  it('takes a ready access token, and explains a wrong one', async () => {
    const { url, accessToken, userId } = org.emulator;
    expect(await loginWithAccessToken({ instanceUrl: url, accessToken, wire, clock })).toMatchObject({
      userId,
    });
    await expect(
      loginWithAccessToken({ instanceUrl: url, accessToken: `${accessToken}x`, wire, clock }),
    ).rejects.toMatchObject({ code: 'LOGIN_FAILED', details: { error: 'Bad_OAuth_Token' } });
  });

  it.each([
    ['client id', { clientId: 'wrong' }],
    ['secret', { clientSecret: 'wrong' }],
  ])('explains a wrong %s', async (_, wrong) => {
    const { url, clientId, clientSecret } = org.emulator;
    await expect(
      loginWithClientCredentials({ instanceUrl: url, clientId, clientSecret, ...wrong, wire, clock }),
    ).rejects.toMatchObject({ code: 'LOGIN_FAILED', hint: expect.stringMatching(/.{20}/) });
  });

  it('explains a key that does not belong to the app, and a user that did not approve it', async () => {
    const { url, clientId, username } = org.emulator;
    const { generateKeyPairSync } = await import('node:crypto');
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const foreign = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    const base = { loginUrl: url, clientId, username, wire, clock };
    await expect(loginWithJwt({ ...base, privateKey: foreign })).rejects.toMatchObject({
      code: 'LOGIN_FAILED',
    });
    await expect(
      loginWithJwt({
        ...base,
        username: 'nobody@example.com',
        privateKey: await org.emulator.jwtPrivateKey(),
      }),
    ).rejects.toMatchObject({ code: 'LOGIN_FAILED' });
  });

  it('is refused when the code is stolen: without the verifier it is worth nothing', async () => {
    // The thief sees the redirect, code and state included, and is faster than the login itself.
    let stolen: { status: number; body: unknown } | null = null;
    const thief: Wire = {
      ...wire,
      async exchange(request, ...rest) {
        const form = new URLSearchParams(typeof request.body === 'string' ? request.body : '');
        if (form.get('grant_type') === 'authorization_code') {
          form.set('code_verifier', 'A'.repeat(64));
          const response = await fetch(request.origin + request.path, { method: 'POST', body: form });
          stolen = { status: response.status, body: await response.json() };
        }
        return wire.exchange(request, ...rest);
      },
    };
    await loginWithBrowser({
      loginUrl: org.emulator.url,
      clientId: org.emulator.clientId,
      ports: [org.callbackPort],
      openBrowser: (url) => fetch(url),
      wire: thief,
      clock,
      log: silentLogger,
    }).catch(() => {});
    expect(stolen).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
  });

  it('stays within the five approvals when the same org is logged in to again and again', async () => {
    const credentials = store();
    for (let n = 0; n < 7; n++) await keepLogin(await org.login(), { store: credentials, ...sharing() });
    const calls = await org.calls();
    expect(
      calls.filter(({ path, status }) => path.startsWith('/services/oauth2/revoke') && status === 200),
    ).toHaveLength(6);
    const [kept] = await credentials.list();
    if (kept === undefined) throw new Error('no credential');
    const session = openSession(kept, { store: credentials, ...sharing(), clock, log: silentLogger });
    expect(await works(session, await session.renew(kept.accessToken))).toBe(org.emulator.username);
  });

  it('ends the grant at logout, with every token of it', async () => {
    const credentials = store();
    const credential = await org.login();
    await credentials.set(credential);
    expect(await forgetLogin(credential.instanceUrl, { store: credentials, ...sharing() })).toEqual({
      removed: true,
      revoked: { status: 'revoked' },
    });
    await expect(works(credential, credential.accessToken)).rejects.toMatchObject({ code: 'LOGIN_FAILED' });
    const session = await sessionOf(credential);
    await expect(session.renew(credential.accessToken)).rejects.toMatchObject({ code: 'LOGIN_REQUIRED' });
    expect(await revokeCredential(credential, { wire })).toMatchObject({ status: expect.any(String) });
  });

  it('loses the whole family when a spent refresh token is offered, which the lock is there to prevent', async () => {
    const credential = await org.login();
    const careful = await sessionOf(credential);
    const token = await careful.renew(credential.accessToken);
    const careless = await sessionOf(credential);
    await expect(careless.renew(credential.accessToken)).rejects.toMatchObject({ code: 'LOGIN_REQUIRED' });
    await expect(careful.renew(token)).rejects.toMatchObject({ code: 'LOGIN_REQUIRED' });
  });
});

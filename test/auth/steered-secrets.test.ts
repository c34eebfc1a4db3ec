import { generateKeyPairSync } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Credential } from '../../src/auth/credential.ts';
import { loginWithClientCredentials } from '../../src/auth/login-client-credentials.ts';
import { loginWithJwt } from '../../src/auth/login-jwt.ts';
import { openMemoryStore } from '../../src/auth/memory-store.ts';
import { openSession } from '../../src/auth/open-session.ts';
import { revokeCredential } from '../../src/auth/revoke.ts';
import { systemClock } from '../../src/base/clock.ts';
import type { AppError } from '../../src/base/errors.ts';
import { createLogger } from '../../src/base/logger.ts';
import { lockingIn } from '../support/leases.ts';
import {
  credentialFor,
  type FakeSalesforce,
  orgId,
  startFakeSalesforce,
  userId,
} from './salesforce-script.ts';
import { type ScriptedAnswer, type ScriptedServer, startScriptedServer } from './scripted-oauth-server.ts';
import { makeTempFolder } from './temp-folder.ts';
import { wire } from './wire.ts';

/** Somebody who forges one answer of the token endpoint, and what reaches the host that it names. */
let salesforce: FakeSalesforce;
let thief: ScriptedServer;
let temp: ReturnType<typeof makeTempFolder>;
let said: string[];
const store = openMemoryStore();
const pem = generateKeyPairSync('rsa', { modulusLength: 2048 })
  .privateKey.export({ type: 'pkcs8', format: 'pem' })
  .toString();

beforeEach(async () => {
  salesforce = await startFakeSalesforce();
  thief = await startScriptedServer(() => ({
    json: { organization_id: orgId, user_id: userId, preferred_username: 'ada@example.com' },
  }));
  temp = makeTempFolder();
  said = [];
});
afterEach(async () => {
  await salesforce[Symbol.asyncDispose]();
  await thief[Symbol.asyncDispose]();
  temp[Symbol.dispose]();
});

async function sessionOf(change: Partial<Credential>) {
  const credential = credentialFor(salesforce.url, change);
  await store.set(credential);
  return openSession(credential, {
    store,
    withLock: lockingIn(temp.path),
    wire,
    clock: systemClock,
    log: createLogger('debug', (level, message) => said.push(`${level} ${message}`)),
  });
}

const forged = (more: object = {}): ScriptedAnswer => ({
  json: {
    access_token: '00D!of-the-thief',
    instance_url: thief.url,
    id: `${thief.url}/id/${orgId}/${userId}`,
    api_instance_url: thief.url,
    sfdc_community_url: thief.url,
    ...more,
  },
});
const knownUrls = () => ({
  organization_id: orgId,
  user_id: userId,
  urls: { custom_domain: salesforce.url },
});

const grants: [string, Partial<Credential>][] = [
  ['a refresh token', { clientSecret: 'the-client-secret' }],
  ['a JWT', { grant: 'jwt', refreshToken: null, privateKey: pem }],
  [
    'client credentials',
    { grant: 'client-credentials', refreshToken: null, clientSecret: 'the-client-secret' },
  ],
];

describe.each(grants)('one forged answer to a renewal by %s that names another address', (_, change) => {
  it('is believed by nobody where the login host does not know its token: the former login stays', async () => {
    salesforce.override = (path) =>
      path.endsWith('/token')
        ? forged({ refresh_token: 'of-the-thief' })
        : { status: 403, text: 'Bad_OAuth_Token' };
    const session = await sessionOf(change);
    await expect(session.renew('00D!access-0')).rejects.toMatchObject({ code: 'LOGIN_FAILED' });
    expect(session.apiUrl).toBe(salesforce.url);
    expect(await store.get(salesforce.url)).toMatchObject(credentialFor(salesforce.url, change));
    expect(thief.requests).toEqual([]);
    salesforce.override = null;
    expect(await session.renew('00D!access-0')).toMatch(/access/);
  });

  it('moves no call where the login host knows the org by its own address', async () => {
    salesforce.override = (path) => (path.endsWith('/token') ? forged() : { json: knownUrls() });
    const session = await sessionOf(change);
    await session.renew('00D!access-0');
    expect(session.apiUrl).toBe(salesforce.url);
    expect((await store.get(salesforce.url))?.apiUrl).toBe(salesforce.url);
    expect(said.join('\n')).toContain('does not confirm');
    expect(thief.requests).toEqual([]);
  });

  it.each([
    ['cannot be asked', { cut: true }],
    ['is under maintenance', { status: 503, text: '<html>' }],
    ['has no userinfo', { status: 404, text: 'no' }],
    ['sends us elsewhere', { status: 302, headers: { location: 'http://127.0.0.1:9/' } }],
    ['says nothing of addresses', { json: { organization_id: orgId, user_id: userId } }],
  ])('moves no call where the login host %s', async (_, answer) => {
    salesforce.override = (path) => (path.endsWith('/token') ? forged() : answer);
    const session = await sessionOf(change);
    await session.renew('00D!access-0');
    expect(session.apiUrl).toBe(salesforce.url);
    expect(thief.requests).toEqual([]);
  });
});

it('the tokens of an answer that names another address are stored before anything is asked with them', async () => {
  let atAsking: Credential | null = null;
  salesforce.override = (path) => {
    if (path.endsWith('/token')) return forged({ refresh_token: 'rotated' });
    return { json: knownUrls(), after: store.get(salesforce.url).then((found) => (atAsking = found)) };
  };
  await (await sessionOf({})).renew('00D!access-0');
  expect(atAsking).toMatchObject({ refreshToken: 'rotated', apiUrl: salesforce.url });
});

it('secrets of an org that has moved still go to the host that the user named', async () => {
  const session = await sessionOf({ apiUrl: thief.url, clientSecret: 'the-client-secret' });
  await session.renew('00D!access-0');
  await revokeCredential((await store.get(salesforce.url))!, { wire });
  expect(thief.requests).toEqual([]);
  expect(salesforce.server.requests.map(({ path }) => path)).toEqual([
    '/services/oauth2/token',
    '/services/oauth2/userinfo',
    '/services/oauth2/revoke',
  ]);
});

describe('a login whose answer names another host than the one that the user named', () => {
  const parts = { clientId: 'client', wire, clock: systemClock };
  const flows: [string, () => Promise<Credential>][] = [
    ['JWT', () => loginWithJwt({ ...parts, loginUrl: salesforce.url, username: 'u', privateKey: pem })],
    [
      'client credentials',
      () => loginWithClientCredentials({ ...parts, instanceUrl: salesforce.url, clientSecret: 'shh' }),
    ],
  ];

  it.each(flows)('by %s sends nothing there unless the named host confirms it', async (_, login) => {
    salesforce.override = (path) => (path.endsWith('/token') ? forged() : { json: knownUrls() });
    const error = await login().catch((thrown: unknown) => thrown as AppError);
    expect(error).toMatchObject({ code: 'LOGIN_FAILED', message: expect.stringContaining(thief.url) });
    expect(thief.requests).toEqual([]);

    salesforce.override = (path) =>
      path.endsWith('/token') ? forged() : { json: { ...knownUrls(), urls: { custom_domain: thief.url } } };
    expect(await login()).toMatchObject({ instanceUrl: thief.url, loginUrl: salesforce.url });
  });

  it.each(flows)('by %s follows no redirect with its secrets', async (_, login) => {
    for (const status of [301, 302, 303, 307, 308]) {
      salesforce.override = () => ({ status, headers: { location: `${thief.url}/services/oauth2/token` } });
      await expect(login()).rejects.toMatchObject({
        code: 'LOGIN_FAILED',
        hint: expect.stringContaining('--instance-url'),
      });
    }
    expect(thief.requests).toEqual([]);
  });
});

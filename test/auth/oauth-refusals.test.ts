import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Credential } from '../../src/auth/credential.ts';
import { fetchIdentity } from '../../src/auth/identity.ts';
import { loginWithClientCredentials } from '../../src/auth/login-client-credentials.ts';
import { loginWithJwt } from '../../src/auth/login-jwt.ts';
import { openMemoryStore } from '../../src/auth/memory-store.ts';
import { oauthError } from '../../src/auth/oauth-error.ts';
import { openSession } from '../../src/auth/open-session.ts';
import { requestToken } from '../../src/auth/token-endpoint.ts';
import { type AppError, isAppError } from '../../src/base/errors.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { exitCodeOf } from '../../src/cli/exit-codes.ts';
import { lockingIn } from '../support/leases.ts';
import { manualClock } from '../support/manual-clock.ts';
import { credentialFor, type FakeSalesforce, startFakeSalesforce, username } from './salesforce-script.ts';
import type { ScriptedAnswer } from './scripted-oauth-server.ts';
import { makeTempFolder } from './temp-folder.ts';
import { wire } from './wire.ts';

const pem = generateKeyPairSync('rsa', { modulusLength: 2048 })
  .privateKey.export({ type: 'pkcs8', format: 'pem' })
  .toString();
let salesforce: FakeSalesforce;
let temp: ReturnType<typeof makeTempFolder>;
beforeAll(async () => {
  salesforce = await startFakeSalesforce();
  temp = makeTempFolder();
});
afterAll(async () => {
  await salesforce[Symbol.asyncDispose]();
  temp[Symbol.dispose]();
});
beforeEach(() => {
  salesforce.override = null;
});

type Kind = 'passing' | 'limit' | 'login' | 'admin' | 'app';
const exitOf: Record<Kind, number> = { passing: 5, limit: 5, login: 3, admin: 3, app: 3 };

/** What Salesforce is known to say, and what it means; `over` ends a refresh token for good. */
const table: [error: string, description: string | null, Kind, hint: RegExp, over?: 'over'][] = [
  ['server_error', null, 'passing', /later/],
  ['server_error', 'An unexpected error has occurred', 'passing', /later/],
  ['temporarily_unavailable', null, 'passing', /later/],
  ['service_unavailable', null, 'passing', /later/],
  ['system_down', null, 'passing', /later/],
  ['unknown_error', 'retry your request', 'passing', /later/],
  ['slow_down', null, 'passing', /minute/],
  ['authorization_pending', null, 'passing', /minute/],
  ['rate_limit_exceeded', 'number of logins exceeded', 'limit', /Wait/],
  ['invalid_grant', 'login rate exceeded', 'limit', /Wait/],
  ['invalid_request', 'rate limit exceeded', 'limit', /Wait/],
  ['app_not_found', 'External client app is not installed in this org', 'app', /install the app/],
  ['invalid_client', 'app must be installed into org', 'app', /install the app/],
  ['invalid_grant', 'External client app is not installed in this org', 'app', /install the app/],
  ['OAUTH_EC_APP_NOT_FOUND', null, 'app', /install the app/],
  ['ecapp_policy_not_found', null, 'app', /install the app/],
  ['oauth_policy_not_found', null, 'app', /install the app/],
  ['installation_error', null, 'app', /install the app/],
  ['app_blocked', 'this app is blocked by admin', 'admin', /unblock/],
  ['fail_close_app_blocked', null, 'admin', /unblock/],
  ['OAUTH_APP_BLOCKED', 'this app is blocked by admin', 'admin', /unblock/],
  ['OAUTH_APP_ACCESS_DENIED', 'user is not admin approved to access this app', 'admin', /profile/],
  ['invalid_app_access', 'user is not admin approved to access this app', 'admin', /profile/],
  ['invalid_grant', 'user is not admin approved to access this app', 'admin', /pre-authorized/],
  ['invalid_client_id', 'client identifier invalid', 'app', /Consumer Key/],
  ['invalid_client', 'invalid client credentials', 'app', /CLIENT_SECRET/],
  ['invalid_client_credentials', 'client secret invalid', 'app', /CLIENT_SECRET/],
  ['redirect_uri_mismatch', 'redirect_uri must match configuration', 'app', /9717/],
  ['invalid_scope', 'the requested scope is invalid', 'app', /refresh_token/],
  ['invalid_grant', 'no valid scopes defined', 'app', /refresh_token/],
  ['unsupported_grant_type', 'grant type not supported', 'app', /Enable the flow/],
  ['oauth_flow_disabled', null, 'app', /Enable the flow/],
  ['unauthorized_client', null, 'app', /Enable the flow/],
  ['use_dpop_nonce', null, 'app', /requirement off/],
  ['inactive_user', 'user is inactive', 'admin', /activate/],
  ['invalid_grant', 'inactive user', 'admin', /activate/],
  ['invalid_grant', 'user is frozen', 'admin', /activate/],
  ['inactive_org', 'org is locked, closed, or suspended', 'admin', /expired trial/],
  ['invalid_grant', 'inactive organization', 'admin', /expired trial/],
  ['invalid_grant', 'ip restricted', 'admin', /login IP ranges/],
  ['invalid_grant', 'ip restricted or invalid login hours', 'admin', /login IP ranges/],
  ['invalid_grant', "user hasn't approved this consumer", 'admin', /pre-authorized/],
  ['invalid_grant', 'no client credentials user enabled', 'admin', /Run As/],
  ['INVALID_OPERATION_WITH_EXPIRED_PASSWORD', null, 'login', /[Ss]et a new password|Run:/],
  ['PASSWORD_LOCKOUT', 'the password is locked', 'login', /[Ss]et a new password|Run:/],
  ['invalid_grant', 'expired password', 'login', /[Ss]et a new password|Run:/],
  ['invalid_session_level', null, 'login', /second factor/],
  ['invalid_grant', 'audience is invalid', 'app', /My Domain/],
  ['invalid_assertion', null, 'app', /certificate/],
  ['invalid_grant', 'invalid assertion', 'app', /certificate/],
  ['invalid_grant', 'expired access/refresh token', 'login', /Log in again|Run:/, 'over'],
  ['invalid_grant', 'token validity expired', 'login', /Log in again|Run:/, 'over'],
  ['invalid_grant', 'authentication failure', 'login', /Login History/],
  ['invalid_grant', null, 'login', /Login History/],
  ['invalid_grant', 'words that nobody has met yet', 'login', /Login History/],
  ['invalid_request', 'missing something', 'app', /OAuth settings/],
  ['error_of_next_year', 'words that nobody has met yet', 'login', /Login History/],
];

const grants: [string, Partial<Credential>][] = [
  ['a refresh token', {}],
  ['a JWT', { grant: 'jwt', refreshToken: null, privateKey: pem }],
  ['client credentials', { grant: 'client-credentials', refreshToken: null, clientSecret: 'the-secret' }],
];

async function refusalOf(work: Promise<unknown>): Promise<AppError> {
  const error = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (!isAppError(error)) throw new Error('not refused', { cause: error });
  return error;
}

const logins: [string, () => Promise<unknown>][] = [
  [
    'JWT',
    () =>
      loginWithJwt({ ...base(), loginUrl: salesforce.url, username, privateKey: pem, clientId: 'client' }),
  ],
  [
    'client credentials',
    () =>
      loginWithClientCredentials({
        ...base(),
        instanceUrl: salesforce.url,
        clientId: 'client',
        clientSecret: 'the-secret',
      }),
  ],
];
/** Its waits are over at once: what passes is asked for again, and never comes. */
const base = () => ({ wire, clock: { ...manualClock(), now: () => Date.now(), sleep: async () => {} } });

describe.each(table)('%s (%s)', (error, description, kind, hint, over) => {
  const answer: ScriptedAnswer = {
    status: 400,
    json: { error, ...(description === null ? {} : { error_description: description }) },
  };

  it.each(logins)(`is ${kind} at a login by %s`, async (_, login) => {
    salesforce.override = () => answer;
    const refused = await refusalOf(login());
    expect(refused).toMatchObject({ hint: expect.stringMatching(hint), details: { error, kind } });
    expect(exitCodeOf(refused.code)).toBe(exitOf[kind]);
  });

  it.each(grants)(`is ${kind} at a renewal by %s`, async (_, change) => {
    salesforce.override = () => answer;
    const store = openMemoryStore();
    const credential = credentialFor(salesforce.url, change);
    await store.set(credential);
    const session = openSession(credential, {
      ...base(),
      store,
      withLock: lockingIn(temp.path),
      log: silentLogger,
    });
    const refused = await refusalOf(session.renew('00D!access-0'));
    expect(refused).toMatchObject({ hint: expect.stringMatching(hint) });
    expect(exitCodeOf(refused.code)).toBe(exitOf[kind]);
    const isNoted = (await store.get(salesforce.url))?.refused !== null;
    expect(isNoted).toBe(over === 'over' && credential.grant === 'refresh-token');
    if (isNoted) return;
    salesforce.override = null;
    salesforce.live.add('refresh-0');
    expect(await session.renew('00D!access-0')).toMatch(/access/);
  });
});

describe('answers that are no word about the grant', () => {
  const page = '<!DOCTYPE html><html><body>Sorry, we are down for maintenance</body></html>';
  it.each<[string, ScriptedAnswer, string]>([
    ['HTTP 500', { status: 500, text: '' }, 'ORG_UNAVAILABLE'],
    ['HTTP 502 with a page', { status: 502, text: page }, 'ORG_UNAVAILABLE'],
    [
      'HTTP 503 that says invalid_grant',
      { status: 503, json: { error: 'invalid_grant' } },
      'ORG_UNAVAILABLE',
    ],
    ['HTTP 420', { status: 420, text: '' }, 'ORG_UNAVAILABLE'],
    ['HTTP 429', { status: 429, json: { error: 'invalid_grant' } }, 'REQUEST_LIMIT_EXCEEDED'],
    ['a page with HTTP 200', { status: 200, text: page }, 'ORG_UNAVAILABLE'],
    ['a page with HTTP 403', { status: 403, text: page }, 'ORG_UNAVAILABLE'],
    ['a cut connection', { cut: true }, 'NETWORK_UNREACHABLE'],
  ])('%s is passing at each login and each renewal', async (_, answer, code) => {
    salesforce.override = () => answer;
    for (const [, login] of logins) expect((await refusalOf(login())).code).toBe(code);
    for (const [, change] of grants) {
      const store = openMemoryStore();
      const credential = credentialFor(salesforce.url, change);
      await store.set(credential);
      const withLock = lockingIn(temp.path);
      const session = openSession(credential, { ...base(), store, withLock, log: silentLogger });
      expect((await refusalOf(session.renew('00D!access-0'))).code).toBe(code);
      expect((await store.get(salesforce.url))?.refused).toBeNull();
    }
    expect(exitCodeOf(code)).toBe(5);
  });

  it.each([404, 405, 410, 501])('HTTP %i tells which part the host lacks', async (status) => {
    salesforce.override = () => ({ status, text: page });
    const { host } = new URL(salesforce.url);
    for (const [, login] of logins) {
      expect((await refusalOf(login())).message).toBe(
        `${host} has no /services/oauth2/token (HTTP ${status}), which a login needs.`,
      );
    }
    const who = fetchIdentity({ apiUrl: salesforce.url, accessToken: 'token', wire });
    expect((await refusalOf(who)).message).toContain(`${host} has no /services/oauth2/userinfo`);
  });
});

describe('a JWT that is refused because of a clock', () => {
  const at = (skewMs: number) => ({ ...manualClock(), now: () => Date.now() + skewMs });
  const login = (skewMs: number) =>
    refusalOf(
      loginWithJwt({
        loginUrl: salesforce.url,
        username,
        privateKey: pem,
        clientId: 'client',
        wire,
        clock: at(skewMs),
      }),
    );

  it.each([
    [-600_000, 'expired authorization code', 'is 10 min behind'],
    [600_000, 'invalid assertion', 'is 10 min ahead of'],
    [-7 * 3_600_000, 'expired authorization code', 'is 7 hours behind'],
    [-5 * 86_400_000, null, 'is 5 days behind'],
  ])("at %i ms (%s) says that this machine's clock %s the org's", async (skewMs, description, says) => {
    const json = {
      error: 'invalid_grant',
      ...(description === null ? {} : { error_description: description }),
    };
    salesforce.override = () => ({ status: 400, json });
    const refused = await login(skewMs);
    expect(refused.message).toContain(`This machine's clock ${says} the org's`);
    expect(refused).toMatchObject({ code: 'LOGIN_FAILED', details: { kind: 'clock' } });

    const store = openMemoryStore();
    const credential = credentialFor(salesforce.url, { grant: 'jwt', refreshToken: null, privateKey: pem });
    await store.set(credential);
    const session = openSession(credential, {
      store,
      wire,
      clock: at(skewMs),
      log: silentLogger,
      withLock: lockingIn(temp.path),
    });
    expect((await refusalOf(session.renew('00D!access-0'))).message).toContain(says);
  });

  it('blames no clock that is right, nor for what the clock cannot cause', async () => {
    salesforce.override = () => ({
      status: 400,
      json: { error: 'invalid_grant', error_description: 'invalid assertion' },
    });
    expect((await login(0)).message).not.toContain('clock is');
    salesforce.override = () => ({ status: 400, json: { error: 'invalid_client_id' } });
    expect((await login(-600_000)).message).not.toContain('clock is');
    expect(
      oauthError({ error: 'invalid_grant', description: 'expired assertion', status: 400, during: 'jwt' })
        .hint,
    ).toMatch(/clock/);
  });
});

it('an answer that echoes the secrets of its request puts none of them into an error', async () => {
  const form = {
    grant_type: 'authorization_code',
    code: 'code/of+this=login',
    client_secret: 'the client secret',
    code_verifier: 'verifier-of-this-login',
  };
  const { host } = new URL(salesforce.url);
  salesforce.override = (_, sent) => ({
    status: 400,
    json: {
      error: `no: ${sent.code}`,
      error_description: `${new URLSearchParams(sent)} ${JSON.stringify(sent)} ${encodeURIComponent(sent.client_secret ?? '')} at ${host}`,
    },
  });
  const answer = await requestToken(salesforce.url, form, { wire });
  expect(answer).toMatchObject({ ok: false, refusal: { description: expect.stringContaining(host) } });
  const told = JSON.stringify(answer);
  for (const secret of [form.code, form.client_secret, form.code_verifier]) {
    for (const shape of [
      secret,
      encodeURIComponent(secret),
      new URLSearchParams({ a: secret }).toString().slice(2),
    ]) {
      expect(told).not.toContain(shape);
    }
  }
  salesforce.override = () => ({
    status: 403,
    json: [{ errorCode: 'X', message: 'Bearer 00D!the-access-token' }],
  });
  const who = await refusalOf(
    fetchIdentity({ apiUrl: salesforce.url, accessToken: '00D!the-access-token', wire }),
  );
  expect(JSON.stringify([who.message, who.details])).not.toContain('the-access-token');
});

import { createHash, createSign, generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Json } from '../running-emulator.ts';
import type { ConformanceOrg } from './conformance-org.ts';
import { conformanceOrg } from './conformance-org.ts';

// Sources: OAuth 2.0 Web Server, JWT Bearer, Client Credentials and Username-Password Flows; Revoke OAuth Tokens;
// OAuth 2.0 Token Introspection; help 005316711 (refresh token rotation); RFC 6749, 7523, 7636, 7662.
describe('token', () => {
  let org: ConformanceOrg;
  const redirectUri = 'http://localhost:9717/callback';

  beforeAll(async () => {
    org = await conformanceOrg();
  });
  afterAll(() => org[Symbol.asyncDispose]());
  beforeEach(() => org.reset());

  async function newCode(params: Record<string, string> = {}): Promise<string> {
    await org.control('settings', { autoApprove: true });
    const query = new URLSearchParams({
      response_type: 'code',
      client_id: org.emulator.clientId,
      redirect_uri: redirectUri,
      ...params,
    });
    const response = await fetch(`${org.emulator.url}/services/oauth2/authorize?${query}`, {
      redirect: 'manual',
    });
    return new URL(response.headers.get('location') ?? '').searchParams.get('code') ?? '';
  }
  const exchange = (code: string, extra: Record<string, string> = {}) =>
    org.token({
      grant_type: 'authorization_code',
      code,
      redirect_uri: redirectUri,
      client_id: org.emulator.clientId,
      ...extra,
    });
  const refresh = (token: unknown, extra: Record<string, string> = {}) =>
    org.token({
      grant_type: 'refresh_token',
      refresh_token: String(token),
      client_id: org.emulator.clientId,
      ...extra,
    });
  const works = async (token: unknown) => (await org.api('/limits', { token: String(token) })).status === 200;

  it('answers a code with the documented keys; the token begins with the org id', async () => {
    const { status, body, headers } = await exchange(await newCode());
    expect(status).toBe(200);
    expect(headers.get('cache-control')).toContain('no-store');
    expect(Object.keys(body)).toEqual(
      expect.arrayContaining([
        'access_token',
        'refresh_token',
        'signature',
        'scope',
        'instance_url',
        'id',
        'token_type',
        'issued_at',
      ]),
    );
    expect(body.token_type).toBe('Bearer');
    expect(body.instance_url).toBe(org.emulator.url);
    expect(String(body.access_token)).toMatch(/^00D[0-9A-Za-z]{12}![\w.]+$/);
    expect(body.id).toBe(`${org.emulator.url}/id/${org.emulator.orgId}/${org.emulator.userId}`);
    expect(String(body.issued_at)).toMatch(/^\d{13}$/);
  });

  it('takes a code once: the second time it is invalid_grant', async () => {
    const code = await newCode();
    expect((await exchange(code)).status).toBe(200);
    const second = await exchange(code);
    expect(second.status).toBe(400);
    expect(second.body).toEqual({ error: 'invalid_grant', error_description: 'expired authorization code' });
  });

  it('takes a code for 15 minutes of the org’s clock', async () => {
    const code = await newCode();
    await org.control('clock', { advanceMs: 15 * 60_000 + 1_000 });
    expect((await exchange(code)).body.error).toBe('invalid_grant');
  });

  it('verifies PKCE by S256 (RFC 7636 section 4.6)', async () => {
    const verifier = 'a'.repeat(43);
    const code_challenge = createHash('sha256').update(verifier).digest('base64url');
    const good = await exchange(await newCode({ code_challenge }), { code_verifier: verifier });
    expect(good.status).toBe(200);
    const wrong = await exchange(await newCode({ code_challenge }), { code_verifier: 'b'.repeat(43) });
    expect(wrong.body).toEqual({ error: 'invalid_grant', error_description: 'invalid code verifier' });
    const missing = await exchange(await newCode({ code_challenge }));
    expect(missing.status).toBe(400);
  });

  it('compares the redirect URI with that of the code', async () => {
    const answer = await exchange(await newCode(), { redirect_uri: 'http://localhost:9718/callback' });
    expect(answer.body.error).toBe('redirect_uri_mismatch');
  });

  it('needs no secret of a public client, and refuses a wrong one', async () => {
    expect((await exchange(await newCode(), { client_secret: org.emulator.clientSecret })).status).toBe(200);
    const wrong = await exchange(await newCode(), { client_secret: 'wrong' });
    expect(wrong.body).toEqual({ error: 'invalid_client', error_description: 'invalid client credentials' });
  });

  it('gives no refresh token where the scope does not ask for one', async () => {
    const { body } = await exchange(await newCode({ scope: 'api' }));
    expect(body.refresh_token).toBeUndefined();
    expect(String(body.scope).split(' ')).toContain('api');
    expect(await works(body.access_token)).toBe(true);
  });

  it('refreshes without a new refresh token while rotation is off', async () => {
    const login = await org.logIn();
    const answer = await refresh(login.refresh_token);
    expect(answer.status).toBe(200);
    expect(answer.body.refresh_token).toBeUndefined();
    expect(await works(answer.body.access_token)).toBe(true);
    expect(await works(login.access_token)).toBe(true);
    expect((await refresh(login.refresh_token)).status).toBe(200);
  });

  it('rotates: each refresh gives a new token, the old one kills the family and its sessions', async () => {
    await org.control('settings', { rotateRefreshTokens: true });
    const login = await org.logIn();
    const first = await refresh(login.refresh_token);
    expect(first.body.refresh_token).not.toBe(login.refresh_token);
    const second = await refresh(first.body.refresh_token);
    expect(second.status).toBe(200);
    const reused = await refresh(login.refresh_token);
    expect(reused.status).toBe(400);
    expect(reused.body).toEqual({
      error: 'invalid_grant',
      error_description: 'expired access/refresh token',
    });
    expect((await refresh(second.body.refresh_token)).status).toBe(400);
    expect(await works(second.body.access_token)).toBe(false);
  });

  it('keeps five approvals per user and app: the sixth revokes the oldest', async () => {
    const logins: Json[] = [];
    for (let i = 0; i < 6; i++) logins.push(await org.logIn());
    expect((await refresh(logins[0]?.refresh_token)).status).toBe(400);
    for (const login of logins.slice(1)) expect((await refresh(login.refresh_token)).status).toBe(200);
  });

  it('counts approvals for each user by themselves', async () => {
    const users = await org.api<{ records: { Username: string }[] }>(
      `/query?q=${encodeURIComponent('SELECT Username FROM User WHERE IsActive = true')}`,
    );
    const other = users.body.records.map((u) => u.Username).find((name) => name !== org.emulator.username);
    const mine = await org.logIn();
    for (let i = 0; i < 5; i++) await org.logIn({ username: String(other) });
    expect((await refresh(mine.refresh_token)).status).toBe(200);
  });

  const sign = (claims: Json, key: string, header: Json = { alg: 'RS256' }) => {
    const part = (value: Json) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const signed = `${part(header)}.${part(claims)}`;
    return `${signed}.${createSign('RSA-SHA256').update(signed).sign(key, 'base64url')}`;
  };
  const jwt = (assertion: string) =>
    org.token({ grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion });
  const claims = (extra: Json = {}): Json => ({
    iss: org.emulator.clientId,
    sub: org.emulator.username,
    aud: org.emulator.url,
    exp: Math.floor(Date.now() / 1_000) + 120,
    ...extra,
  });

  it('takes a JWT signed by a registered key, without a refresh token (RFC 7523)', async () => {
    const answer = await jwt(sign(claims(), await org.emulator.jwtPrivateKey()));
    expect(answer.status).toBe(200);
    expect(answer.body.refresh_token).toBeUndefined();
    expect(await works(answer.body.access_token)).toBe(true);
    const production = await jwt(
      sign(claims({ aud: 'https://login.salesforce.com' }), await org.emulator.jwtPrivateKey()),
    );
    expect(production.status).toBe(200);
  });

  // OAuth 2.0 JWT Bearer Flow: the guide's own example has "exp": "1333685628".
  it('takes the expiry of a JWT as a string of digits, as the documentation writes it', async () => {
    const key = await org.emulator.jwtPrivateKey();
    const inTwoMinutes = String(Math.floor(Date.now() / 1_000) + 120);
    expect((await jwt(sign(claims({ exp: inTwoMinutes }), key))).status).toBe(200);
    for (const exp of ['1333685628', 'soon', '', ' ', '1e99', null, {}, [9e9], true]) {
      const answer = await jwt(sign(claims({ exp }), key));
      expect([answer.status, answer.body.error], JSON.stringify(exp)).toEqual([400, 'invalid_grant']);
    }
  });

  it('refuses a JWT with a foreign signature, audience, age, algorithm, user or client', async () => {
    const key = await org.emulator.jwtPrivateKey();
    const foreign = generateKeyPairSync('rsa', {
      modulusLength: 2_048,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    });
    const description = async (assertion: string) => {
      const answer = await jwt(assertion);
      expect(answer.status).toBe(400);
      return `${answer.body.error}: ${answer.body.error_description}`;
    };
    expect(await description(sign(claims(), foreign.privateKey))).toBe('invalid_grant: invalid assertion');
    expect(await description(sign(claims({ aud: 'https://example.com' }), key))).toBe(
      'invalid_grant: audience is invalid',
    );
    expect(await description(sign(claims({ exp: 1 }), key))).toContain('invalid_grant');
    expect(await description(sign(claims(), key, { alg: 'HS256' }))).toContain('invalid_grant');
    expect(await description(sign(claims({ sub: 'nobody@example.com' }), key))).toBe(
      "invalid_grant: user hasn't approved this consumer",
    );
    expect(await description(sign(claims({ iss: 'nobody' }), key))).toContain('invalid_client_id');
    expect(await description('not.a.jwt')).toBe('invalid_grant: invalid assertion');
  });

  it('takes client credentials by Basic header and by body, and only with the right secret', async () => {
    const { clientId: client_id, clientSecret: client_secret, url } = org.emulator;
    const byBody = await org.token({ grant_type: 'client_credentials', client_id, client_secret });
    expect(byBody.status).toBe(200);
    expect(byBody.body.refresh_token).toBeUndefined();
    const byHeader = await fetch(`${url}/services/oauth2/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${Buffer.from(`${client_id}:${client_secret}`).toString('base64')}` },
      body: new URLSearchParams({ grant_type: 'client_credentials' }),
    });
    expect(byHeader.status).toBe(200);
    const without = await org.token({ grant_type: 'client_credentials', client_id });
    expect(without.body.error).toBe('invalid_client');
  });

  it('takes a username and password, and refuses a wrong password with authentication failure', async () => {
    const { clientId: client_id, clientSecret: client_secret, username, password } = org.emulator;
    const good = await org.token({ grant_type: 'password', client_id, client_secret, username, password });
    expect(good.status).toBe(200);
    const bad = await org.token({
      grant_type: 'password',
      client_id,
      client_secret,
      username,
      password: 'x',
    });
    expect(bad.body).toEqual({ error: 'invalid_grant', error_description: 'authentication failure' });
  });

  it('refuses an inactive user: inactive_user', async () => {
    const { clientId: client_id, clientSecret: client_secret, password } = org.emulator;
    const soql = 'SELECT Username FROM User WHERE IsActive = false';
    const users = await org.api<{ records: { Username: string }[] }>(`/query?q=${encodeURIComponent(soql)}`);
    const username = users.body.records[0]?.Username ?? '';
    const answer = await org.token({ grant_type: 'password', client_id, client_secret, username, password });
    expect([answer.status, answer.body]).toEqual([
      400,
      { error: 'inactive_user', error_description: 'user is inactive' },
    ]);
    const byJwt = await jwt(sign(claims({ sub: username }), await org.emulator.jwtPrivateKey()));
    expect(byJwt.body.error).toBe('inactive_user');
  });

  it('refuses other grants: unsupported_grant_type, grant type not supported', async () => {
    for (const grant_type of ['device', 'toString', '']) {
      const { status, body } = await org.token({ grant_type, client_id: org.emulator.clientId });
      expect(status).toBe(400);
      expect(body).toEqual({
        error: 'unsupported_grant_type',
        error_description: 'grant type not supported',
      });
    }
  });

  it('refuses an app that is not installed: invalid_client (help 005132365)', async () => {
    await org.control('settings', { appBlocked: true });
    const { body } = await refresh('anything');
    expect(body).toEqual({ error: 'invalid_client', error_description: 'app must be installed into org' });
  });

  const revoke = (token: unknown) =>
    fetch(`${org.emulator.url}/services/oauth2/revoke`, {
      method: 'POST',
      body: new URLSearchParams({ token: String(token) }),
    });

  it('revokes a refresh token with its sessions, an access token alone; by POST and by GET', async () => {
    const login = await org.logIn();
    const other = await org.logIn();
    expect((await revoke(login.access_token)).status).toBe(200);
    expect(await works(login.access_token)).toBe(false);
    const renewed = await refresh(login.refresh_token);
    expect(renewed.status).toBe(200);
    const answer = await revoke(login.refresh_token);
    expect(answer.status).toBe(200);
    expect(await answer.text()).toBe('');
    expect(await works(renewed.body.access_token)).toBe(false);
    expect((await refresh(login.refresh_token)).status).toBe(400);
    const byGet = await fetch(
      `${org.emulator.url}/services/oauth2/revoke?token=${encodeURIComponent(String(other.refresh_token))}`,
    );
    expect(byGet.status).toBe(200);
    expect(await works(other.access_token)).toBe(false);
  });

  it('answers an unknown token to revoke with 400 and a form-encoded error', async () => {
    const answer = await revoke('nonsense');
    expect(answer.status).toBe(400);
    expect(new URLSearchParams(await answer.text()).get('error')).toBe('invalid_token');
  });

  it('introspects live and dead tokens (RFC 7662 section 2.2)', async () => {
    const login = await org.logIn();
    const introspect = async (token: unknown) => {
      const answer = await fetch(`${org.emulator.url}/services/oauth2/introspect`, {
        method: 'POST',
        body: new URLSearchParams({
          token: String(token),
          client_id: org.emulator.clientId,
          client_secret: org.emulator.clientSecret,
        }),
      });
      return (await answer.json()) as Json;
    };
    const live = await introspect(login.access_token);
    expect(live).toMatchObject({
      active: true,
      client_id: org.emulator.clientId,
      username: org.emulator.username,
      token_type: 'access_token',
    });
    expect(Number(live.exp)).toBeGreaterThan(Number(live.iat));
    expect(await introspect(login.refresh_token)).toMatchObject({
      active: true,
      token_type: 'refresh_token',
    });
    expect(await introspect('nonsense')).toEqual({ active: false });
  });

  it('tells who the user is at userinfo and at the identity URL; a bad token is 403 Bad_OAuth_Token', async () => {
    const { accessToken, url, orgId, userId, username } = org.emulator;
    const info = await org.api('/services/oauth2/userinfo');
    expect(info.body).toMatchObject({
      user_id: userId,
      organization_id: orgId,
      preferred_username: username,
    });
    const root = await org.api<{ identity: string }>('/');
    expect(root.body.identity).toBe(`${url}/id/${orgId}/${userId}`);
    const identity = await fetch(`${root.body.identity}?format=json&oauth_token=${accessToken}`);
    expect(await identity.json()).toMatchObject({ user_id: userId, organization_id: orgId, username });
    const bad = await org.api('/services/oauth2/userinfo', { token: 'nonsense' });
    expect([bad.status, bad.text]).toEqual([403, 'Bad_OAuth_Token']);
    const missing = await fetch(`${url}/services/oauth2/userinfo`);
    expect([missing.status, await missing.text()]).toEqual([403, 'Missing_OAuth_Token']);
    const otherOrg = await fetch(`${url}/id/00D000000000001AAA/${userId}?oauth_token=${accessToken}`);
    expect([otherOrg.status, await otherOrg.text()]).toEqual([403, 'Wrong_Org']);
  });

  it('ends sessions by time: two hours without use, prolonged by use', async () => {
    const login = await org.logIn();
    await org.control('clock', { advanceMs: 90 * 60_000 });
    expect(await works(login.access_token)).toBe(true);
    await org.control('clock', { advanceMs: 90 * 60_000 });
    expect(await works(login.access_token)).toBe(true);
    await org.control('clock', { advanceMs: 121 * 60_000 });
    expect(await works(login.access_token)).toBe(false);
  });

  it('ends every session, and revokes every refresh token, by the control surface', async () => {
    const login = await org.logIn();
    await org.control('sessions', { expire: true });
    const expired = await org.api<Json[]>('/limits', { token: String(login.access_token) });
    expect(expired.status).toBe(401);
    expect(expired.body).toEqual([
      { message: 'Session expired or invalid', errorCode: 'INVALID_SESSION_ID' },
    ]);
    expect((await org.api('/limits')).status).toBe(401);
    expect((await refresh(login.refresh_token)).status).toBe(200);
    await org.control('tokens', { revokeRefresh: true });
    expect((await refresh(login.refresh_token)).body.error).toBe('invalid_grant');
  });

  // Release notes 2024; sfdx-core, airbyte and restforce issues: the words that concurrent refreshes are answered with.
  it('refuses a refresh beside another of the same token, which spends nothing', async () => {
    await org.control('settings', { rotateRefreshTokens: true });
    const { refresh_token: mine } = await org.logIn();
    const { refresh_token: other } = await org.logIn();
    await org.control('settings', { latencyMs: 150 });
    const replies = await Promise.all([refresh(mine), refresh(mine), refresh(mine), refresh(other)]);
    await org.control('settings', { latencyMs: 0 });
    const refused = replies.filter(({ status }) => status === 400);
    expect(refused.map(({ body }) => [body.error, body.error_description])).toEqual(
      Array.from({ length: 2 }, () => ['invalid_grant', 'token request is already being processed']),
    );
    const through = replies.slice(0, 3).find(({ status }) => status === 200);
    expect(replies[3]?.status).toBe(200);
    // The family lives: what the first was given is good.
    expect((await refresh(through?.body.refresh_token)).status).toBe(200);
    // Afterwards the old token is a spent one, as ever.
    expect((await refresh(mine)).body.error_description).toBe('expired access/refresh token');
    await org.control('settings', { rotateRefreshTokens: false });
  });

  it('lets refreshes of one token pass side by side where the org is set so, and one after the other always', async () => {
    const { refresh_token: mine } = await org.logIn();
    for (let n = 0; n < 20; n++) expect((await refresh(mine)).status).toBe(200);
    await org.control('settings', { latencyMs: 50, refuseConcurrentRefresh: false });
    const replies = await Promise.all([refresh(mine), refresh(mine)]);
    await org.control('settings', { latencyMs: 0, refuseConcurrentRefresh: true });
    expect(replies.map(({ status }) => status)).toEqual([200, 200]);
  });

  it.each([
    ['server_error', 500],
    ['temporarily_unavailable', 503],
    ['app_not_found', 400],
    ['inactive_org', 400],
    ['rate_limit_exceeded', 400],
    ['invalid_client', 400],
  ])('rehearses the refusal %s by a fault, in the form of OAuth', async (errorCode, status) => {
    await org.control('faults', [{ match: 'POST /services/oauth2/token', errorCode }]);
    const reply = await refresh('x');
    expect([reply.status, reply.body.error]).toEqual([status, errorCode]);
    expect(String(reply.body.error_description)).toMatch(/ /);
  });
});

import { createHash } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import type { ConformanceOrg } from './conformance-org.ts';
import { conformanceOrg } from './conformance-org.ts';

// Sources: OAuth 2.0 Web Server Flow (help, remoteaccess_oauth_web_server_flow), RFC 6749 section 4.1, RFC 7636.
describe('authorize', () => {
  let org: ConformanceOrg;
  const redirectUri = 'http://localhost:9717/callback';

  beforeAll(async () => {
    org = await conformanceOrg();
  });
  afterAll(() => org[Symbol.asyncDispose]());
  beforeEach(() => org.reset());

  const request = (params: Record<string, string | undefined> = {}) => {
    const all = {
      response_type: 'code',
      client_id: org.emulator.clientId,
      redirect_uri: redirectUri,
      state: 'xyz',
      ...params,
    };
    const given = Object.entries(all).filter((pair): pair is [string, string] => pair[1] !== undefined);
    return new URLSearchParams(given);
  };
  const get = (query: URLSearchParams, headers: Record<string, string> = {}) =>
    fetch(`${org.emulator.url}/services/oauth2/authorize?${query}`, { redirect: 'manual', headers });
  const post = (query: URLSearchParams, extra: Record<string, string>, cookie = '') =>
    fetch(`${org.emulator.url}/services/oauth2/authorize`, {
      method: 'POST',
      body: new URLSearchParams([...query, ...Object.entries(extra)]),
      redirect: 'manual',
      headers: { cookie },
    });
  const target = (response: Response) =>
    new URL(response.headers.get('location') ?? 'about:blank').searchParams;

  async function logInByForms(query: URLSearchParams, decision: string): Promise<Response> {
    const { username, password } = org.emulator;
    const consent = await post(query, { username, password });
    const cookie = consent.headers.get('set-cookie')?.split(';')[0] ?? '';
    expect(await consent.text()).toContain('id="oaapprove"');
    return post(query, { decision }, cookie);
  }

  it('shows a login page with username and password fields and the users of the org', async () => {
    const response = await get(request());
    const page = await response.text();
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toContain('text/html');
    for (const id of ['username', 'password', 'Login']) expect(page).toContain(`id="${id}"`);
    expect(page).toContain(org.emulator.username);
    expect(page).not.toMatch(/(src|href)="https?:/);
  });

  it('redirects with a code and the state after login and consent (RFC 6749 section 4.1.2)', async () => {
    const response = await logInByForms(request({ state: 'a b&c' }), 'allow');
    expect(response.status).toBe(302);
    expect(response.headers.get('location')).toMatch(/^http:\/\/localhost:9717\/callback\?/);
    expect(target(response).get('state')).toBe('a b&c');
    expect(target(response).get('code')).toBeTruthy();
  });

  it('redirects with access_denied when the user denies (RFC 6749 section 4.1.2.1)', async () => {
    const response = await logInByForms(request(), 'deny');
    expect(target(response).get('error')).toBe('access_denied');
    expect(target(response).get('error_description')).toBe('end-user denied authorization');
    expect(target(response).get('state')).toBe('xyz');
  });

  it('shows the form again after a wrong password, without a redirect', async () => {
    const response = await post(request(), { username: org.emulator.username, password: 'wrong' });
    expect(response.status).toBe(200);
    expect(await response.text()).toContain('Please check your username and password');
    expect(response.headers.get('set-cookie')).toBeNull();
  });

  it('refuses a redirect URI that is not registered, on the page and not by redirect', async () => {
    for (const uri of [
      'http://localhost:9717/other',
      'http://localhost:1/callback',
      'http://127.0.0.1:9717/callback',
    ]) {
      const response = await get(request({ redirect_uri: uri }));
      expect(response.status).toBe(400);
      expect(new URLSearchParams(await response.text()).get('error')).toBe('redirect_uri_mismatch');
    }
  });

  it('refuses an unknown client on the page: invalid_client_id', async () => {
    const response = await get(request({ client_id: 'nobody' }));
    expect(response.status).toBe(400);
    const body = new URLSearchParams(await response.text());
    expect(body.get('error')).toBe('invalid_client_id');
    expect(body.get('error_description')).toBe('client identifier invalid');
  });

  it('answers another response_type by redirect: unsupported_response_type', async () => {
    const response = await get(request({ response_type: 'id_token' }));
    expect(target(response).get('error')).toBe('unsupported_response_type');
  });

  it('refuses the method plain and takes an absent method as S256 (Salesforce supports S256 only)', async () => {
    await org.control('settings', { autoApprove: true });
    const challenge = createHash('sha256').update('v'.repeat(43)).digest('base64url');
    const plain = await get(request({ code_challenge: challenge, code_challenge_method: 'plain' }));
    expect(target(plain).get('error')).toBe('invalid_request');
    const absent = await get(request({ code_challenge: challenge }));
    expect(target(absent).get('code')).toBeTruthy();
    const malformed = await get(request({ code_challenge: 'short' }));
    expect(target(malformed).get('error')).toBe('invalid_request');
  });

  it('demands PKCE where the app requires it: missing required code challenge', async () => {
    await org.control('settings', { autoApprove: true, requirePkce: true });
    const response = await get(request());
    expect(target(response).get('error')).toBe('invalid_request');
    expect(target(response).get('error_description')).toBe('missing required code challenge');
  });

  it('skips the login of a browser that is logged in, and consent once it was given', async () => {
    const query = request();
    const { username, password } = org.emulator;
    const consent = await post(query, { username, password });
    const cookie = consent.headers.get('set-cookie')?.split(';')[0] ?? '';
    const first = await post(query, { decision: 'allow' }, cookie);
    const code = target(first).get('code') ?? '';
    await org.token({
      grant_type: 'authorization_code',
      code,
      redirect_uri: redirectUri,
      client_id: org.emulator.clientId,
    });
    const again = await get(query, { cookie });
    expect(target(again).get('code')).toBeTruthy();
    const asked = await get(request({ prompt: 'consent' }), { cookie });
    expect(await asked.text()).toContain('id="oaapprove"');
    const login = await get(request({ prompt: 'login' }), { cookie });
    expect(await login.text()).toContain('id="password"');
  });

  it('refuses prompt=none without a login (OpenID Connect Core section 3.1.2.6)', async () => {
    const response = await get(request({ prompt: 'none' }));
    expect(target(response).get('error')).toBe('login_required');
  });

  it('redirects with OAUTH_APP_BLOCKED where an administrator blocked the app', async () => {
    await org.control('settings', { appBlocked: true });
    const response = await get(request());
    expect(target(response).get('error')).toBe('OAUTH_APP_BLOCKED');
  });

  it('refuses the device flow (help 005132365)', async () => {
    const response = await fetch(`${org.emulator.url}/services/oauth2/token`, {
      method: 'POST',
      body: new URLSearchParams({ response_type: 'device_code', client_id: org.emulator.clientId }),
    });
    expect(response.status).toBe(400);
  });
});

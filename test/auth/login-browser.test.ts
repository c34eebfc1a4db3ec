import { createHash } from 'node:crypto';
import { createServer, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type BrowserLoginOptions, loginWithBrowser } from '../../src/auth/login-browser.ts';
import { systemClock } from '../../src/base/clock.ts';
import { createLogger } from '../../src/base/logger.ts';
import { manualClock } from '../support/manual-clock.ts';
import { type FakeSalesforce, orgId, startFakeSalesforce, userId, username } from './salesforce-script.ts';
import { wire } from './wire.ts';

let salesforce: FakeSalesforce;
let said: string[];
beforeEach(async () => {
  salesforce = await startFakeSalesforce();
  said = [];
});
afterEach(() => salesforce[Symbol.asyncDispose]());

interface Login {
  url: URL;
  redirectUri: string;
  state: string;
  done: Promise<Awaited<ReturnType<typeof loginWithBrowser>>>;
}

/** Starts a login on a free port and resolves when it waits for the browser. */
function begin(change: Partial<BrowserLoginOptions> = {}): Promise<Login> {
  return new Promise((resolve, reject) => {
    const done = loginWithBrowser({
      loginUrl: salesforce.url,
      clientId: 'client',
      ports: [0, 0, 0],
      openBrowser: null,
      wire,
      clock: systemClock,
      log: createLogger('debug', (level, message) => said.push(`${level} ${message}`)),
      onUrl: ({ url, redirectUri }) => {
        const parsed = new URL(url);
        resolve({ url: parsed, redirectUri, state: parsed.searchParams.get('state') ?? '', done });
      },
      ...change,
    });
    done.catch(reject);
  });
}

const callback = ({ redirectUri, state }: Login, params: Record<string, string> = {}) =>
  `${redirectUri}?${new URLSearchParams({ code: 'the-code', state, ...params })}`;

/** A request to one loopback address with the headers of the test's choice; fetch would set its own Host. */
function get(
  url: string,
  { address = '127.0.0.1', method = 'GET', host }: { address?: string; method?: string; host?: string } = {},
) {
  const { port, pathname, search } = new URL(url);
  return new Promise<{ status: number; headers: Record<string, unknown>; body: string }>(
    (resolve, reject) => {
      const request = httpRequest(
        {
          host: address,
          port,
          path: pathname + search,
          method,
          headers: { host: host ?? `localhost:${port}` },
        },
        (response) => {
          let body = '';
          response.on('data', (chunk) => {
            body += chunk;
          });
          response.on('end', () =>
            resolve({ status: response.statusCode ?? 0, headers: response.headers, body }),
          );
        },
      );
      request.on('error', reject);
      request.end();
    },
  );
}

describe('login in the browser', () => {
  it('takes the address as people write it', async () => {
    const bare = await begin({ loginUrl: salesforce.url.replace('http://', '') });
    expect(bare.url.href).toContain(`${salesforce.url}/services/oauth2/authorize?`);
    await get(callback(bare));
    expect((await bare.done).loginUrl).toBe(salesforce.url);
    const page = new AbortController();
    const lightning = await begin({
      loginUrl: 'https://acme.lightning.force.com/lightning/page/home',
      signal: page.signal,
    });
    expect(lightning.url.href).toContain('https://acme.my.salesforce.com/services/oauth2/authorize?');
    page.abort();
    await expect(lightning.done).rejects.toThrow();
  });

  it.each(['http://acme.my.salesforce.com', 'ftp://acme.my.salesforce.com', 'acme'])(
    'sends no browser to %s',
    async (loginUrl) => {
      await expect(begin({ loginUrl })).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    },
  );

  it('asks with PKCE S256 and state, and proves both at the token endpoint', async () => {
    const login = await begin();
    const { searchParams, pathname } = login.url;
    expect(pathname).toBe('/services/oauth2/authorize');
    expect(Object.fromEntries(searchParams)).toMatchObject({
      response_type: 'code',
      client_id: 'client',
      redirect_uri: login.redirectUri,
      code_challenge_method: 'S256',
      scope: 'api refresh_token',
    });
    expect(login.redirectUri).toMatch(/^http:\/\/localhost:\d+\/callback$/);
    expect(login.state).toMatch(/^[\w-]{43}$/);
    await get(callback(login));
    const credential = await login.done;
    const form = salesforce.server.requests[0]?.form ?? {};
    expect(form).toMatchObject({
      grant_type: 'authorization_code',
      code: 'the-code',
      redirect_uri: login.redirectUri,
    });
    expect(form).not.toHaveProperty('client_secret');
    expect(form.code_verifier).toMatch(/^[A-Za-z0-9._~-]{43,128}$/);
    expect(
      createHash('sha256')
        .update(form.code_verifier ?? '')
        .digest('base64url'),
    ).toBe(searchParams.get('code_challenge'));
    expect(credential).toEqual({
      instanceUrl: salesforce.url,
      apiUrl: salesforce.url,
      loginUrl: salesforce.url,
      grant: 'refresh-token',
      clientId: 'client',
      clientSecret: null,
      privateKey: null,
      orgId,
      userId,
      username,
      accessToken: '00D!access-1',
      refreshToken: 'refresh-1',
      issuedAt: 1_700_000_000_001,
      refused: null,
    });
  });

  it.each(['127.0.0.1', '::1'])('answers on %s', async (address) => {
    const login = await begin();
    expect((await get(callback(login), { address })).status).toBe(200);
    await login.done;
  });

  it('says at the end what to do next, on a page that loads nothing and runs only its own line', async () => {
    const login = await begin();
    const { body, headers } = await get(callback(login));
    await login.done;
    expect(body).toContain('You are logged in');
    expect(body).toContain('go back to your terminal');
    expect(body).toContain(username);
    expect(body).not.toMatch(/(src|href)="(?!data:)|https?:\/\/(?!localhost)/);
    const script = /<script>(.*?)<\/script>/.exec(body)?.[1] ?? '';
    const hash = createHash('sha256').update(script).digest('base64');
    expect(headers['content-security-policy']).toContain(`script-src 'sha256-${hash}'`);
    expect(headers['content-security-policy']).toContain("default-src 'none'");
    expect(headers).toMatchObject({ 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' });
  });

  it('is neither ended nor disturbed by a favicon, another path, another method, a missing code or a wrong state', async () => {
    const login = await begin();
    const base = login.redirectUri.replace('/callback', '');
    expect((await get(`${base}/favicon.ico`)).status).toBe(404);
    expect((await get(`${base}/`)).status).toBe(404);
    expect((await get(`${base}//callback`)).status).toBe(404);
    expect((await get(callback(login), { method: 'HEAD' })).status).toBe(405);
    expect((await get(callback(login), { method: 'POST' })).status).toBe(405);
    expect((await get(callback(login, { code: '' }))).status).toBe(400);
    const wrong = await get(callback(login, { state: 'wrong' }));
    expect(wrong.status).toBe(400);
    expect(wrong.body).toContain('still waiting');
    expect((await get(`${login.redirectUri}?error=access_denied`)).status).toBe(400);
    expect((await get(callback(login, { state: `${login.state}x` }))).status).toBe(400);
    expect(salesforce.server.requests).toEqual([]);
    expect(said.some((line) => line.startsWith('warn') && line.includes('state'))).toBe(true);
    expect((await get(callback(login))).status).toBe(200);
    await login.done;
  });

  it('refuses names that only pretend to be this machine', async () => {
    const login = await begin();
    expect((await get(callback(login), { host: 'evil.example' })).status).toBe(421);
    await get(callback(login));
    await login.done;
  });

  it('spends one code, and shows a reload and a second tab how it ended', async () => {
    const login = await begin();
    const pages = await Promise.all([
      get(callback(login)),
      get(callback(login)),
      get(callback(login, { code: 'another-code' })),
    ]);
    expect(pages.map(({ status }) => status)).toEqual([200, 200, 200]);
    await login.done;
    expect(salesforce.tokenCalls()).toBe(1);
  });

  it('does not wait for a tab that was closed, nor for a connection that never asks', async () => {
    const login = await begin();
    const port = Number(new URL(login.redirectUri).port);
    const { connect } = await import('node:net');
    const silent = connect(port, '127.0.0.1');
    silent.on('error', () => {});
    await new Promise((resolve) => silent.once('connect', resolve));
    const tab = httpRequest(callback(login).replace('localhost', '127.0.0.1'), {
      headers: { host: `localhost:${port}` },
    });
    tab.on('error', () => {});
    salesforce.override = () => {
      tab.destroy();
      salesforce.override = null;
      return undefined;
    };
    tab.end();
    expect((await login.done).username).toBe(username);
  });

  it.each([
    ['access_denied', 'end-user denied authorization', 'LOGIN_DENIED'],
    ['OAUTH_APP_BLOCKED', 'this app is blocked by admin', 'LOGIN_FAILED'],
    ['invalid_client', 'app must be installed into org', 'LOGIN_FAILED'],
  ])('ends with a sentence and a hint on %s, in the browser too', async (error, description, code) => {
    const login = await begin();
    const [page] = await Promise.all([
      get(
        `${login.redirectUri}?${new URLSearchParams({ error, error_description: description, state: login.state })}`,
      ),
      expect(login.done).rejects.toMatchObject({
        code,
        hint: expect.stringMatching(/.{10}/),
        details: { error, error_description: description },
      }),
    ]);
    expect(page.status).toBe(400);
    expect(page.body).toContain('did not work');
    expect(salesforce.server.requests).toEqual([]);
  });

  it('shows nothing of an error that could run in the page', async () => {
    const login = await begin();
    const evil = '<img src=x onerror=alert(1)>';
    const [page] = await Promise.all([
      get(
        `${login.redirectUri}?${new URLSearchParams({ error: evil, error_description: evil, state: login.state })}`,
      ),
      login.done.catch(() => {}),
    ]);
    expect(page.body).not.toContain('<img');
    expect(page.body).toContain('&lt;img');
  });

  it.each([
    ['invalid code verifier', 'PKCE'],
    ['expired authorization code', 'few minutes'],
  ])('explains a token endpoint that says %s', async (description, words) => {
    salesforce.override = () => ({
      status: 400,
      json: { error: 'invalid_grant', error_description: description },
    });
    const login = await begin();
    const failed = login.done.catch((error: unknown) => error);
    expect((await get(callback(login))).status).toBe(400);
    const error = (await failed) as { message: string; hint: string; code: string };
    expect(error.code).toBe('LOGIN_FAILED');
    expect(`${error.message} ${error.hint}`).toContain(words);
  });

  it('gives up after its time, and at once on abort, and leaves the port free', async () => {
    const clock = manualClock();
    const login = await begin({ clock, timeoutMs: 60_000 });
    await clock.untilSleeping();
    clock.advance(60_000);
    await expect(login.done).rejects.toMatchObject({
      code: 'LOGIN_TIMEOUT',
      message: expect.stringContaining('1m'),
    });

    const port = Number(new URL(login.redirectUri).port);
    const controller = new AbortController();
    const second = await begin({ signal: controller.signal, ports: [port] });
    controller.abort();
    await expect(second.done).rejects.toMatchObject({ name: 'AbortError' });
    await expect(get(second.redirectUri)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    expect(clock.sleeping()).toEqual([]);
  });

  it('takes the next port where one is taken, on either address, and says so when all are', async () => {
    const occupy = (host: string) =>
      new Promise<AddressInfo & { close: () => void }>((resolve) => {
        const server = createServer().listen(0, host, () =>
          resolve({ ...(server.address() as AddressInfo), close: () => server.close() }),
        );
      });
    const onFour = await occupy('127.0.0.1');
    const onSix = await occupy('::1');
    try {
      const login = await begin({ ports: [onFour.port, onSix.port, 0] });
      expect([onFour.port, onSix.port]).not.toContain(Number(new URL(login.redirectUri).port));
      await get(callback(login));
      await login.done;
      await expect(begin({ ports: [onFour.port, onSix.port] })).rejects.toMatchObject({
        code: 'LOGIN_PORT_TAKEN',
        hint: expect.stringContaining('--port'),
      });
    } finally {
      onFour.close();
      onSix.close();
    }
  });

  it('goes on when the browser cannot be opened', async () => {
    const login = await begin({ openBrowser: () => Promise.reject(new Error('no display')) });
    await get(callback(login));
    await login.done;
    expect(said.some((line) => line.includes('by hand'))).toBe(true);
  });

  it('opens the browser at the very address that it tells', async () => {
    const opened: string[] = [];
    const login = await begin({
      openBrowser: async (url) => {
        opened.push(url);
      },
    });
    expect(opened).toEqual([login.url.href]);
    await get(callback(login));
    await login.done;
  });

  it('warns where the app may not refresh, and then knows that it cannot renew', async () => {
    salesforce.override = (path) =>
      path === '/services/oauth2/token'
        ? { json: { access_token: 'x', instance_url: salesforce.url, id: `https://x/id/${orgId}/${userId}` } }
        : undefined;
    const login = await begin();
    await get(callback(login));
    expect(await login.done).toMatchObject({ grant: 'access-token', refreshToken: null });
    expect(said.some((line) => line.startsWith('warn') && line.includes('no refresh token'))).toBe(true);
  });

  it.each([
    ['no instance_url', { access_token: 'x' }],
    ['an instance_url that is not secure', { access_token: 'x', instance_url: 'http://evil.example' }],
    ['no access_token', { instance_url: 'https://acme.my.salesforce.com' }],
  ])('takes no token answer with %s', async (_, json) => {
    salesforce.override = (path) => (path === '/services/oauth2/token' ? { json } : undefined);
    const login = await begin();
    const failed = login.done.catch((error: unknown) => error);
    await get(callback(login));
    expect(await failed).toMatchObject({ code: 'LOGIN_FAILED' });
  });

  it('takes no login whose token and org contradict each other', async () => {
    salesforce.override = (path) =>
      path === '/services/oauth2/userinfo'
        ? { json: { organization_id: '00D000000000009AAA', user_id: userId, preferred_username: username } }
        : undefined;
    const login = await begin();
    const failed = login.done.catch((error: unknown) => error);
    await get(callback(login));
    expect(await failed).toMatchObject({
      code: 'LOGIN_FAILED',
      message: expect.stringContaining('different orgs'),
    });
  });
});

describe('an address that is pasted because the browser cannot reach this machine', () => {
  const pasting = async (lines: (login: Login) => string[]) => {
    const said: (string | null)[] = [];
    let paste: () => void = () => {};
    const asked = new Promise<void>((resolve) => {
      paste = resolve;
    });
    let login: Login | null = null;
    login = await begin({
      readRedirect: async ({ take }) => {
        await asked;
        for (const line of lines(login!)) said.push(take(line));
      },
    });
    paste();
    return { login, said };
  };

  it('counts like a request to the listener, with and without its scheme', async () => {
    for (const shape of [(url: string) => url, (url: string) => ` ${url.replace('http://', '')}\r`]) {
      const { login, said } = await pasting((login) => [shape(callback(login))]);
      expect((await login.done).username).toBe(username);
      expect(said).toEqual([null]);
    }
  });

  it('counts only with the state and the redirect URI of this login, and the listener still waits', async () => {
    const { login, said } = await pasting((login) => [
      'hello',
      callback(login, { state: 'another' }),
      callback(login).replace(/localhost:\d+/, 'localhost:1'),
      callback(login).replace('localhost', 'evil.example'),
      callback(login).replace('/callback', '/other'),
      callback(login).replace('http:', 'https:'),
      callback(login, { code: '' }),
    ]);
    await expect.poll(() => said.length).toBe(7);
    expect(said.filter((why) => why === null)).toEqual([]);
    expect(salesforce.tokenCalls()).toBe(0);
    await get(callback(login));
    expect((await login.done).username).toBe(username);
  });

  it('ends the login with what Salesforce says in it', async () => {
    const { login } = await pasting((login) => [callback(login, { error: 'access_denied' })]);
    await expect(login.done).rejects.toMatchObject({ code: 'LOGIN_DENIED' });
  });
});

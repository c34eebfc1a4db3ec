import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Emulator, startEmulator } from '../../src/emulator/index.ts';
import { haveRealPart } from '../support/real-part.ts';
import { Cli } from './cli.ts';
import { calls, control } from './org.ts';

const browser = '/usr/bin/chromium';
const withoutBrowser = !haveRealPart('A browser', [browser]);

let emulator: Emulator;
let cli: Cli;

beforeAll(async () => {
  emulator = await startEmulator({ contacts: 10, rotateRefreshTokens: true });
});
afterAll(() => emulator.close());
beforeEach(() => {
  cli = new Cli();
  cli.sealCheaply();
});
afterEach(() => cli[Symbol.dispose]());

/** Starts `login --no-browser --json` and answers what its first line says, and its end. */
async function startLogin(...more: string[]) {
  return startLoginTo(emulator, ...more);
}

async function startLoginTo(org: Emulator, ...more: string[]) {
  const args = ['login', '--no-browser', '--json', '--instance-url', org.url, '--client-id', org.clientId];
  const child = cli.start([...args, ...more]);
  const lines: Record<string, unknown>[] = [];
  let tell: (line: Record<string, string>) => void;
  const first = new Promise<Record<string, string>>((resolve) => {
    tell = resolve;
  });
  createInterface({ input: child.stdout! }).on('line', (line) => {
    lines.push(JSON.parse(line));
    if (lines.length === 1) tell(JSON.parse(line));
  });
  const code = new Promise<number | null>((resolve) => child.once('close', resolve));
  return { child, first: await first, code, lines };
}

/** Logs in and consents on the emulator's pages by plain HTTP; answers the redirect to the callback. */
async function authorizeByHttp(url: string): Promise<string> {
  let cookie = '';
  const follow = async (target: string, form?: Record<string, string>): Promise<Response> => {
    const response = await fetch(target, {
      method: form ? 'POST' : 'GET',
      body: form && new URLSearchParams(form),
      headers: { cookie },
      redirect: 'manual',
    });
    const set = response.headers.getSetCookie().map((text) => text.split(';')[0]);
    if (set.length > 0) cookie = set.join('; ');
    return response;
  };
  let response = await follow(url);
  for (let step = 0; step < 6; step++) {
    const location = response.headers.get('location');
    if (location !== null) {
      const next = new URL(location, url);
      if (next.pathname === '/callback') return next.href;
      response = await follow(next.href);
      continue;
    }
    const page = await response.text();
    const action = new URL(/<form[^>]*action="([^"]*)"/.exec(page)?.[1]?.replaceAll('&amp;', '&') ?? '', url);
    const hidden = Object.fromEntries(
      [...page.matchAll(/<input[^>]*type="hidden"[^>]*name="([^"]*)"[^>]*value="([^"]*)"/g)].map((m) => [
        m[1]!,
        m[2]!.replaceAll('&amp;', '&'),
      ]),
    );
    const form: Record<string, string> = page.includes('id="password"')
      ? { ...hidden, username: emulator.username, password: emulator.password }
      : { ...hidden, decision: 'allow' };
    response = await follow(action.href, form);
  }
  throw new Error('the login pages lead nowhere');
}

describe('login --no-browser', () => {
  it('is completed by plain HTTP; wrong paths, a wrong state and a second request neither end nor hang it', async () => {
    const login = await startLogin('--alias', 'acme');
    expect(login.first).toMatchObject({
      event: 'login:url',
      redirectUri: expect.stringMatching(/^http:\/\/localhost:971[789]\/callback$/),
    });
    const { url, redirectUri } = login.first as { url: string; redirectUri: string };
    const asked = new URL(url).searchParams;
    expect(asked.get('code_challenge_method')).toBe('S256');
    expect(asked.get('code_challenge')).toMatch(/^[\w-]{43}$/);

    expect((await fetch(new URL('/favicon.ico', redirectUri))).status).toBe(404);
    expect((await fetch(`${redirectUri}?code=stolen&state=guessed`)).status).toBe(400);
    expect(login.child.exitCode).toBeNull();

    const callback = await authorizeByHttp(url);
    const [one, two] = await Promise.all([fetch(callback), fetch(callback).catch(() => null)]);
    expect(await one.text()).toContain(emulator.username);
    await two?.text();
    expect(await login.code).toBe(0);
    expect(login.lines.at(-1)).toMatchObject({
      org: {
        instanceUrl: emulator.url,
        alias: 'acme',
        username: emulator.username,
        sync: true,
        grant: 'refresh-token',
      },
    });
    const tokens = (await calls(emulator.url)).filter(({ path }) => path.endsWith('/oauth2/token'));
    expect(tokens).toHaveLength(1);
  });

  it.skipIf(withoutBrowser)('is completed by a real browser on the login page', async () => {
    // An org of its own: consent is asked for once per user and app.
    await using fresh = await startEmulator({ contacts: 1 });
    const login = await startLoginTo(fresh);
    const profile = mkdtempSync(join(tmpdir(), 'chromium-'));
    const args = [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ];
    const context = await chromium.launchPersistentContext(profile, {
      executablePath: browser,
      headless: true,
      args,
    });
    try {
      const page = await context.newPage();
      await page.goto(login.first.url!);
      await page.fill('#username', fresh.username);
      await page.fill('#password', fresh.password);
      await page.click('#Login');
      await page.click('#oaapprove');
      await page.getByText('You are logged in').waitFor();
      // The page takes the code out of the address bar and the history.
      expect(page.url()).not.toContain('code=');
    } finally {
      await context.close();
      rmSync(profile, { recursive: true, force: true });
    }
    expect(await login.code).toBe(0);
    const { orgs } = await cli.json<{ orgs: unknown[] }>(['orgs']);
    expect(orgs).toMatchObject([{ instanceUrl: fresh.url, auth: 'ok', sync: true }]);
  });

  it('goes on when an org answers that access is denied: exit 3, a sentence, a hint', async () => {
    const login = await startLogin();
    const url = new URL(login.first.url!);
    const callback = `${login.first.redirectUri}?error=access_denied&error_description=end-user+denied+authorization&state=${url.searchParams.get('state')}`;
    await fetch(callback);
    expect(await login.code).toBe(3);
    expect(login.lines.at(-1)).toMatchObject({ error: { code: 'LOGIN_DENIED', hint: expect.any(String) } });
  });

  it('an alias that cannot be kept is refused, and the former login goes on working', async () => {
    await using other = await startEmulator({ contacts: 1, seed: 2, autoApprove: true });
    await cli.loginByToken(emulator, '--alias', 'mine');
    const first = await startLoginTo(other, '--alias', 'theirs');
    await fetch(first.first.url!);
    expect(await first.code).toBe(0);

    const misspelt = await cli.run([
      'login',
      '--client-id',
      'c',
      '--instance-url',
      other.url,
      '--alias',
      'a/b',
    ]);
    expect([misspelt.code, misspelt.stdout]).toEqual([2, '']);
    const taken = await startLoginTo(other, '--alias', 'Mine');
    await fetch(taken.first.url!);
    expect(await taken.code).toBe(2);
    expect(taken.lines.at(-1)).toMatchObject({ error: { code: 'INVALID_INPUT' } });

    await control(other.url, 'sessions', { expire: true });
    expect((await cli.run(['limits', 'theirs'])).code).toBe(0);
  });

  it('Ctrl-C ends it with 130 and frees the port', async () => {
    const login = await startLogin();
    login.child.kill('SIGINT');
    expect(await login.code).toBe(130);
    await expect(fetch(login.first.redirectUri!)).rejects.toThrow();
  });
});

describe('logout', () => {
  it('revokes at Salesforce and forgets here', async () => {
    const login = await startLogin();
    await fetch(await authorizeByHttp(login.first.url!));
    expect(await login.code).toBe(0);
    const { orgs } = await cli.json<{ orgs: unknown[] }>(['logout']);
    expect(orgs).toMatchObject([{ instanceUrl: emulator.url, revoked: true, credentialRemoved: true }]);
    expect((await calls(emulator.url)).some(({ path }) => path.endsWith('/oauth2/revoke'))).toBe(true);
    expect(await cli.run(['backfill', '--json'])).toMatchObject({ code: 3 });
  });
});

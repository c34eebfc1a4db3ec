import { createServer, type Server } from 'node:http';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { loginWithBrowser } from '../../src/auth/login-browser.ts';
import { systemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { type Emulator, startEmulator } from '../../src/emulator/index.ts';
import { haveRealPart } from '../support/real-part.ts';
import { wire } from './wire.ts';

const executablePath = '/usr/bin/chromium';
const present = haveRealPart('a browser', [executablePath]);

describe.skipIf(!present)('login in a real browser', () => {
  let chromiumProcess: Browser;
  /** A profile of its own for each test. */
  let browser: BrowserContext;
  let emulator: Emulator;
  /** The callback ports of these tests; the first is the one that is registered first. */
  let ports: number[];

  beforeAll(async () => {
    chromiumProcess = await chromium.launch({
      executablePath,
      headless: true,
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    });
  });
  afterAll(async () => {
    await chromiumProcess?.close();
  });
  beforeEach(async () => {
    browser = await chromiumProcess.newContext();
    const free = await Promise.all([listen(), listen()]);
    ports = free.map(portOf);
    await Promise.all(free.map(close));
    emulator = await startEmulator({
      contacts: 3,
      callbackUrls: ports.map((port) => `http://localhost:${port}/callback`),
    });
  });
  afterEach(async () => {
    await browser.close();
    await emulator.close();
  });

  interface Begun {
    url: string;
    redirectUri: string;
    done: ReturnType<typeof loginWithBrowser>;
  }

  function begin(): Promise<Begun> {
    return new Promise((resolve, reject) => {
      const done = loginWithBrowser({
        loginUrl: emulator.url,
        clientId: emulator.clientId,
        ports,
        openBrowser: null,
        onUrl: (login) => resolve({ ...login, done }),
        wire,
        clock: systemClock,
        log: silentLogger,
      });
      done.catch(reject);
    });
  }

  async function logIn(page: Page, url: string): Promise<void> {
    await page.goto(url);
    await page.fill('#username', emulator.username);
    await page.fill('#password', emulator.password);
    await page.click('#Login');
  }

  it('ends with a page that says what to do next and holds no code, and loads nothing from elsewhere', async () => {
    const { url, done } = await begin();
    const page = await browser.newPage();
    const asked: string[] = [];
    const complaints: string[] = [];
    await logIn(page, url);
    page.on('request', (request) => asked.push(request.url()));
    page.on('console', (message) => complaints.push(message.text()));
    await page.click('#oaapprove');
    const credential = await done;
    expect(credential).toMatchObject({
      username: emulator.username,
      orgId: emulator.orgId,
      grant: 'refresh-token',
    });
    await page.waitForSelector('h1');
    expect(await page.textContent('h1')).toBe('You are logged in');
    expect(await page.textContent('main')).toContain('go back to your terminal');
    expect(new URL(page.url()).search).toBe('');
    expect(asked.filter((address) => !/authorize|\/callback\?|^data:/.test(address))).toEqual([]);
    expect(complaints).toEqual([]);
  });

  it('is not ended by a favicon request, a foreign page, or a second tab on the same address', async () => {
    const { url, redirectUri, done } = await begin();
    const stray = await browser.newPage();
    for (const path of ['/favicon.ico', '/', '/callback', '/callback?code=x&state=y']) {
      const answer = await stray.goto(new URL(path, redirectUri).href);
      expect(answer?.status()).toBe(path.startsWith('/callback') ? 400 : 404);
    }
    const second = await browser.newPage();
    await second.goto(url);
    const page = await browser.newPage();
    await logIn(page, url);
    await page.click('#oaapprove');
    expect((await done).username).toBe(emulator.username);
    await page.getByText('You are logged in').waitFor();
  });

  it('spends the code once when the callback is opened in two tabs and reloaded while it waits', async () => {
    // The token endpoint takes its time, so that tabs and a reload meet a login that is not over yet.
    await fetch(`${emulator.url}/__emulator/faults`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify([{ match: 'POST /services/oauth2/token', times: 1, delayMs: 1_500 }]),
    });
    const { url, redirectUri, done } = await begin();
    const page = await browser.newPage();
    let callback = '';
    const seen = new Promise<void>((resolve) => {
      page.on('request', (request) => {
        if (!request.url().startsWith(redirectUri)) return;
        callback = request.url();
        resolve();
      });
    });
    await logIn(page, url);
    await page.click('#oaapprove', { noWaitAfter: true });
    await seen;
    const second = await browser.newPage();
    // Chromium lets one request for an address wait for another, so the second tab's differs by a blank parameter.
    const [answer] = await Promise.all([second.goto(`${callback}&tab=2`), page.goto(callback), done]);
    expect(answer?.status()).toBe(200);
    expect(await page.textContent('h1')).toBe('You are logged in');
    expect(await second.textContent('h1')).toBe('You are logged in');
    const calls = (await (await fetch(`${emulator.url}/__emulator/calls`)).json()) as { path: string }[];
    expect(calls.filter(({ path }) => path.startsWith('/services/oauth2/token'))).toHaveLength(1);
  });

  it('says on the page and in the error that the user has refused', async () => {
    const { url, done } = await begin();
    const failed = done.catch((error: unknown) => error);
    const page = await browser.newPage();
    await logIn(page, url);
    await page.click('#oadeny');
    expect(await failed).toMatchObject({
      code: 'LOGIN_DENIED',
      details: { error: 'access_denied', error_description: 'end-user denied authorization' },
    });
    await page.waitForSelector('h1');
    expect(await page.textContent('h1')).toBe('The login did not work');
    expect(await page.textContent('main')).toContain('press Allow');
  });

  it('uses the next registered port where one is taken', async () => {
    const taken = await listen(ports[0]);
    try {
      const { url, redirectUri, done } = await begin();
      expect(redirectUri).toBe(`http://localhost:${ports[1]}/callback`);
      const page = await browser.newPage();
      await logIn(page, url);
      await page.click('#oaapprove');
      expect((await done).username).toBe(emulator.username);
      await page.getByText('You are logged in').waitFor();
    } finally {
      await close(taken);
    }
  });
});

function listen(port = 0): Promise<Server> {
  return new Promise((resolve) => {
    const server = createServer().listen(port, '127.0.0.1', () => resolve(server));
  });
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}

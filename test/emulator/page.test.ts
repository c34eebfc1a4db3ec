import type { Browser } from 'playwright-core';
import { chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { haveRealPart } from '../support/real-part.ts';
import type { RunningEmulator } from './running-emulator.ts';
import { runEmulator } from './running-emulator.ts';

const executablePath = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium';
const present = haveRealPart('A browser', [executablePath]);
const args = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

describe.skipIf(!present)('pages in a real browser', () => {
  let org: RunningEmulator;
  let browser: Browser;

  beforeAll(async () => {
    org = await runEmulator({ contacts: 123 });
    browser = await chromium.launch({ executablePath, args });
  });
  afterAll(async () => {
    await browser?.close();
    await org[Symbol.asyncDispose]();
  });

  it('show the org at / without fetching from elsewhere, and refresh by themselves', async () => {
    const page = await browser.newPage();
    const foreign: string[] = [];
    const errors: string[] = [];
    page.on('request', (request) => {
      if (!request.url().startsWith(org.emulator.url)) foreign.push(request.url());
    });
    page.on('pageerror', (error) => errors.push(String(error)));
    await page.goto(org.emulator.url);
    await page.getByText('123', { exact: true }).first().waitFor();
    await page.getByText('No request yet.').waitFor();
    await org.api('/sobjects/Contact', { json: { LastName: '<b>Seen</b>' } });
    await page.getByText('/services/data/v62.0/sobjects/Contact').waitFor();
    await page.getByText('124', { exact: true }).first().waitFor();
    await page.getByText('maxPageRows').waitFor();
    expect([foreign, errors]).toEqual([[], []]);
    expect(await org.control<unknown[]>('calls')).toHaveLength(1);
    await page.close();
  });

  it('log in: a user chosen from the list, consent, and the redirect', async () => {
    const page = await browser.newPage();
    const query = new URLSearchParams({
      response_type: 'code',
      client_id: org.emulator.clientId,
      redirect_uri: 'http://localhost:9717/callback',
      state: 'from a browser',
    });
    const redirected = page.waitForRequest((request) =>
      request.url().startsWith('http://localhost:9717/callback'),
    );
    await page.goto(`${org.emulator.url}/services/oauth2/authorize?${query}`);
    await page.getByText(org.emulator.username, { exact: true }).click();
    await page.locator('#Login').click();
    await page.locator('#oaapprove').click();
    const target = new URL((await redirected).url());
    expect(target.searchParams.get('state')).toBe('from a browser');
    expect(target.searchParams.get('code')).toMatch(/^aPrx/);
    await page.close();
  });
});

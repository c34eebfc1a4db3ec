import { describe, expect, it } from 'vitest';
import { nextTurn } from '../../src/daemon/next-turn.ts';
import { contact } from '../../src/org/synced-object.ts';
import { isCrowded } from '../../src/salesforce/repeat-policy.ts';
import type { ReportedUsage } from '../../src/sync/ports/call-ledger.ts';
import { apiFault, connected, failure } from './connected.ts';
import type { ScriptedAnswer } from './scripted-org.ts';

const minute = 60_000;
const hour = 60 * minute;
const info = (value: string) => ({ 'sforce-limit-info': value });
const limit = (message: string) => apiFault('REQUEST_LIMIT_EXCEEDED', message);
const page = { 'content-type': 'text/html' };
const html = '<html><body>We are down for maintenance.</body></html>';

interface Met {
  /** What the caller is told. */
  code: string;
  limit?: string;
  /** Requests in all, until it is told. */
  requests: number;
  /** The first wait within the call, milliseconds; with random at a half. */
  waitsMs?: number;
  /** Whether a first copy asks for less at once. */
  crowded: boolean;
  /** After how long a watch comes back, minutes: its interval is five. */
  nextTurnMinutes: number;
}

const told = (seconds: string) => ({ 'retry-after': seconds });
const kinds: [string, ScriptedAnswer, Met][] = [
  [
    'the daily limit',
    { status: 403, ...limit('TotalRequests Limit exceeded.') },
    { code: 'REQUEST_LIMIT_EXCEEDED', limit: 'daily', requests: 1, crowded: false, nextTurnMinutes: 5 },
  ],
  [
    'the daily limit with Retry-After',
    { status: 403, headers: told('1800'), ...limit('TotalRequests Limit exceeded.') },
    { code: 'REQUEST_LIMIT_EXCEEDED', limit: 'daily', requests: 1, crowded: false, nextTurnMinutes: 30 },
  ],
  [
    'ConcurrentRequests',
    { status: 403, ...limit('ConcurrentRequests (Concurrent API Requests) Limit exceeded.') },
    {
      code: 'REQUEST_LIMIT_EXCEEDED',
      limit: 'concurrent',
      requests: 6,
      waitsMs: 375,
      crowded: true,
      nextTurnMinutes: 5,
    },
  ],
  [
    'ConcurrentPerOrgLongTxn',
    { status: 403, ...limit('ConcurrentPerOrgLongTxn Limit exceeded.') },
    {
      code: 'REQUEST_LIMIT_EXCEEDED',
      limit: 'concurrent',
      requests: 6,
      waitsMs: 375,
      crowded: true,
      nextTurnMinutes: 5,
    },
  ],
  [
    'the quota of the client app',
    {
      status: 403,
      headers: info('api-usage=900/15000; per-app-api-usage=250/250(appName=ours)'),
      ...limit('Limit exceeded.'),
    },
    { code: 'REQUEST_LIMIT_EXCEEDED', limit: 'app', requests: 1, crowded: false, nextTurnMinutes: 5 },
  ],
  [
    'another limit, such as of storage',
    { status: 403, ...apiFault('STORAGE_LIMIT_EXCEEDED', 'x') },
    { code: 'REQUEST_LIMIT_EXCEEDED', limit: 'other', requests: 1, crowded: false, nextTurnMinutes: 5 },
  ],
  [
    '429',
    { status: 429 },
    {
      code: 'REQUEST_LIMIT_EXCEEDED',
      limit: 'concurrent',
      requests: 6,
      waitsMs: 375,
      crowded: true,
      nextTurnMinutes: 5,
    },
  ],
  [
    '429 with a short Retry-After',
    { status: 429, headers: told('20') },
    {
      code: 'REQUEST_LIMIT_EXCEEDED',
      limit: 'concurrent',
      requests: 6,
      waitsMs: 20_075,
      crowded: true,
      nextTurnMinutes: 5,
    },
  ],
  [
    '429 with a long Retry-After',
    { status: 429, headers: told('600') },
    { code: 'REQUEST_LIMIT_EXCEEDED', limit: 'concurrent', requests: 1, crowded: true, nextTurnMinutes: 10 },
  ],
  [
    '503',
    { status: 503 },
    { code: 'ORG_UNAVAILABLE', requests: 6, waitsMs: 375, crowded: true, nextTurnMinutes: 5 },
  ],
  [
    '503 SERVER_UNAVAILABLE',
    { status: 503, ...apiFault('SERVER_UNAVAILABLE', 'busy') },
    { code: 'ORG_UNAVAILABLE', requests: 6, waitsMs: 375, crowded: true, nextTurnMinutes: 5 },
  ],
  [
    '503 with a short Retry-After',
    { status: 503, headers: told('7') },
    { code: 'ORG_UNAVAILABLE', requests: 6, waitsMs: 7_075, crowded: true, nextTurnMinutes: 5 },
  ],
  [
    '503 with a long Retry-After',
    { status: 503, headers: told('3600') },
    { code: 'ORG_UNAVAILABLE', requests: 1, crowded: true, nextTurnMinutes: 60 },
  ],
  [
    '503 with a Retry-After of years, which is taken as a day',
    { status: 503, headers: told('99999999') },
    { code: 'ORG_UNAVAILABLE', requests: 1, crowded: true, nextTurnMinutes: 1_440 },
  ],
  [
    'a maintenance page',
    { status: 503, headers: page, body: html },
    { code: 'ORG_UNAVAILABLE', requests: 6, waitsMs: 375, crowded: true, nextTurnMinutes: 5 },
  ],
  [
    'a maintenance page that says 200',
    { status: 200, headers: page, body: html },
    { code: 'ORG_UNAVAILABLE', requests: 6, waitsMs: 375, crowded: false, nextTurnMinutes: 5 },
  ],
  [
    'a maintenance that says when it is over',
    { status: 503, headers: { ...page, ...told('7200') }, body: html },
    { code: 'ORG_UNAVAILABLE', requests: 1, crowded: true, nextTurnMinutes: 120 },
  ],
  [
    'a scratch org that has expired',
    { status: 420 },
    { code: 'ORG_UNAVAILABLE', requests: 1, crowded: false, nextTurnMinutes: 5 },
  ],
];

describe('each kind of refusal is met by its kind', () => {
  it.each(kinds)('%s', async (_name, answer, met) => {
    await using c = await connected();
    c.org.always(answer);
    const error = await failure(c.remote.of(contact).count(null));
    expect(error).toMatchObject({ code: met.code });
    const { limit } = (error as { details?: { limit?: string } }).details ?? {};
    const turn = nextTurn({ error, tookMs: 0, failures: 0 }, { intervalMs: 5 * minute, random: () => 1 });
    const seen: Met = {
      code: met.code,
      ...(limit === undefined ? {} : { limit }),
      requests: c.org.seen.length,
      ...(c.waits[0] === undefined ? {} : { waitsMs: c.waits[0] }),
      crowded: isCrowded(error),
      nextTurnMinutes: 'inMs' in turn ? Math.round(turn.inMs / minute) : Number.NaN,
    };
    expect(seen).toEqual(met);
  });

  it.each([429, 503])(
    'a long Retry-After with %i is told with the time until which to wait',
    async (status) => {
      await using c = await connected();
      c.org.always({ status, headers: told('7200') });
      const from = Date.now();
      const { hint } = (await failure(c.remote.of(contact).count(null))) as { hint?: string };
      const until = Date.parse(/until (\S+Z): try again then/.exec(hint ?? '')?.[1] ?? '');
      expect(until).toBeGreaterThanOrEqual(from + 7_199_000);
      expect(until).toBeLessThanOrEqual(Date.now() + 7_200_000);
    },
  );

  it('an HTTP date of Retry-After is told against the answer’s own Date, else against this machine’s clock', async () => {
    await using c = await connected();
    const orgNow = Date.UTC(2026, 0, 31, 12);
    c.org.script({
      status: 503,
      headers: { date: new Date(orgNow).toUTCString(), 'retry-after': new Date(orgNow + hour).toUTCString() },
    });
    expect(await failure(c.remote.of(contact).count(null))).toMatchObject({
      details: { retryAfterMs: hour },
    });
    c.org.script((_, response) => {
      response.sendDate = false;
      response.writeHead(503, { 'retry-after': new Date(Date.now() + 2 * hour).toUTCString() }).end();
    });
    const error = await failure(c.remote.of(contact).count(null));
    const { retryAfterMs } = (error as { details?: { retryAfterMs?: number } }).details ?? {};
    expect(Math.abs((retryAfterMs ?? 0) - 2 * hour)).toBeLessThan(minute);
  });
});

describe('a refusal for a limit', () => {
  const told = async (answers: ScriptedAnswer[]) => {
    const heard: (ReportedUsage | null)[] = [];
    await using c = await connected({
      gate: { before: async () => {}, after: (usage) => void heard.push(usage) },
    });
    c.org.script(...answers);
    for (const _ of answers)
      await c.remote
        .of(contact)
        .count(null)
        .catch(() => {});
    return heard.at(-1);
  };
  const counted = { body: { totalSize: 7, done: true, records: [] } };
  const usage = 'api-usage=900/15000; per-app-api-usage=17/250(appName=ours)';

  it('tells the budget that it is used up, where the header lags behind or is missing', async () => {
    const daily = { status: 403, ...limit('TotalRequests Limit exceeded.') };
    const before = { ...counted, headers: info(usage) };
    expect(await told([before, daily])).toMatchObject({
      used: 15_000,
      max: 15_000,
      app: { used: 17, max: 250 },
    });
    expect(await told([before, { ...daily, headers: info('api-usage=14990/15000') }])).toMatchObject({
      used: 15_000,
      app: null,
    });
    expect(await told([daily])).toBeNull();
  });

  it('and an answer tells what is used of the app’s quota', async () => {
    expect(await told([{ ...counted, headers: info(usage) }])).toMatchObject({
      used: 900,
      max: 15_000,
      app: { used: 17, max: 250 },
    });
    expect(await told([{ ...counted, headers: info('api-usage=18/5000') }])).toMatchObject({
      used: 18,
      app: null,
    });
  });
});

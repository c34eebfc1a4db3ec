import { describe, expect, it } from 'vitest';
import { AppError } from '../../src/base/errors.ts';
import { contact } from '../../src/org/synced-object.ts';
import type { ApiGate } from '../../src/salesforce/api-gate.ts';
import { apiFault, connected, failure, secretToken } from './connected.ts';

const counted = { body: { totalSize: 7, done: true, records: [] } };
const sessionExpired = { status: 401, ...apiFault('INVALID_SESSION_ID', 'Session expired or invalid') };
const dailyLimit = { status: 403, ...apiFault('REQUEST_LIMIT_EXCEEDED', 'TotalRequests Limit exceeded.') };
const concurrentLimit = {
  status: 403,
  ...apiFault('REQUEST_LIMIT_EXCEEDED', 'ConcurrentRequests (Concurrent API Requests) Limit exceeded.'),
};

describe('a read', () => {
  it('is repeated more than once while the org is unavailable, waiting longer each time', async () => {
    await using c = await connected();
    c.org.script({ status: 503 }, { status: 502 }, { status: 504, body: 'x' }, counted);
    expect(await c.remote.of(contact).count(null)).toBe(7);
    expect(c.org.seen).toHaveLength(4);
    expect(c.waits).toEqual([375, 750, 1500]);
    expect(c.remote.usage.sent()).toBe(4);
  });

  it('is given up after five repeats', async () => {
    await using c = await connected();
    c.org.always({ status: 503, ...apiFault('SERVER_UNAVAILABLE', 'busy') });
    const error = await failure(c.remote.of(contact).count(null));
    expect(error).toMatchObject({
      code: 'ORG_UNAVAILABLE',
      details: { status: 503, errorCode: 'SERVER_UNAVAILABLE' },
    });
    expect(c.org.seen).toHaveLength(6);
  });

  it('waits as long as Retry-After says', async () => {
    await using c = await connected();
    c.org.script({ status: 503, headers: { 'retry-after': '7' } }, counted);
    await c.remote.of(contact).count(null);
    expect(c.waits).toHaveLength(1);
    expect(c.waits[0]).toBeGreaterThanOrEqual(7_000);
    expect(c.waits[0]).toBeLessThan(7_500);
  });

  it('is not held for a Retry-After past a minute, which the error passes on', async () => {
    await using c = await connected();
    c.org.script({ status: 503, headers: { 'retry-after': '3600' } });
    const error = await failure(c.remote.of(contact).count(null));
    expect(error).toMatchObject({ code: 'ORG_UNAVAILABLE', details: { retryAfterMs: 3_600_000 } });
    expect(c.waits).toEqual([]);
  });

  it('is repeated after the concurrent limit and 429', async () => {
    await using c = await connected();
    c.org.script(concurrentLimit, { status: 429 }, { status: 503 }, counted);
    expect(await c.remote.of(contact).count(null)).toBe(7);
    expect(c.org.seen).toHaveLength(4);
  });

  it.each([concurrentLimit, { status: 429 }, { status: 503 }])(
    'is not repeated after $status where the caller queues again itself',
    async (refusal) => {
      await using c = await connected();
      c.org.script(refusal);
      await failure(c.remote.queries.page('SELECT Id FROM Contact', ['Id'], { whenCrowded: 'throw' }));
      expect(c.org.seen).toHaveLength(1);
      expect(c.waits).toEqual([]);
    },
  );

  it('is never repeated past the daily limit', async () => {
    await using c = await connected();
    c.org.script(dailyLimit);
    const error = await failure(c.remote.of(contact).count(null));
    expect(error).toMatchObject({ code: 'REQUEST_LIMIT_EXCEEDED', details: { limit: 'daily', status: 403 } });
    expect(c.org.seen).toHaveLength(1);
  });

  it('tells the two limits apart by the usage header where the text says nothing', async () => {
    await using c = await connected();
    const body = [{ errorCode: 'REQUEST_LIMIT_EXCEEDED', message: 'x' }];
    c.org.script({ status: 403, headers: { 'sforce-limit-info': 'api-usage=5000/5000' }, body });
    expect(await failure(c.remote.of(contact).count(null))).toMatchObject({ details: { limit: 'daily' } });
    c.org.script({ status: 403, headers: { 'sforce-limit-info': 'api-usage=50/5000' }, body }, counted);
    await c.remote.of(contact).count(null);
  });

  it('is repeated after a connection cut before and within the answer', async () => {
    await using c = await connected();
    c.org.script(
      (_, response) => void response.destroy(),
      (_, response) => {
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' });
        response.write('{"totalSize":', () => response.destroy());
      },
      counted,
    );
    expect(await c.remote.of(contact).count(null)).toBe(7);
    expect(c.org.seen).toHaveLength(3);
  });

  it('ends at once when the caller aborts between repeats', async () => {
    const controller = new AbortController();
    await using c = await connected();
    c.org.script((_, response) => {
      controller.abort();
      response.writeHead(503).end();
    });
    const error = await failure(c.remote.of(contact).count(null, { signal: controller.signal }));
    expect(error.name).toBe('AbortError');
    expect(c.org.seen).toHaveLength(1);
  });

  it('says soon that nobody listens at the host', async () => {
    const c = await connected();
    await c.org[Symbol.asyncDispose]();
    const error = await failure(c.remote.of(contact).count(null));
    expect(error).toMatchObject({
      code: 'NETWORK_UNREACHABLE',
      details: { network: 'unreachable', status: null },
    });
    expect(c.waits).toHaveLength(3);
    await c.wire.close();
  });
});

describe('a refused session', () => {
  it('is renewed once and the request sent again', async () => {
    await using c = await connected();
    c.org.script(sessionExpired, counted);
    expect(await c.remote.of(contact).count(null)).toBe(7);
    expect(c.renewals).toEqual([secretToken]);
    expect(c.org.seen[1]?.headers.authorization).toBe(`Bearer ${secretToken}1`);
  });

  it('is renewed no second time for a request: 401 for ever is LOGIN_REQUIRED', async () => {
    await using c = await connected();
    c.org.always(sessionExpired);
    const error = await failure(c.remote.of(contact).count(null));
    expect(error).toMatchObject({ code: 'LOGIN_REQUIRED', details: { errorCode: 'INVALID_SESSION_ID' } });
    expect(c.org.seen).toHaveLength(2);
    expect(c.renewals).toHaveLength(1);
  });

  it('is renewed after a 401 without a body too', async () => {
    await using c = await connected();
    c.org.script({ status: 401 }, counted);
    expect(await c.remote.of(contact).count(null)).toBe(7);
  });

  it('ends with what the renewal says, unrepeated', async () => {
    const lost = new AppError('LOGIN_REQUIRED', 'The grant is gone.');
    await using c = await connected();
    await using broken = await connected({
      session: {
        instanceUrl: c.org.url,
        userId: '005000000000001AAA',
        accessToken: async () => secretToken,
        renew: () => Promise.reject(lost),
      },
    });
    c.org.script(sessionExpired);
    expect(await failure(broken.remote.of(contact).count(null))).toBe(lost);
    expect(c.org.seen).toHaveLength(1);
  });
});

describe('the gate', () => {
  it('stands around every request, repeats and resends included, and hears the usage', async () => {
    const log: unknown[] = [];
    const gate = {
      before: async (kind: string) => void log.push(kind),
      after: (usage: { used: number; max: number } | null) =>
        void log.push(usage === null ? null : [usage.used, usage.max]),
    };
    await using c = await connected({ gate });
    const headers = {
      'sforce-limit-info': 'api-usage=25/5000; per-app-api-usage=17/250(appName=sample-app)',
    };
    c.org.script({ status: 503 }, sessionExpired, { ...counted, headers });
    await c.remote.of(contact).count(null);
    expect(log).toEqual(['pull', null, 'pull', null, 'pull', [25, 5000]]);
    expect(c.remote.usage.reported()).toMatchObject({ used: 25, max: 5000 });
  });

  it('hears which requests never reached the org', async () => {
    const unsent: boolean[] = [];
    const gate: ApiGate = { before: async () => {}, after: (_, call) => void unsent.push(call.unsent) };
    const c = await connected({ gate });
    c.org.script((_, response) => void response.destroy(), counted);
    await c.remote.of(contact).count(null);
    expect(unsent.splice(0)).toEqual([false, false]);
    await c.wire.close();
    await c.org[Symbol.asyncDispose]();
    await using gone = await connected({ gate });
    await gone.org[Symbol.asyncDispose]();
    await failure(gone.remote.of(contact).count(null));
    expect(unsent).toEqual([true, true, true, true]);
  });

  it('hears for how long the org asks to be left alone, and to which kind of call it said so', async () => {
    const asked: unknown[] = [];
    const gate: ApiGate = { before: async () => {}, after: (_, call) => void asked.push(call.asked) };
    await using c = await connected({ gate });
    const headers = { 'retry-after': '7' };
    c.org.script(
      { status: 500, headers },
      { status: 503, headers },
      { status: 429, headers },
      { status: 503 },
      counted,
    );
    await c.remote.of(contact).count(null);
    const pull = { kind: 'pull', restMs: 7_000 };
    expect(asked).toEqual([null, pull, pull, null, null]);
  });

  it('counts what was sent, and none that never reached the org', async () => {
    const c = await connected();
    c.org.script((_, response) => void response.destroy(), counted);
    await c.remote.of(contact).count(null);
    expect(c.remote.usage.sent()).toBe(2);
    await c.org[Symbol.asyncDispose]();
    await failure(c.remote.of(contact).count(null));
    expect(c.remote.usage.sent()).toBe(2);
    await c.wire.close();
  });

  it('can refuse, and then nothing is sent', async () => {
    const refusal = new AppError('API_BUDGET_EXHAUSTED', 'Enough for today.');
    await using c = await connected({ gate: { before: () => Promise.reject(refusal), after: () => {} } });
    expect(await failure(c.remote.of(contact).count(null))).toBe(refusal);
    expect(c.org.seen).toHaveLength(0);
    expect(await c.remote.of(contact).writes.createMany([{ LastName: 'A' }])).toEqual([
      { kind: 'not-done', error: refusal },
    ]);
  });
});

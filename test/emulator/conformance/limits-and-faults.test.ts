import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Json } from '../running-emulator.ts';
import type { ConformanceOrg } from './conformance-org.ts';
import { conformanceOrg } from './conformance-org.ts';

const hour = 3_600_000;

// Sources: REST API Developer Guide (Limits, API Request Limits and Allocations), help 000389067; docs/emulator.md
// for the faults.
describe('limits', () => {
  let org: ConformanceOrg;

  beforeAll(async () => {
    org = await conformanceOrg();
  });
  afterAll(() => org[Symbol.asyncDispose]());
  beforeEach(() => org.reset());

  it('refuses requests past the daily limit: 403 REQUEST_LIMIT_EXCEEDED, honest header', async () => {
    await org.control('settings', { dailyLimit: 3 });
    for (let i = 1; i <= 3; i++) {
      const { status, headers } = await org.api('/');
      expect([status, headers.get('sforce-limit-info')]).toEqual([200, `api-usage=${i}/3`]);
    }
    const { status, body, headers } = await org.api<Json[]>('/');
    expect(status).toBe(403);
    expect(body).toEqual([{ message: 'TotalRequests Limit exceeded.', errorCode: 'REQUEST_LIMIT_EXCEEDED' }]);
    expect(headers.get('sforce-limit-info')).toBe('api-usage=3/3');
  });

  it('counts over a rolling day of the org’s clock', async () => {
    await org.control('settings', { dailyLimit: 2 });
    await org.api('/');
    await org.control('clock', { advanceMs: 12 * hour });
    await org.api('/');
    expect((await org.api('/')).status).toBe(403);
    await org.control('clock', { advanceMs: 12 * hour + 60_000 });
    expect((await org.api('/')).status).toBe(200);
    expect((await org.api('/')).status).toBe(403);
  });

  it('counts neither OAuth, nor the list of versions, nor refused sessions', async () => {
    await org.logIn();
    await fetch(`${org.emulator.url}/services/data`);
    await org.api('/limits', { token: 'bad' });
    expect(await org.control('state')).toMatchObject({ apiRequests: { used: 0 } });
  });

  it('refuses requests past the concurrent limit, and takes them again when it is over', async () => {
    await org.control('settings', { concurrentLimit: 2, latencyMs: 1_000 });
    const replies = await Promise.all(Array.from({ length: 6 }, () => org.api<Json[]>('/limits')));
    const refused = replies.filter((r) => r.status === 403);
    expect(refused).toHaveLength(4);
    expect(refused[0]?.body[0]).toEqual({
      errorCode: 'REQUEST_LIMIT_EXCEEDED',
      message: 'ConcurrentRequests (Concurrent API Requests) Limit exceeded.',
    });
    expect((await org.api('/limits')).status).toBe(200);
  });

  it('counts requests of 20 seconds or longer only while the limit is Salesforce’s own (help 000389067)', async () => {
    await org.control('settings', { latencyMs: 300 });
    const replies = await Promise.all(Array.from({ length: 40 }, () => org.api('/limits')));
    expect(replies.filter((r) => r.status !== 200)).toEqual([]);
    expect(await org.control('settings')).toMatchObject({ concurrentLimit: 25, concurrentAfterMs: 20_000 });
  });

  it('counts requests from concurrentAfterMs on (setting), and logins never', async () => {
    await org.control('settings', { concurrentLimit: 1, concurrentAfterMs: 600_000 });
    await org.control('faults', [{ match: '/limits', delayMs: 1_500 }]);
    const long = org.api('/limits');
    expect((await org.api('/query?q=SELECT+Id+FROM+User')).status).toBe(200);
    await org.control('settings', { concurrentAfterMs: 1 });
    expect((await org.api('/query?q=SELECT+Id+FROM+User')).status).toBe(403);
    expect((await org.api('/services/data')).status).toBe(200);
    expect((await org.token({ grant_type: 'nope' })).status).toBe(400);
    expect((await long).status).toBe(200);
    expect((await org.api('/query?q=SELECT+Id+FROM+User')).status).toBe(200);
    const settings = await org.control('settings', { concurrentAfterMs: null });
    expect(settings).toMatchObject({ concurrentLimit: 1, concurrentAfterMs: 0 });
  });

  it('waits latencyMs before each answer, and not before the control surface’s', async () => {
    await org.control('settings', { latencyMs: 150 });
    const took = async (work: () => Promise<unknown>) => {
      const start = performance.now();
      await work();
      return performance.now() - start;
    };
    expect(await took(() => org.api('/limits'))).toBeGreaterThan(140);
    const { calls } = await org.control<{ calls: unknown }>('state');
    expect(calls).toEqual({ 'GET /services/data/vNN.0/limits': 1 });
  });
});

describe('faults', () => {
  let org: ConformanceOrg;

  beforeAll(async () => {
    org = await conformanceOrg();
  });
  afterAll(() => org[Symbol.asyncDispose]());
  beforeEach(() => org.reset());

  const fault = (...faults: Json[]) => org.control('faults', faults);
  const live = async () => (await org.control<{ live: number }>('state')).live;
  const createContact = () => org.api<Json & Json[]>('/sobjects/Contact', { json: { LastName: 'Faulty' } });
  const calls = () =>
    org.control<{ path: string; status: number; cut: boolean; committed: boolean; bytes: number }[]>('calls');

  it('fails the next `times` matching requests and no others', async () => {
    await fault({ match: 'GET .*/limits$', times: 2, status: 503, headers: { 'Retry-After': '7' } });
    expect((await org.api('/')).status).toBe(200);
    for (let i = 0; i < 2; i++) {
      const { status, headers, body } = await org.api<Json[]>('/limits');
      expect([status, headers.get('retry-after')]).toEqual([503, '7']);
      expect(body[0]?.errorCode).toBe('SERVER_UNAVAILABLE');
    }
    expect((await org.api('/limits')).status).toBe(200);
  });

  it('lets `skip` matching requests by before, and none of them meets the next fault', async () => {
    await fault(
      { match: 'GET .*/limits$', skip: 2, status: 503 },
      { match: 'GET', skip: 1, times: 2, status: 500 },
    );
    const statuses: number[] = [];
    for (let i = 0; i < 7; i++) statuses.push((await org.api('/limits')).status);
    expect(statuses).toEqual([200, 200, 503, 200, 500, 500, 200]);
    expect(await org.control('faults', [])).toEqual({ faults: 0 });
  });

  it('gives an errorCode, a body of JSON or of HTML as told', async () => {
    await fault(
      { match: 'GET', errorCode: 'REQUEST_LIMIT_EXCEEDED' },
      { match: 'GET', status: 400, errorCode: 'QUERY_TIMEOUT' },
      { match: 'GET', status: 500, body: { any: 'thing' } },
      { match: 'GET', status: 503, body: '<html>maintenance</html>' },
    );
    const first = await org.api<Json[]>('/limits');
    expect([first.status, first.body[0]?.errorCode]).toEqual([403, 'REQUEST_LIMIT_EXCEEDED']);
    const second = await org.api<Json[]>('/limits');
    expect([second.status, second.body[0]?.errorCode]).toEqual([400, 'QUERY_TIMEOUT']);
    expect((await org.api('/limits')).body).toEqual({ any: 'thing' });
    const html = await org.api('/limits');
    expect(html.headers.get('content-type')).toContain('text/html');
    expect(html.text).toBe('<html>maintenance</html>');
  });

  it('gives OAuth’s form of errors at the token endpoint', async () => {
    await fault({ match: 'POST /services/oauth2/token', errorCode: 'invalid_grant' });
    const { status, body } = await org.token({ grant_type: 'refresh_token' });
    expect([status, body]).toEqual([
      400,
      { error: 'invalid_grant', error_description: 'expired access/refresh token' },
    ]);
  });

  it('does nothing when it answers with a status, and does it with afterCommit', async () => {
    const before = await live();
    await fault({ match: 'POST', status: 503 });
    expect((await createContact()).status).toBe(503);
    expect(await live()).toBe(before);
    await fault({ match: 'POST', status: 503, afterCommit: true });
    expect((await createContact()).status).toBe(503);
    expect(await live()).toBe(before + 1);
  });

  it('cuts the connection before: nothing was done', async () => {
    const before = await live();
    await fault({ match: 'POST', reset: 'before' });
    await expect(createContact()).rejects.toThrow();
    expect(await live()).toBe(before);
    expect((await calls()).at(-1)).toMatchObject({ status: 0, cut: true, committed: false });
  });

  it('cuts the connection after the commit: it was done and the answer never comes', async () => {
    const before = await live();
    await fault({ match: 'POST', reset: 'after-commit' });
    await expect(createContact()).rejects.toThrow();
    expect(await live()).toBe(before + 1);
    expect((await calls()).at(-1)).toMatchObject({ status: 0, cut: true, committed: true });
  });

  it('cuts now and does it later (commit-later), when the org’s clock is there', async () => {
    const before = await live();
    await fault({ match: 'POST', reset: 'commit-later', commitAfterMs: 60_000 });
    await expect(createContact()).rejects.toThrow();
    expect(await live()).toBe(before);
    await org.control('clock', { advanceMs: 60_000 });
    expect(await live()).toBe(before + 1);
  });

  it('cuts in the middle of a body, plain, compressed and streamed', async () => {
    for (const encoding of ['identity', 'gzip']) {
      await fault({ match: 'describe', dropAfterBytes: 500 });
      await expect(
        org.api('/sobjects/Contact/describe', { headers: { 'accept-encoding': encoding } }),
      ).rejects.toThrow();
      expect((await calls()).at(-1)).toMatchObject({ cut: true, bytes: 500 });
    }
    const job = await org.api<{ id: string }>('/jobs/query', {
      json: { operation: 'query', query: 'SELECT Id FROM Contact' },
    });
    while ((await org.api(`/jobs/query/${job.body.id}`)).body.state !== 'JobComplete');
    await fault({ match: 'results', dropAfterBytes: 100 });
    await expect(
      org.api(`/jobs/query/${job.body.id}/results`, { headers: { 'accept-encoding': 'identity' } }),
    ).rejects.toThrow();
    expect((await calls()).at(-1)).toMatchObject({ cut: true, bytes: 100, status: 200 });
  });

  it('delays the answer, after the work', async () => {
    await fault({ match: 'POST', delayMs: 150 });
    const before = await live();
    const pending = createContact();
    await expect.poll(live).toBe(before + 1);
    expect((await pending).status).toBe(201);
  });

  it('is cleared by an empty list, and refuses what makes no sense', async () => {
    await fault({ match: 'GET', status: 500, times: 100 });
    await fault();
    expect((await org.api('/limits')).status).toBe(200);
    for (const bad of [
      [{}],
      [{ match: '(' }],
      [{ match: 'x', status: 99 }],
      [{ match: 'x', reset: 'sometime' }],
      [{ match: 'x', times: 0 }],
      [{ match: 'x', typo: 1 }],
      ['x'],
    ]) {
      const reply = await org.controlReply('faults', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(bad),
      });
      expect(reply.status, JSON.stringify(bad)).toBe(400);
      expect(reply.body).toEqual({ error: { code: 'INVALID_INPUT', message: expect.any(String) } });
    }
  });
});

import { describe, expect, it } from 'vitest';
import { contact } from '../../src/org/synced-object.ts';
import { apiFault, connected, failure } from './connected.ts';

const jobId = '750000000000001AAA';
const job = (more: object = {}) => ({
  id: jobId,
  operation: 'query',
  object: 'Contact',
  createdDate: '2026-01-31T11:00:00.000+0000',
  state: 'UploadComplete',
  apiVersion: 62,
  ...more,
});
const created = Date.parse('2026-01-31T11:00:00Z');
const base = '/services/data/v62.0/jobs/query';

async function text(blocks: AsyncIterable<Uint8Array>): Promise<string> {
  const all: Uint8Array[] = [];
  for await (const block of blocks) all.push(block);
  return Buffer.concat(all).toString();
}

describe('a bulk job', () => {
  it('is created, looked at, aborted and deleted', async () => {
    await using c = await connected();
    const { bulk } = c.remote;
    c.org.script({ body: job() });
    expect(await bulk.create('SELECT Id FROM Contact', 'queryAll')).toEqual({
      id: jobId,
      state: 'UploadComplete',
      apiVersion: '62.0',
      numberRecordsProcessed: 0,
      errorMessage: null,
    });
    expect(c.org.seen[0]).toMatchObject({ method: 'POST', url: base });
    expect(JSON.parse(c.org.seen[0]?.body ?? '')).toEqual({
      operation: 'queryAll',
      query: 'SELECT Id FROM Contact',
      contentType: 'CSV',
      columnDelimiter: 'COMMA',
      lineEnding: 'LF',
    });
    c.org.script({ body: job({ state: 'Failed', numberRecordsProcessed: 5, errorMessage: 'no' }) });
    expect(await bulk.info(jobId)).toMatchObject({
      state: 'Failed',
      numberRecordsProcessed: 5,
      errorMessage: 'no',
    });
    c.org.script({ status: 204 });
    await bulk.delete(jobId);
    expect(c.org.seen.slice(2)).toMatchObject([{ method: 'DELETE', url: `${base}/${jobId}` }]);
  });

  it('that is gone counts as deleted', async () => {
    await using c = await connected();
    c.org.script({ status: 404, ...apiFault('NOT_FOUND', 'x') });
    await c.remote.bulk.delete(jobId);
    c.org.script({ status: 403, ...apiFault('INSUFFICIENT_ACCESS', 'x') });
    expect(await failure(c.remote.bulk.delete(jobId))).toMatchObject({ code: 'SALESFORCE_ERROR' });
  });

  it('is created again where it was refused for now or its answer was lost', async () => {
    await using c = await connected();
    c.org.script({ status: 503 }, { status: 429 }, { body: job() });
    expect(await c.remote.bulk.create('SELECT Id FROM Contact', 'query')).toMatchObject({ id: jobId });
    c.org.script((_, response) => void response.destroy(), { body: job() });
    expect(await c.remote.bulk.create('SELECT Id FROM Contact', 'query')).toMatchObject({ id: jobId });
    const proxyPage = { headers: { 'content-type': 'text/html' }, body: '<html>Soon</html>' };
    c.org.script(proxyPage, { body: job() });
    expect(await c.remote.bulk.create('SELECT Id FROM Contact', 'query')).toMatchObject({ id: jobId });
    expect(c.org.seen).toHaveLength(7);
  });
});

describe('a result page', () => {
  it('tells its rows and the next locator, and is as old as its job', async () => {
    await using c = await connected();
    const date = 'Sat, 31 Jan 2026 11:00:00 GMT';
    c.org.script({ headers: { date }, body: job() });
    await c.remote.bulk.create('SELECT Id FROM Contact', 'query');
    const headers = {
      date,
      'content-type': 'text/csv',
      'sforce-numberofrecords': '2',
      'sforce-locator': 'MTAwMDA',
    };
    c.org.script({ headers, body: '"Id"\n"003A"\n"003B"\n' });
    const first = await c.remote.bulk.results(jobId, ['Id']);
    expect(first.nextLocator).toBe('MTAwMDA');
    expect(first.body).toMatchObject({ format: 'csv', expectedRows: 2, readAt: created });
    expect(await text(first.body.blocks)).toBe('"Id"\n"003A"\n"003B"\n');
    c.org.script({ headers: { ...headers, 'sforce-locator': 'null' }, body: '"Id"\n' });
    const last = await c.remote.bulk.results(jobId, ['Id'], { locator: 'MTAwMDA' });
    expect(last.nextLocator).toBeNull();
    await text(last.body.blocks);
    expect(c.org.seen.slice(1)).toMatchObject([
      { url: `${base}/${jobId}/results`, headers: { accept: 'text/csv' } },
      { url: `${base}/${jobId}/results?locator=MTAwMDA` },
    ]);
  });

  it('is as old as the request that made its job, which createdDate tells by whole seconds only', async () => {
    await using c = await connected();
    const date = { date: 'Sat, 31 Jan 2026 11:00:00 GMT' };
    c.org.script({ headers: date, body: { totalSize: 1, done: true, records: [] } });
    await c.remote.of(contact).count(null);
    const before = c.remote.clock.now();
    c.org.script(
      { headers: date, body: job() },
      { headers: date, body: job({ state: 'JobComplete' }) },
      { headers: date, body: '"Id"\n' },
    );
    await c.remote.bulk.create('SELECT Id FROM Contact', 'query');
    const after = c.remote.clock.now();
    await c.remote.bulk.info(jobId);
    const { body } = await c.remote.bulk.results(jobId, ['Id']);
    await text(body.blocks);
    expect(body.readAt).toBeGreaterThan(before);
    expect(body.readAt).toBeLessThan(after);
  });

  it('of a job that another process created asks for the job first, once, and keeps to its API version', async () => {
    await using c = await connected();
    c.org.script(
      { body: job({ apiVersion: 60, state: 'JobComplete' }) },
      { body: '"Id"\n' },
      { body: '"Id"\n' },
    );
    const first = await c.remote.bulk.results(jobId, ['Id']);
    await text(first.body.blocks);
    const url = `/services/data/v60.0/jobs/query/${jobId}/results?locator=B`;
    const second = await c.remote.bulk.resultPage(url, ['Id']);
    await text(second.body.blocks);
    expect(first.body.readAt).toBe(created);
    expect(c.org.seen.map((r) => r.url)).toEqual([
      `${base}/${jobId}`,
      `/services/data/v60.0/jobs/query/${jobId}/results`,
      url,
    ]);
  });

  it('is repeated before its headers came, not after', async () => {
    await using c = await connected();
    c.org.script({ body: job() }, { status: 503 }, (_, response) => {
      response.writeHead(200, { 'content-type': 'text/csv', 'content-length': '100' });
      response.write('"Id"\n', () => response.destroy());
    });
    const page = await c.remote.bulk.results(jobId, ['Id']);
    expect(await failure(text(page.body.blocks))).toMatchObject({ code: 'NETWORK_UNREACHABLE' });
    expect(c.org.seen).toHaveLength(3);
  });
});

describe('resultPages', () => {
  const urls = [1, 2].map((n) => `/services/data/v62.0/jobs/query/${jobId}/results?locator=${n}`);

  it.each(['nextRecordsUrl', 'nextRecordUrl'])(
    'are listed to the end by %s, as paths on the org',
    async (name) => {
      await using c = await connected();
      const next = `${base}/${jobId}/resultPages?locator=5`;
      c.org.script(
        { body: job() },
        { body: { resultPages: [{ resultUrl: `${c.org.url}${urls[0]}` }], [name]: next, done: false } },
        { body: { resultPages: [{ resultUrl: urls[1] }], done: true } },
      );
      const first = await c.remote.bulk.resultPages(jobId);
      expect(first).toEqual({ resultUrls: [urls[0]], nextRecordsUrl: next, done: false });
      const second = await c.remote.bulk.resultPages(jobId, { nextUrl: first.nextRecordsUrl ?? '' });
      expect(second).toEqual({ resultUrls: [urls[1]], nextRecordsUrl: null, done: true });
      expect(c.org.seen[2]?.url).toBe(next);
    },
  );

  it('outside of the org are refused', async () => {
    await using c = await connected();
    c.org.script(
      { body: job() },
      { body: { resultPages: [{ resultUrl: 'https://evil.example/services/x' }] } },
    );
    expect(await failure(c.remote.bulk.resultPages(jobId))).toMatchObject({ code: 'SALESFORCE_ERROR' });
    expect(await failure(c.remote.bulk.resultPage('https://evil.example/x', []))).toMatchObject({
      code: 'SALESFORCE_ERROR',
    });
    expect(c.org.seen).toHaveLength(2);
  });

  it.each([
    { status: 404, ...apiFault('NOT_FOUND', 'x') },
    { status: 409, ...apiFault('API_VERSION_MISMATCH', 'x') },
    { status: 400, ...apiFault('INVALID', 'x') },
  ])('are unsupported where the org refuses them: %o', async (answer) => {
    await using c = await connected();
    c.org.script({ body: job() }, answer);
    expect(await failure(c.remote.bulk.resultPages(jobId))).toMatchObject({
      code: 'RESULT_PAGES_UNSUPPORTED',
    });
  });

  it('are not asked for a job older than API 58', async () => {
    await using c = await connected();
    c.org.script({ body: job({ apiVersion: 57 }) });
    expect(await failure(c.remote.bulk.resultPages(jobId))).toMatchObject({
      code: 'RESULT_PAGES_UNSUPPORTED',
    });
    expect(c.org.seen).toHaveLength(1);
  });

  it('keep other troubles as they are', async () => {
    await using c = await connected();
    c.org.script({ body: job() });
    await c.remote.bulk.info(jobId);
    c.org.script({ status: 403, ...apiFault('REQUEST_LIMIT_EXCEEDED', 'TotalRequests Limit exceeded.') });
    expect(await failure(c.remote.bulk.resultPages(jobId))).toMatchObject({ code: 'REQUEST_LIMIT_EXCEEDED' });
  });
});

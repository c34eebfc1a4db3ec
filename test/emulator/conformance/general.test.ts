import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Json } from '../running-emulator.ts';
import type { ConformanceOrg } from './conformance-org.ts';
import { conformanceOrg } from './conformance-org.ts';

// Sources: REST API Developer Guide (Versions, Resources by Version, Limits, Headers, Status Codes and Error
// Responses, Using Compression).
describe('REST in general', () => {
  let org: ConformanceOrg;

  beforeAll(async () => {
    org = await conformanceOrg();
  });
  afterAll(() => org[Symbol.asyncDispose]());

  const raw = (request: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const socket = connect(org.emulator.port, '127.0.0.1', () => socket.end(request));
      let text = '';
      socket.setEncoding('utf8');
      socket.on('data', (chunk) => {
        text += chunk;
      });
      socket.on('error', reject);
      socket.on('close', () => resolve(text));
    });

  it('lists versions without a token: label, url, version (Versions)', async () => {
    const response = await fetch(`${org.emulator.url}/services/data`);
    const versions = (await response.json()) as Json[];
    expect(versions).toContainEqual({ label: "Spring '26", url: '/services/data/v66.0', version: '66.0' });
    expect(versions).toContainEqual({ label: "Spring '19", url: '/services/data/v45.0', version: '45.0' });
    expect(versions[0]).toEqual({ label: "Summer '14", url: '/services/data/v31.0', version: '31.0' });
    expect(response.headers.get('sforce-limit-info')).toBeNull();
  });

  it('takes a double slash, as the Salesforce CLI sends it', async () => {
    const response = await fetch(`${org.emulator.url}//services/data`);
    expect(response.status).toBe(200);
  });

  it('answers an unknown version with 404 NOT_FOUND', async () => {
    for (const version of ['6.0', '99.0', '62.5', 'x']) {
      const { status, body } = await org.api<Json[]>('/limits', { version });
      expect(status).toBe(404);
      expect(body).toEqual([{ message: 'The requested resource does not exist', errorCode: 'NOT_FOUND' }]);
    }
  });

  it('answers a retired version with 410 (API End-of-Life Policy)', async () => {
    for (const version of ['7.0', '20.0', '30.0']) {
      const { status } = await org.api('/limits', { version });
      expect(status).toBe(410);
    }
  });

  it('has a resource from the version on that brought it, before that 404', async () => {
    const status = async (path: string, version: number, json?: Json) =>
      (await org.api(path, { version: `${version}.0`, ...(json ? { json } : {}) })).status;
    const batch = { batchRequests: [{ method: 'GET', url: 'v34.0/limits' }] };
    expect([
      await status('/composite/batch', 33, batch),
      await status('/composite/batch', 34, batch),
    ]).toEqual([404, 200]);
    expect([await status('/limits/recordCount', 39), await status('/limits/recordCount', 40)]).toEqual([
      404, 200,
    ]);
    expect([await status('/jobs/ingest', 40), await status('/jobs/ingest', 41)]).toEqual([404, 200]);
    expect([await status('/jobs/query', 46), await status('/jobs/query', 47)]).toEqual([404, 200]);
    const records = { records: [{ attributes: { type: 'Contact' }, LastName: 'Since' }] };
    expect([
      await status('/composite/sobjects', 41, records),
      await status('/composite/sobjects', 42, records),
    ]).toEqual([404, 200]);
  });

  it('answers every listed version', async () => {
    for (let v = 31; v <= 67; v++) {
      const { status, body } = await org.api('/', { version: `${v}.0` });
      expect(status).toBe(200);
      expect(body.query).toBe(`/services/data/v${v}.0/query`);
    }
  });

  it('lists resources and the identity URL at the version root (Resources by Version)', async () => {
    const { body } = await org.api('/');
    expect(body).toMatchObject({
      sobjects: '/services/data/v62.0/sobjects',
      limits: '/services/data/v62.0/limits',
      identity: `${org.emulator.url}/id/${org.emulator.orgId}/${org.emulator.userId}`,
    });
  });

  it('answers 401 INVALID_SESSION_ID without a token and with a bad one, INVALID_AUTH_HEADER for another scheme', async () => {
    const none = await fetch(`${org.emulator.url}/services/data/v62.0/limits`);
    expect(none.status).toBe(401);
    expect(await none.json()).toEqual([
      { message: 'Session expired or invalid', errorCode: 'INVALID_SESSION_ID' },
    ]);
    const bad = await org.api<Json[]>('/limits', { token: 'bad' });
    expect(bad.body[0]?.errorCode).toBe('INVALID_SESSION_ID');
    const scheme = await org.api<Json[]>('/limits', { headers: { authorization: 'Digest x' } });
    expect([scheme.status, scheme.body[0]?.errorCode]).toEqual([401, 'INVALID_AUTH_HEADER']);
  });

  it('refuses a session without the scope api or full (OAuth Tokens and Scopes)', async () => {
    for (const scope of ['openid', 'refresh_token', 'web']) {
      const { access_token } = await org.logIn({ scope });
      const { status, body } = await org.api<Json[]>('/limits', { token: String(access_token) });
      expect([status, body], scope).toEqual([
        401,
        [{ message: 'This session is not valid for use with the REST API', errorCode: 'INVALID_SESSION_ID' }],
      ]);
    }
    for (const scope of ['api', 'full']) {
      const { access_token } = await org.logIn({ scope });
      expect((await org.api('/limits', { token: String(access_token) })).status, scope).toBe(200);
    }
  });

  it('takes the OAuth scheme like Bearer', async () => {
    const { status } = await org.api('/limits', {
      headers: { authorization: `OAuth ${org.emulator.accessToken}` },
    });
    expect(status).toBe(200);
  });

  it('sends Sforce-Limit-Info with every authenticated answer, errors included (Limit Info Header)', async () => {
    for (const path of ['/limits', '/query?q=broken', '/sobjects/Contact/003000000000000AAA', '/nowhere']) {
      const { headers } = await org.api(path);
      expect(headers.get('sforce-limit-info')).toMatch(/^api-usage=\d+\/100000/);
    }
  });

  it('adds per-app usage for sessions that came through an app', async () => {
    const { access_token } = await org.logIn();
    const { headers } = await org.api('/limits', { token: String(access_token) });
    expect(headers.get('sforce-limit-info')).toMatch(
      /^api-usage=\d+\/100000; per-app-api-usage=\d+\/100000\(appName=.+\)$/,
    );
  });

  it('counts each request in the header and in /limits (Limits)', async () => {
    const used = async () => {
      const { headers, body } = await org.api<Record<string, { Max: number; Remaining: number }>>('/limits');
      const shown = Number(/api-usage=(\d+)/.exec(headers.get('sforce-limit-info') ?? '')?.[1]);
      expect(body.DailyApiRequests).toEqual({ Max: 100_000, Remaining: 100_000 - shown });
      return shown;
    };
    const first = await used();
    expect(await used()).toBe(first + 1);
  });

  it('answers another method with 405 METHOD_NOT_ALLOWED and Allow', async () => {
    const { status, body, headers } = await org.api<Json[]>('/limits', { method: 'DELETE' });
    expect(status).toBe(405);
    expect(body[0]?.errorCode).toBe('METHOD_NOT_ALLOWED');
    expect(body[0]?.message).toContain("HTTP Method 'DELETE' not allowed");
    expect(headers.get('allow')).toContain('GET');
  });

  it('answers HEAD without a body and OPTIONS with Allow', async () => {
    const head = await org.api('/limits', { method: 'HEAD' });
    expect([head.status, head.text]).toEqual([200, '']);
    const options = await org.api('/limits', { method: 'OPTIONS' });
    expect(options.status).toBe(200);
    expect(options.headers.get('allow')).toContain('GET');
  });

  it('answers errors as XML where XML is asked for', async () => {
    const { headers, text } = await org.api('/nowhere', { headers: { accept: 'application/xml' } });
    expect(headers.get('content-type')).toContain('application/xml');
    expect(text).toContain('<Errors><Error><errorCode>NOT_FOUND</errorCode>');
  });

  it('indents JSON for X-PrettyPrint: 1 as the guide’s own examples are, and changes no value (Using cURL in the REST Examples)', async () => {
    const LastName = org.unused('a " {[,:]} b');
    const soql = `SELECT Id, LastName FROM Contact WHERE LastName = '${LastName}'`;
    await org.api('/sobjects/Contact', { json: { LastName } });
    const path = `/query?q=${encodeURIComponent(soql)}`;
    const plain = await org.api(path);
    const headers = { 'X-PrettyPrint': '1' };
    const pretty = await org.api(path, { headers });
    const [record] = plain.body.records as { attributes: { url: string }; Id: string }[];
    expect(pretty.text).toBe(
      [
        '{',
        '  "totalSize" : 1,',
        '  "done" : true,',
        '  "records" : [ {',
        '    "attributes" : {',
        '      "type" : "Contact",',
        `      "url" : "${record?.attributes.url}"`,
        '    },',
        `    "Id" : "${record?.Id}",`,
        `    "LastName" : ${JSON.stringify(LastName)}`,
        '  } ]',
        '}',
      ].join('\n'),
    );
    expect(pretty.headers.get('content-length')).toBe(String(Buffer.byteLength(pretty.text)));
    const none = await org.api(
      `/query?q=${encodeURIComponent("SELECT Id FROM Contact WHERE Name='nobody'")}`,
      {
        headers,
      },
    );
    expect(none.text).toBe('{\n  "totalSize" : 0,\n  "done" : true,\n  "records" : [ ]\n}');
    const job = await org.api('/jobs/query', {
      json: { operation: 'query', query: 'SELECT Id FROM Contact' },
      headers,
    });
    expect(job.text).toContain('\n  "apiVersion" : 62.0,\n');
    const error = await org.api('/sobjects/Contact/003000000000001AAA', { headers });
    expect(error.text).toBe(
      '[ {\n  "message" : "The requested resource does not exist",\n  "errorCode" : "NOT_FOUND"\n} ]',
    );
    const off = await org.api(path, { headers: { 'X-PrettyPrint': '0' } });
    expect(off.text).toBe(plain.text);
    const token = await fetch(`${org.emulator.url}/services/oauth2/token`, {
      method: 'POST',
      headers,
      body: new URLSearchParams({ grant_type: 'nothing' }),
    });
    expect(await token.text()).toMatch(/^\{\n {2}"error" : "unsupported_grant_type",\n/);
  });

  it('answers a broken JSON body with JSON_PARSER_ERROR and where it is', async () => {
    const { status, body } = await org.api<Json[]>('/sobjects/Contact', {
      body: '{"LastName": }',
      headers: { 'content-type': 'application/json' },
    });
    expect(status).toBe(400);
    expect(body[0]?.errorCode).toBe('JSON_PARSER_ERROR');
    expect(body[0]?.message).toMatch(/Unexpected character \('}' \(code 125\)\).*\[line:1, column:14\]/);
  });

  it('answers a content type that it does not take with 415 UNSUPPORTED_MEDIA_TYPE', async () => {
    const { status, body } = await org.api<Json[]>('/sobjects/Contact', {
      body: 'LastName=x',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
    expect([status, body[0]?.errorCode]).toEqual([415, 'UNSUPPORTED_MEDIA_TYPE']);
  });

  it('ends at 16,384 bytes: 414 for the URI, 431 for URI and headers together', async () => {
    const long = await org.api<Json[]>(`/query?q=${'x'.repeat(16_400)}`);
    expect(long.status).toBe(414);
    const together = await org.api<Json[]>(`/query?q=${'x'.repeat(9_000)}`, {
      headers: { 'x-padding': 'y'.repeat(8_000) },
    });
    expect(together.status).toBe(431);
    const within = await org.api<Json[]>(`/query?q=${'x'.repeat(15_000)}`);
    expect(within.status).toBe(400);
  });

  it('takes gzip request bodies and gives gzip answers to clients that accept them (Using Compression)', async () => {
    const created = await org.api('/sobjects/Contact', {
      method: 'POST',
      body: gzipSync(JSON.stringify({ LastName: 'Zipped' })),
      headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' },
    });
    expect(created.status).toBe(201);
    const zipped = await org.api('/sobjects/Contact/describe', { headers: { 'accept-encoding': 'gzip' } });
    expect(zipped.headers.get('content-encoding')).toBe('gzip');
    expect(zipped.body.name).toBe('Contact');
    const plain = await org.api('/sobjects/Contact/describe', { headers: { 'accept-encoding': 'identity' } });
    expect(plain.headers.get('content-encoding')).toBeNull();
    expect(plain.body).toEqual(zipped.body);
    const broken = await org.api('/sobjects/Contact', {
      method: 'POST',
      body: 'no gzip',
      headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' },
    });
    expect(broken.status).toBe(400);
  });

  it('takes POST with _HttpMethod=PATCH (Using HTTP Methods)', async () => {
    const created = await org.api<{ id: string }>('/sobjects/Contact', { json: { LastName: 'Before' } });
    const { status } = await org.api(`/sobjects/Contact/${created.body.id}?_HttpMethod=PATCH`, {
      json: { LastName: 'After' },
    });
    expect(status).toBe(204);
    const row = await org.api(`/sobjects/Contact/${created.body.id}?fields=LastName`);
    expect(row.body.LastName).toBe('After');
  });

  it('tells the org’s time in Date', async () => {
    await org.control('clock', { now: '2031-05-06T07:08:09Z' });
    const { headers } = await org.api('/limits');
    expect(headers.get('date')).toBe('Tue, 06 May 2031 07:08:09 GMT');
    await org.control('reset', {});
  });

  it('answers what is no HTTP with 400 and lives on', async () => {
    expect(await raw('nonsense\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 /);
    expect(await raw(`GET / HTTP/1.1\r\nHost: x\r\nX: ${'y'.repeat(200_000)}\r\n\r\n`)).toMatch(
      /^HTTP\/1\.1 431 /,
    );
    expect((await org.api('/limits')).status).toBe(200);
  });

  it('listens on loopback only, on both of its addresses', async () => {
    org.needsOwnEmulator('an emulator that the suite has started');
    for (const host of ['127.0.0.1', '[::1]', 'localhost']) {
      const response = await fetch(`http://${host}:${org.emulator.port}/services/data`);
      expect(response.status).toBe(200);
    }
  });
});

import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { repeats } from '../support/deep.ts';
import fc from '../support/properties.ts';
import type { RunningEmulator } from './running-emulator.ts';
import { runEmulator } from './running-emulator.ts';

const runs = repeats(500);

const words = [
  'services',
  'data',
  'v62.0',
  'v45.0',
  'v99.0',
  'sobjects',
  'Contact',
  'Nope',
  'describe',
  'updated',
  'deleted',
  'query',
  'queryAll',
  'limits',
  'composite',
  'batch',
  'tree',
  'graph',
  'jobs',
  'ingest',
  'results',
  'resultPages',
  'ui-api',
  'records',
  'search',
  'parameterizedSearch',
  'recent',
  'oauth2',
  'token',
  'authorize',
  'revoke',
  'introspect',
  'userinfo',
  'id',
  '003000000000001AAA',
  '01g000000000001AAA-200',
  'ParaHack_Id__c',
  '..',
  '.',
  '',
  '%00',
  '%zz',
  '%2F',
  '__proto__',
  'constructor',
  '__emulator',
  'state',
  'faults',
  'settings',
  'clock',
  'contacts',
  'batches',
  'successfulResults',
];
const segment = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...words) },
  { weight: 1, arbitrary: fc.string() },
);
const path = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.array(segment, { maxLength: 6 }).map((s) => `/services/data/v62.0/${s.join('/')}`),
  },
  { weight: 1, arbitrary: fc.array(segment, { maxLength: 5 }).map((s) => `/${s.join('/')}`) },
);
const soql = fc.constantFrom(
  'SELECT Id FROM Contact',
  'SELECT',
  "SELECT Id FROM Contact WHERE Name = '",
  'FIND {x}',
  'SELECT FIELDS(ALL) FROM X',
);
const query = fc.oneof(
  fc.constant(''),
  fc
    .record({
      name: fc.constantFrom(
        'q',
        'explain',
        'fields',
        'ids',
        'start',
        'end',
        'locator',
        'maxRecords',
        'code',
        'state',
      ),
      value: fc.oneof(soql, fc.string(), fc.constantFrom('2026-01-01T00:00:00Z', '-1', 'NaN', '%', 'null')),
    })
    .map(({ name, value }) => `?${name}=${encodeURIComponent(value)}`),
  fc.string().map((text) => `?${encodeURIComponent(text)}`),
);
const method = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom('GET', 'POST', 'PATCH', 'PUT', 'DELETE') },
  { weight: 1, arbitrary: fc.constantFrom('HEAD', 'OPTIONS', 'TRACE', 'PROPFIND', 'LOCK') },
);
const record = fc.dictionary(
  fc.constantFrom('LastName', 'Email', 'Id', 'AccountId', 'Birthdate', '__proto__', 'Nope', 'attributes'),
  fc.oneof(fc.jsonValue(), fc.constantFrom({ type: 'Contact' }, '003000000000001AAA')),
);
const body = fc.oneof(
  fc.constant(''),
  fc.string(),
  fc.json(),
  record.map((value) => JSON.stringify(value)),
  fc
    .record(
      {
        allOrNone: fc.oneof(fc.boolean(), fc.jsonValue()),
        records: fc.oneof(fc.array(record, { maxLength: 4 }), fc.jsonValue()),
        compositeRequest: fc.jsonValue(),
        batchRequests: fc.jsonValue(),
        graphs: fc.jsonValue(),
        ids: fc.jsonValue(),
        fields: fc.jsonValue(),
        apiName: fc.jsonValue(),
        operation: fc.constantFrom('query', 'insert', 'upsert', null),
        object: fc.constantFrom('Contact', 'Nope', null),
        query: soql,
        state: fc.constantFrom('Aborted', 'UploadComplete', 7),
      },
      { requiredKeys: [] },
    )
    .map((value) => JSON.stringify(value)),
  fc.constantFrom('grant_type=refresh_token&refresh_token=x', 'grant_type=__proto__', 'token=%zz', '<xml/>'),
);
const headers = fc.dictionary(
  fc.constantFrom(
    'content-type',
    'accept',
    'content-encoding',
    'accept-encoding',
    'if-modified-since',
    'if-unmodified-since',
    'sforce-query-options',
    'sforce-duplicate-rule-header',
    'idempotency-key',
    'cookie',
    'x-http-method-override',
  ),
  fc.oneof(
    fc.constantFrom(
      'application/json',
      'text/csv',
      'multipart/form-data; boundary=x',
      'multipart/form-data',
      'application/xml',
      'gzip',
      'identity',
      'br',
      'batchSize=zero',
      'Thu, 01 Jan 1970 00:00:00 GMT',
      'emulator_sid=x',
      'application/x-www-form-urlencoded',
    ),
    fc.string({ unit: 'grapheme-ascii', maxLength: 30 }).map((s) => s.replace(/[^\x20-\x7e]/g, '')),
  ),
);

describe('malformed requests', () => {
  let org: RunningEmulator;

  beforeAll(async () => {
    org = await runEmulator({ contacts: 50 });
  });
  afterAll(() => org[Symbol.asyncDispose]());

  it('are answered well-formed, whatever the method, path, headers and body', async () => {
    await fc.assert(
      fc.asyncProperty(method, path, query, headers, body, fc.boolean(), async (m, p, q, h, b, known) => {
        // Faults and moved clocks would only make the next answers strange.
        fc.pre(!/__emulator.*(faults|clock|settings|contacts)/.test(p) || m === 'GET');
        let url: URL;
        try {
          url = new URL(org.emulator.url + encodeURI(p).replaceAll('%25', '%') + q);
        } catch {
          return;
        }
        const response = await fetch(url, {
          method: m === 'TRACE' ? 'GET' : m,
          headers: { ...h, ...(known ? { authorization: `Bearer ${org.emulator.accessToken}` } : {}) },
          ...(['GET', 'HEAD', 'TRACE'].includes(m) ? {} : { body: b }),
          redirect: 'manual',
        });
        const text = await response.text();
        expect(response.status).toBeGreaterThanOrEqual(200);
        expect(response.status, `${m} ${url} ${b}: ${text}`).not.toBe(500);
        expect(Number.isNaN(Date.parse(response.headers.get('date') ?? ''))).toBe(false);
        const type = response.headers.get('content-type') ?? '';
        if (text !== '' && type.startsWith('application/json')) JSON.parse(text);
        if (response.status >= 400 && url.pathname.startsWith('/services/data') && m !== 'HEAD') {
          expect(text, `${m} ${url}`).not.toBe('');
        }
      }),
      { numRuns: runs },
    );
    expect((await org.api('/limits')).status).toBe(200);
  });

  it('may be no HTTP at all', async () => {
    const send = (bytes: Uint8Array): Promise<void> =>
      new Promise((resolve) => {
        const socket = connect(org.emulator.port, '127.0.0.1', () => socket.end(bytes));
        socket.on('data', () => {});
        socket.on('error', () => resolve());
        socket.on('close', () => resolve());
      });
    const start = fc.constantFrom(
      '',
      'GET ',
      'GET / HTTP/1.1\r\n',
      'POST /services/data/v62.0/composite HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\n',
      'POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nHost: localhost\r\n\r\nzz\r\n',
      'CONNECT x:1 HTTP/1.1\r\n\r\n',
      'GET * HTTP/1.1\r\nHost: localhost\r\n\r\n',
      'OPTIONS * HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n',
      'GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n',
    );
    await fc.assert(
      fc.asyncProperty(start, fc.uint8Array({ maxLength: 200 }), async (text, bytes) => {
        await send(Buffer.concat([Buffer.from(text, 'latin1'), bytes]));
      }),
      { numRuns: Math.ceil(runs / 5) },
    );
    expect((await org.api('/limits')).status).toBe(200);
  });

  it('may hold a compressed body that grows beyond every limit', async () => {
    const bomb = gzipSync(Buffer.alloc(200 * 1024 * 1024));
    const { status } = await org.api('/sobjects/Contact', {
      method: 'POST',
      body: bomb,
      headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' },
    });
    expect(status).toBe(413);
    expect((await org.api('/limits')).status).toBe(200);
  });
});

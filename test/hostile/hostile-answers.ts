import { gzipSync } from 'node:zlib';
import type { FakeAnswer } from './fake-org.ts';

type Change = (healthy: FakeAnswer) => FakeAnswer;

const megabyte = 1024 * 1024;
const isCsv = ({ headers }: FakeAnswer) => headers['content-type'] === 'text/csv';
const text = ({ body }: FakeAnswer) => body.toString();
const withBody =
  (change: (text: string, healthy: FakeAnswer) => string): Change =>
  (healthy) => ({ ...healthy, body: Buffer.from(change(text(healthy), healthy)) });
const always = (body: string): Change => withBody(() => body);
const withHeaders =
  (headers: Record<string, string>): Change =>
  (healthy) => ({ ...healthy, headers: { ...healthy.headers, ...headers } });
const zipped =
  (body: () => Buffer): Change =>
  (healthy) => ({ ...healthy, headers: { ...healthy.headers, 'content-encoding': 'gzip' }, body: body() });
const refusing =
  (status: number, body: string, headers: Record<string, string> = {}): Change =>
  (healthy) => ({
    status,
    headers: { ...healthy.headers, 'content-type': 'application/json', ...headers },
    body: Buffer.from(body),
  });

/** Each value of the JSON, but for objects and lists, put through `change`; CSV stays as it is. */
function eachValue(change: (value: unknown) => unknown): Change {
  const walk = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(walk);
    if (typeof value !== 'object' || value === null) return change(value);
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, walk(inner)]));
  };
  return withBody((body, healthy) => {
    if (isCsv(healthy) || body === '') return body;
    return JSON.stringify(walk(JSON.parse(body)));
  });
}

function eachList(change: (list: unknown[]) => unknown): Change {
  const walk = (value: unknown): unknown => {
    if (Array.isArray(value)) return change(value.map(walk));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, walk(inner)]));
  };
  return withBody((body, healthy) =>
    isCsv(healthy) || body === '' ? body : JSON.stringify(walk(JSON.parse(body))),
  );
}

/** An escape sequence, a bell, a C1 control, a bidirectional override and a line of our own making. */
const nasty = '\u001b[31m\u001b]0;title\u0007\u009b2J\u202etxt\r\nparahack-sync: all is well';
const echo = (secret: string) =>
  `${nasty} Bearer ${secret} ${encodeURIComponent(secret)} ${Buffer.from(secret).toString('base64')}`;

/** What a hostile org, or a proxy before it, may answer in the place of a healthy answer. */
export function hostileAnswers(secret: string): Record<string, Change> {
  return {
    'no JSON': always('hello'),
    nothing: always(''),
    null: always('null'),
    'a number': always('42'),
    'a text': always('"x"'),
    'a list of null': always('[null]'),
    'an empty list': always('[]'),
    'an empty object': always('{}'),
    'JSON that is cut': withBody((body) => body.slice(0, Math.floor(body.length / 2))),
    'a page for people': (healthy) => ({
      ...healthy,
      headers: { ...healthy.headers, 'content-type': 'text/html' },
      body: Buffer.from(`<html>${nasty}</html>`),
    }),
    'every value null': eachValue(() => null),
    'every value a text': eachValue(() => nasty),
    'numbers as texts': eachValue((value) => (typeof value === 'number' ? String(value) : value)),
    'numbers below zero': eachValue((value) => (typeof value === 'number' ? -1 : value)),
    'numbers beyond measure': eachValue((value) => (typeof value === 'number' ? 1e300 : value)),
    'texts as objects': eachValue((value) => (typeof value === 'string' ? { value } : value)),
    'lists as objects': eachList((list) => ({ ...list })),
    'lists of null': eachList((list) => list.map(() => null)),
    'lists doubled': eachList((list) => [...list, ...list]),
    'keys of Object.prototype': withBody((body) =>
      body.startsWith('{') ? `{"__proto__":{"toJSON":1},"constructor":1,${body.slice(1)}` : body,
    ),
    'Ids of another object': withBody((body) => body.replaceAll('003000000', '001000000')),
    'malformed Ids': withBody((body) => body.replace(/003\w{15}/g, `'; DROP TABLE contact; --`)),
    'malformed times': withBody((body) => body.replace(/\d{4}-\d\d-\d\dT[\d:.]+(?:\+0000|Z)/g, 'tomorrow')),
    'times of the year 9999': withBody((body) => body.replace(/20\d\d-(?=\d\d-\d\dT)/g, '9999-')),
    'a gigabyte of blanks': zipped(() => Buffer.concat(Array(1_024).fill(gzipSync(' '.repeat(megabyte))))),
    'gzip that is none': zipped(() => Buffer.from('not gzip')),
    'a quote that is never closed': withBody((body) => `${body.slice(0, -1)}"${'x'.repeat(40 * megabyte)}`),
    'deep nesting': always('['.repeat(megabyte)),
    'very many values': always(`{"a":[${'{},'.repeat(3 * megabyte)}{}]}`),
    'headers beyond measure': withHeaders({ 'x-more': 'x'.repeat(60_000) }),
    'the time of next month': (healthy) =>
      withHeaders({ date: new Date(Date.now() + 30 * 86_400_000).toUTCString() })(healthy),
    'no time': withHeaders({ date: 'never' }),
    'another type': withHeaders({ 'content-type': 'application/xml' }),
    'wrong counts of rows': withHeaders({
      'sforce-numberofrecords': '-1',
      'sforce-locator': 'x'.repeat(5_000),
    }),
    'a locator in a circle': withHeaders({ 'sforce-locator': 'MTIz' }),
    'a refusal with our token': refusing(400, JSON.stringify([{ errorCode: nasty, message: echo(secret) }])),
    'a refusal without measure': refusing(
      403,
      JSON.stringify([
        { errorCode: 'x'.repeat(200_000), message: `code=${'x'.repeat(200_000)}`, fields: [1] },
      ]),
    ),
    'a lost login': refusing(
      401,
      JSON.stringify([{ errorCode: 'INVALID_SESSION_ID', message: echo(secret) }]),
    ),
    'a wait without end': refusing(503, echo(secret), { 'retry-after': '99999999999999999999' }),
    'a redirect': refusing(302, '', { location: 'https://evil.example/services/data' }),
  };
}

import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { Logger } from '../../src/base/logger.ts';
import { contact } from '../../src/org/synced-object.ts';
import { networkError } from '../../src/salesforce/network-error.ts';
import { apiFault, connected, failure, secretToken } from './connected.ts';
import type { ScriptedAnswer } from './scripted-org.ts';

const html = { headers: { 'content-type': 'text/html; charset=utf-8' } };

describe('an error answer', () => {
  it.each<[string, ScriptedAnswer, object]>([
    [
      'INVALID_FIELD',
      { status: 400, ...apiFault('INVALID_FIELD', 'SELECT Nope\n   ^\nERROR at') },
      { code: 'INVALID_FIELD' },
    ],
    [
      'a dead cursor',
      { status: 400, ...apiFault('INVALID_QUERY_LOCATOR', 'x') },
      { code: 'INVALID_QUERY_LOCATOR' },
    ],
    ['a slow query', { status: 400, ...apiFault('QUERY_TIMEOUT', 'x') }, { code: 'QUERY_TIMEOUT' }],
    ['too many ids', { status: 400, ...apiFault('EXCEEDED_ID_LIMIT', 'x') }, { code: 'EXCEEDED_ID_LIMIT' }],
    [
      'too old a date',
      { status: 400, ...apiFault('INVALID_REPLICATION_DATE', 'x') },
      { code: 'INVALID_REPLICATION_DATE' },
    ],
    [
      'any other code',
      { status: 400, ...apiFault('MALFORMED_QUERY', 'x') },
      { code: 'SALESFORCE_ERROR', details: { errorCode: 'MALFORMED_QUERY' } },
    ],
    [
      'an error object',
      { status: 400, body: { errorCode: 'A_B', message: 'm' } },
      { details: { errorCode: 'A_B' } },
    ],
    [
      'bulk’s exception',
      { status: 400, body: { exceptionCode: 'InvalidJob', exceptionMessage: 'm' } },
      { details: { errorCode: 'InvalidJob' } },
    ],
    [
      'XML',
      {
        status: 400,
        headers: { 'content-type': 'application/xml' },
        body: '<?xml version="1.0"?><Errors><Error><errorCode>NOT_FOUND</errorCode><message>gone</message></Error></Errors>',
      },
      { details: { errorCode: 'NOT_FOUND' } },
    ],
    [
      'a form',
      {
        status: 400,
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: 'error=unsupported_token_type&error_description=no',
      },
      { details: { errorCode: 'unsupported_token_type' } },
    ],
    [
      'an empty body',
      { status: 404 },
      { code: 'SALESFORCE_ERROR', details: { status: 404, errorCode: null } },
    ],
    ['broken JSON', { status: 400, body: '[{"errorCode":' }, { code: 'SALESFORCE_ERROR' }],
    [
      'a too long URL',
      { status: 414, body: 'URI Too Long' },
      { code: 'SALESFORCE_ERROR', details: { status: 414 } },
    ],
    [
      'a deleted scratch org',
      { status: 420, ...html, body: '<html>down</html>' },
      { code: 'ORG_UNAVAILABLE', details: { status: 420 } },
    ],
    [
      'a redirect',
      { status: 302, headers: { location: 'https://evil.example/' } },
      { code: 'SALESFORCE_ERROR', details: { status: 302 } },
    ],
  ])('with %s', async (_, answer, expected) => {
    await using c = await connected();
    c.org.script(answer);
    const error = await failure(c.remote.of(contact).count(null));
    expect(error).toMatchObject(expected);
    expect(error.message).not.toMatch(/\n/);
    expect(c.org.seen).toHaveLength(1);
  });

  it('that is a page for people says that the org is unavailable, whatever its status', async () => {
    for (const status of [200, 403, 500, 503]) {
      await using c = await connected();
      c.org.always({ status, ...html, body: '<!DOCTYPE html><html>Maintenance</html>' });
      const error = await failure(c.remote.of(contact).count(null));
      expect(error).toMatchObject({ code: 'ORG_UNAVAILABLE', details: { status } });
      expect(error.message).not.toMatch(/</);
      expect(c.org.seen).toHaveLength(6);
    }
  });

  it('with 500 is repeated twice, and then told as Salesforce failing for now', async () => {
    const bodies = [
      apiFault('UNKNOWN_EXCEPTION', 'An unexpected error occurred.'),
      apiFault('CODE_OF_NEXT_YEAR', 'news'),
      { headers: { 'content-type': 'text/plain' }, body: 'Internal Server Error' },
      { body: '' },
    ];
    for (const body of bodies) {
      await using c = await connected();
      c.org.always({ status: 500, ...body });
      expect(await failure(c.remote.of(contact).count(null))).toMatchObject({
        code: 'ORG_UNAVAILABLE',
        message: expect.stringMatching(/UNKNOWN_EXCEPTION|CODE_OF_NEXT_YEAR|HTTP 500/),
        details: { status: 500 },
        hint: expect.stringMatching(/failed inside Salesforce.*run the command again/),
      });
      expect(c.org.seen).toHaveLength(3);
    }
  });

  it('with 500 and a code that says what is wrong is told by the code', async () => {
    await using c = await connected();
    c.org.always({ status: 500, ...apiFault('MALFORMED_QUERY', 'unexpected token') });
    expect(await failure(c.remote.of(contact).count(null))).toMatchObject({ code: 'SALESFORCE_ERROR' });
  });

  it('with 501 is a part that the server lacks, which no later try mends', async () => {
    await using c = await connected();
    c.org.always({ status: 501, body: '' });
    expect(await failure(c.remote.of(contact).count(null))).toMatchObject({ code: 'SALESFORCE_ERROR' });
    expect(c.org.seen).toHaveLength(1);
  });

  it('blames the request for UNKNOWN_EXCEPTION with 400 only', async () => {
    await using c = await connected();
    c.org.always({ status: 400, ...apiFault('UNKNOWN_EXCEPTION', 'An unexpected error occurred.') });
    expect(await failure(c.remote.of(contact).count(null))).toMatchObject({
      hint: expect.stringMatching(/request itself is wrong/),
    });
  });

  it('says what to do although the code is not known', async () => {
    await using c = await connected();
    c.org.always({ status: 400, ...apiFault('CODE_OF_NEXT_YEAR', 'news') });
    expect(await failure(c.remote.of(contact).count(null))).toMatchObject({
      code: 'SALESFORCE_ERROR',
      hint: expect.stringMatching(/--verbose/),
    });
  });

  it.each([200, 403])('does not take a page for people with %i for maintenance alone', async (status) => {
    await using c = await connected();
    c.org.always({ status, ...html, body: '<html>blocked by the firewall</html>' });
    expect(await failure(c.remote.of(contact).count(null))).toMatchObject({
      code: 'ORG_UNAVAILABLE',
      message: expect.stringMatching(/page for people/),
      hint: expect.stringMatching(/proxy/),
    });
  });

  it.each([
    ['text', 'hello'],
    ['an array', '[]'],
    ['another object', '{"hello":1}'],
    ['nothing', ''],
  ])('is made of a 200 with %s', async (_, body) => {
    await using c = await connected();
    c.org.script({ body });
    expect(await failure(c.remote.of(contact).count(null))).toMatchObject({
      code: 'SALESFORCE_ERROR',
      details: { status: 200 },
    });
  });
});

describe('the access token', () => {
  it('does not follow an HTTP library’s error into ours', () => {
    const headers = { authorization: `Bearer ${secretToken}` };
    const inner = Object.assign(new Error('inner'), { code: 'ECONNRESET', request: { headers } });
    const thrown = Object.assign(new TypeError('fetch failed', { cause: inner }), { headers });
    const { error } = networkError(thrown, 'GET /x', 'org.example');
    expect(inspect(error, { depth: 20, showHidden: true })).not.toContain('SECRET');
    expect(error).toMatchObject({
      cause: { message: 'fetch failed', cause: { message: 'inner', code: 'ECONNRESET' } },
    });
  });

  it('is in no error, no cause and no log line, whatever goes wrong', async () => {
    const lines: unknown[] = [];
    const note = (...line: unknown[]) => void lines.push(line);
    const log: Logger = { debug: note, info: note, warn: note, error: note };
    await using c = await connected({ log });
    const broken: ScriptedAnswer[] = [
      { status: 401, ...apiFault('INVALID_SESSION_ID', 'expired') },
      { status: 401 },
      { status: 400, ...apiFault('X', 'y') },
      { status: 302 },
      { body: 'text' },
    ];
    const errors: unknown[] = [];
    const { remote } = c;
    const calls = [
      () => remote.of(contact).count(null),
      () => remote.of(contact).describe(),
      () => remote.of(contact).changes.updated({ start: 0, end: 60_000 }),
      () => remote.identity(),
      () => remote.bulk.info('750x'),
      () => remote.of(contact).writes.createMany([{ LastName: 'A' }]),
      () => remote.of(contact).writes.createIdempotent({ key: 'k', fields: {} }),
    ];
    for (const call of calls) {
      for (const answer of broken) {
        c.org.always(answer);
        errors.push(await call().catch((error: unknown) => error));
      }
      c.org.always((_, response) => void response.destroy());
      errors.push(await call().catch((error: unknown) => error));
    }
    await c.org[Symbol.asyncDispose]();
    for (const call of calls) errors.push(await call().catch((error: unknown) => error));
    expect(errors).toHaveLength(calls.length * 7);
    const everything = inspect([errors, lines], {
      depth: 20,
      showHidden: true,
      maxStringLength: null,
      maxArrayLength: null,
    });
    expect(everything).not.toContain('SECRET');
    expect(everything).toContain('NETWORK_UNREACHABLE');
    expect(c.org.seen.every((r) => String(r.headers.authorization).startsWith(`Bearer ${secretToken}`))).toBe(
      true,
    );
    expect(c.org.seen.some((r) => r.url.includes('SECRET'))).toBe(false);
  });
});

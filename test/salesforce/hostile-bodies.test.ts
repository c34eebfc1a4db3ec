import type { ServerResponse } from 'node:http';
import { inspect } from 'node:util';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { isAppError } from '../../src/base/errors.ts';
import { contact } from '../../src/org/synced-object.ts';
import { recordError, recordErrors } from '../../src/salesforce/record-error.ts';
import type { Remote } from '../../src/sync/ports/remote.ts';
import { connected, failure, secretToken } from './connected.ts';

const megabyte = 1024 * 1024;
const window = { start: Date.UTC(2026, 0, 31, 11), end: Date.UTC(2026, 0, 31, 12) };

/** A megabyte of one character, `times` times: gzip members may follow one another (RFC 1952, section 2.2). */
function bomb(character: string, times: number): Buffer {
  return Buffer.concat(Array(times).fill(gzipSync(character.repeat(megabyte), { level: 9 })));
}

const calls: [string, (remote: Remote) => Promise<unknown>][] = [
  ['describe', (remote) => remote.of(contact).describe()],
  ['limits', (remote) => remote.usage.limits()],
  ['identity', (remote) => remote.identity()],
  ['count', (remote) => remote.of(contact).count(null)],
  ['query', (remote) => remote.queries.all('SELECT Id FROM Contact')],
  ['updated', (remote) => remote.of(contact).changes.updated(window)],
  ['deleted', (remote) => remote.of(contact).changes.deleted(window)],
  ['bulk.info', (remote) => remote.bulk.info('750000000000001AAA')],
  ['bulk.create', (remote) => remote.bulk.create('SELECT Id FROM Contact', 'query')],
];

describe('an answer that unpacks to a gigabyte', () => {
  it.each(calls)('ends %s in seconds and megabytes', async (_, call) => {
    await using c = await connected();
    const body = bomb(' ', 1_024);
    expect(body.length).toBeLessThan(2 * megabyte);
    c.org.always({ headers: { 'content-encoding': 'gzip' }, body });
    const before = process.memoryUsage().rss;
    const error = await failure(call(c.remote));
    expect(isAppError(error, 'SALESFORCE_ERROR')).toBe(true);
    expect(error.message).toMatch(/more than \d+ MB, which Salesforce never sends there/);
    // A bound, not a measurement: unbounded it is 2 GB and more.
    expect(process.memoryUsage().rss - before).toBeLessThan(400 * megabyte);
  });

  it('leaves a write in doubt, for it may have been done', async () => {
    await using c = await connected();
    c.org.always({ headers: { 'content-encoding': 'gzip' }, body: bomb(' ', 100) });
    const [outcome] = await c.remote.of(contact).writes.createMany([{ LastName: 'A' }]);
    expect(outcome).toMatchObject({
      kind: 'unknown',
      error: { code: 'SALESFORCE_ERROR', message: expect.stringContaining('more than 16 MB') },
    });
    expect(c.org.seen).toHaveLength(1);
  });

  it('ends an error answer at its first kilobytes', async () => {
    await using c = await connected();
    const body = bomb('x', 1_024);
    c.org.always({ status: 400, headers: { 'content-encoding': 'gzip' }, body });
    const error = await failure(c.remote.usage.limits());
    expect(error.message.length).toBeLessThan(700);
  });
});

describe('an answer that becomes much memory', () => {
  it.each([
    ['of empty objects', `[${'{},'.repeat(3 * megabyte)}{}]`],
    ['of empty lists', `{"a":[${'[],'.repeat(3 * megabyte)}[]]}`],
    ['nested deeply', `${'['.repeat(megabyte)}${']'.repeat(megabyte)}`],
  ])('%s is not parsed', async (_, body) => {
    await using c = await connected();
    c.org.always({ headers: { 'content-encoding': 'gzip' }, body: gzipSync(body) });
    const error = await failure(c.remote.of(contact).describe());
    expect(isAppError(error, 'SALESFORCE_ERROR')).toBe(true);
    expect(error.message).toContain('more values than Salesforce ever sends');
  });

  it('takes the 600,000 ids that Salesforce may tell in one answer', async () => {
    await using c = await connected();
    const id = (i: number) => `003000000${String(i).padStart(6, '0')}AAA`;
    const numbers = Array.from({ length: 600_000 }, (_, i) => i);
    const covered = { latestDateCovered: '2026-01-31T12:00:00.000+0000' };
    c.org.script({ body: { ids: numbers.map(id), ...covered } });
    expect((await c.remote.of(contact).changes.updated(window)).ids).toHaveLength(600_000);
    const deletedDate = '2026-01-31T11:30:00.000+0000';
    const deletedRecords = numbers.map((i) => ({ deletedDate, id: id(i) }));
    c.org.script({ body: { deletedRecords, earliestDateAvailable: deletedDate, ...covered } });
    expect((await c.remote.of(contact).changes.deleted(window)).records).toHaveLength(600_000);
  });
});

describe('headers beyond measure', () => {
  it('are the org’s fault, told so', async () => {
    await using c = await connected();
    c.org.always({ headers: { 'x-many': 'x'.repeat(60_000) }, body: {} });
    const error = await failure(c.remote.usage.limits());
    expect(isAppError(error, 'SALESFORCE_ERROR')).toBe(true);
    expect(error.message).toContain('headers');
  });
});

/** Writes a byte now and then until the client hangs up. */
function drip(response: ServerResponse, type = 'application/json'): void {
  response.writeHead(200, { 'content-type': type });
  const timer = setInterval(() => response.write(' '), 20);
  response.once('close', () => clearInterval(timer));
}

describe('an answer that drips', () => {
  const pace = { graceMs: 200, leastBytesPerSecond: 2_000 };

  it('read whole is given up by its size so far', async () => {
    await using c = await connected({ pace });
    c.org.always((_, response) => drip(response));
    const error = await failure(c.remote.usage.limits());
    expect(isAppError(error, 'TIMEOUT')).toBe(true);
    expect(error.message).toContain('too slowly');
  });

  it.each(['query', 'bulk'])('read as a stream (%s) is given up too', async (kind) => {
    await using c = await connected({ pace });
    if (kind === 'bulk') {
      const job = {
        id: '750000000000001AAA',
        state: 'JobComplete',
        createdDate: '2026-01-31T11:00:00.000+0000',
      };
      c.org.script({ body: job });
    }
    c.org.always((_, response) => drip(response));
    const page =
      kind === 'query'
        ? await c.remote.queries.page('SELECT Id FROM Contact', ['Id'])
        : (await c.remote.bulk.results('750000000000001AAA', ['Id'])).body;
    const error = await failure(
      (async () => {
        for await (const _ of page.blocks);
      })(),
    );
    expect(isAppError(error, 'TIMEOUT')).toBe(true);
  });

  it.each([
    // A deflate stream may hold any number of empty blocks, and a gzip header a name without end.
    ['empty blocks', '1f8b0800000000000003', '000000ffff'],
    ['a file name', '1f8b0808000000000003', '78'],
  ])('without a byte of text (%s) is given up as well', async (_, start, more) => {
    await using c = await connected({ pace });
    c.org.always((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' });
      response.write(Buffer.from(start, 'hex'));
      const timer = setInterval(() => response.write(Buffer.from(more, 'hex')), 20);
      response.once('close', () => clearInterval(timer));
    });
    const page = await c.remote.queries.page('SELECT Id FROM Contact', ['Id']);
    const error = await failure(
      (async () => {
        for await (const _ of page.blocks);
      })(),
    );
    expect(isAppError(error, 'TIMEOUT')).toBe(true);
    expect(error.message).toContain('too slowly');
  });

  it('is no drip where our own side takes its time', async () => {
    await using c = await connected({ pace: { graceMs: 50, leastBytesPerSecond: 50 * megabyte } });
    c.org.script({ body: Buffer.alloc(2 * megabyte, 32) });
    const page = await c.remote.queries.page('SELECT Id FROM Contact', ['Id']);
    let bytes = 0;
    for await (const block of page.blocks) {
      bytes += block.length;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    expect(bytes).toBe(2 * megabyte);
  });
});

describe('an answer that echoes the access token', () => {
  const secret = secretToken.split('!')[1] ?? '';
  const forms = {
    plain: secretToken,
    encoded: encodeURIComponent(secretToken).replace('!', '%21'),
    escaped: JSON.stringify(secretToken).replaceAll('!', '\\u0021').replaceAll('_', '\\u005f').slice(1, -1),
    base64: Buffer.from(`Bearer ${secretToken}`).toString('base64'),
    'its secret part': secret,
  };
  const fragments = [secret, secret.replaceAll('_', '\\u005f'), forms.base64.slice(20, 40)];
  const isClean = (told: unknown) => {
    // Errors too, whose own properties JSON leaves out, with what caused them.
    const text = inspect(told, { depth: 10 });
    for (const part of fragments) expect(text).not.toContain(part);
  };

  it.each(Object.entries(forms))('in an error (%s) is not repeated by it', async (_, echoed) => {
    await using c = await connected();
    const bodies = [
      `[{"errorCode":"X","message":"bad header ${echoed}","fields":["${echoed}"]}]`,
      `[{"errorCode":"${echoed}","message":"m"}]`,
      `<Errors><Error><errorCode>X</errorCode><message>${echoed}</message></Error></Errors>`,
      `error=x&error_description=${echoed}`,
      `Authorization: Bearer ${echoed}`,
    ];
    for (const body of bodies) {
      c.org.script({ status: 400, headers: { 'content-type': 'text/plain' }, body });
      const error = await failure(c.remote.usage.limits());
      expect(error.message + JSON.stringify((error as { details?: unknown }).details)).toContain('hidden');
      isClean(error);
    }
  });

  it.each(Object.entries(forms))(
    'in the outcome of a record (%s) is not repeated by it',
    async (_, echoed) => {
      await using c = await connected();
      const error = `{"statusCode":"X","message":"${echoed}","fields":["${echoed}"]}`;
      c.org.script({ body: `[{"success":false,"errors":[${error}]}]` });
      const [outcome] = await c.remote.of(contact).writes.createMany([{ LastName: 'A' }]);
      expect(outcome?.kind).toBe('refused');
      isClean(outcome);
      c.org.script({
        status: 400,
        body: `[{"errorCode":"REQUIRED_FIELD_MISSING","message":"${echoed}","fields":[]}]`,
      });
      isClean(await c.remote.of(contact).writes.createIdempotent({ key: crypto.randomUUID(), fields: {} }));
    },
  );

  it('in a failed bulk job is not repeated by it', async () => {
    await using c = await connected();
    const job = { id: '750000000000001AAA', state: 'Failed', createdDate: '2026-01-31T11:00:00.000+0000' };
    c.org.script({ body: { ...job, errorMessage: `for ${secretToken}` } });
    const { errorMessage } = await c.remote.bulk.info('750000000000001AAA');
    expect(errorMessage).toBe('for [hidden]');
  });
});

describe('texts of an error without measure', () => {
  it('are cut before they are searched', () => {
    const long = 'x'.repeat(200_000);
    const error = recordError(contact, {
      statusCode: long,
      message: ` ${long}`.repeat(20),
      fields: Array(10_000).fill(long),
    });
    expect(error.code.length).toBeLessThanOrEqual(100);
    expect(error.message.length).toBeLessThanOrEqual(500);
    expect(JSON.stringify(error.fields).length).toBeLessThan(10_000);
    for (const body of [
      JSON.stringify([{ errorCode: long, message: long }]),
      `<e>${'<errorCode>'.repeat(20_000)}`,
      `error=${long}`,
      ' '.repeat(200_000),
      `{${' '.repeat(200_000)}`,
    ]) {
      const started = performance.now();
      expect(JSON.stringify(recordErrors(contact, 'text/plain', body)).length).toBeLessThan(2_000);
      // A bound against hanging.
      expect(performance.now() - started).toBeLessThan(2_000);
    }
  });
});

import { type AddressInfo, createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { fullId } from '../../src/org/record-id.ts';
import { contact } from '../../src/org/synced-object.ts';
import { connectRemote } from '../../src/salesforce/connect-remote.ts';
import type { TokenSupplier } from '../../src/salesforce/token-supplier.ts';
import { openWire } from '../../src/wire/open-wire.ts';
import { apiFault, connected, failure, secretToken } from './connected.ts';
import { give } from './scripted-org.ts';

const ids = ['003000000000001AAA', '003000000000002AAQ', '003000000000003AAA'];
const saved = (id: string | undefined) => ({ id, success: true, errors: [] });
const failed = (statusCode: string, message = 'x', fields: string[] = []) => ({
  success: false,
  errors: [{ statusCode, message, fields }],
});
const people = (n: number) => Array.from({ length: n }, (_, i) => ({ LastName: `P${i}` }));

describe('a collection', () => {
  it('creates by one request of the documented form', async () => {
    await using c = await connected();
    c.org.script({ body: [saved(ids[0]), saved(ids[1])] });
    const outcomes = await c.remote
      .of(contact)
      .writes.createMany([{ LastName: 'Ä' }, { LastName: 'B', Id: 'x' }], {
        allowDuplicates: true,
      });
    expect(outcomes).toEqual([
      { kind: 'done', id: ids[0], created: true },
      { kind: 'done', id: ids[1], created: true },
    ]);
    const [request] = c.org.seen;
    expect(request).toMatchObject({ method: 'POST', url: '/services/data/v62.0/composite/sobjects' });
    expect(JSON.parse(request?.body ?? '')).toEqual({
      allOrNone: false,
      records: [
        { attributes: { type: 'Contact' }, LastName: 'Ä' },
        { attributes: { type: 'Contact' }, LastName: 'B' },
      ],
    });
    expect(request?.headers).toMatchObject({
      authorization: `Bearer ${secretToken}`,
      'content-type': 'application/json; charset=utf-8',
      'content-length': String(Buffer.byteLength(request?.body ?? '')),
      'sforce-duplicate-rule-header': 'allowSave=true',
      'sforce-call-options': 'client=parahack-sync',
    });
  });

  it('updates, deletes and upserts in the order given', async () => {
    await using c = await connected();
    const { writes } = c.remote.of(contact);
    c.org.script({ body: [saved(ids[0])] });
    expect(await writes.updateMany([{ Id: ids[0], LastName: 'C' }])).toEqual([
      { kind: 'done', id: ids[0], created: false },
    ]);
    expect(JSON.parse(c.org.seen[0]?.body ?? '').records).toEqual([
      { id: ids[0], attributes: { type: 'Contact' }, LastName: 'C' },
    ]);
    c.org.script({ body: [saved(ids[0]), failed('ENTITY_IS_DELETED', 'entity is deleted')] });
    expect(await writes.deleteMany(ids.slice(0, 2), { allOrNone: true })).toEqual([
      { kind: 'done', id: ids[0], created: false },
      { kind: 'refused', errors: [{ code: 'ENTITY_IS_DELETED', message: 'entity is deleted', fields: [] }] },
    ]);
    expect(c.org.seen[1]).toMatchObject({
      method: 'DELETE',
      url: `/services/data/v62.0/composite/sobjects?ids=${ids[0]},${ids[1]}&allOrNone=true`,
    });
    c.org.script({
      body: [
        { ...saved(ids[0]), created: true },
        { ...saved(ids[1]), created: false },
      ],
    });
    expect(await writes.upsertMany('Ext__c', [{ Ext__c: 1 }, { Ext__c: 2 }])).toEqual([
      { kind: 'done', id: ids[0], created: true },
      { kind: 'done', id: ids[1], created: false },
    ]);
    expect(c.org.seen[2]).toMatchObject({
      method: 'PATCH',
      url: '/services/data/v62.0/composite/sobjects/Contact/Ext__c',
    });
  });

  it('asks for the short answer of a collection as it is, and for all others packed', async () => {
    await using c = await connected({ gzip: true });
    const { writes, describe } = c.remote.of(contact);
    c.org.script({ body: [saved(ids[0])] });
    await writes.createMany(people(1), { allowDuplicates: true });
    c.org.script({ body: { fields: [] } });
    await describe().catch(() => {});
    expect(c.org.seen.map(({ headers }) => headers['accept-encoding'])).toEqual(['identity', 'gzip']);
  });

  it('tells a locked row, which passes, from a refusal, which does not', async () => {
    await using c = await connected();
    c.org.script({
      body: [
        failed('UNABLE_TO_LOCK_ROW'),
        failed('REQUIRED_FIELD_MISSING', 'm', ['LastName']),
        saved(ids[2]),
      ],
    });
    expect(await c.remote.of(contact).writes.createMany(people(3))).toMatchObject([
      { kind: 'not-done', error: { details: { errorCode: 'UNABLE_TO_LOCK_ROW' } } },
      { kind: 'refused', errors: [{ code: 'REQUIRED_FIELD_MISSING', message: 'm', fields: ['LastName'] }] },
      { kind: 'done' },
    ]);
  });

  it('gives what was only rolled back the fate of its culprit', async () => {
    await using c = await connected();
    const rolledBack = failed('ALL_OR_NONE_OPERATION_ROLLED_BACK');
    c.org.script({ body: [rolledBack, failed('STRING_TOO_LONG')] });
    expect(await c.remote.of(contact).writes.createMany(people(2), { allOrNone: true })).toMatchObject([
      { kind: 'refused', errors: [{ code: 'ALL_OR_NONE_OPERATION_ROLLED_BACK' }] },
      { kind: 'refused' },
    ]);
    c.org.script({ body: [rolledBack, failed('UNABLE_TO_LOCK_ROW')] });
    expect(await c.remote.of(contact).writes.createMany(people(2), { allOrNone: true })).toMatchObject([
      { kind: 'not-done' },
      { kind: 'not-done' },
    ]);
  });

  it('refuses a locked row beside a refusal where all fall together: it must not go alone later', async () => {
    await using c = await connected();
    const body = ['UNABLE_TO_LOCK_ROW', 'STRING_TOO_LONG', 'ALL_OR_NONE_OPERATION_ROLLED_BACK'];
    c.org.script({ body: body.map((code) => failed(code)) });
    expect(await c.remote.of(contact).writes.createMany(people(3), { allOrNone: true })).toMatchObject(
      body.map((code) => ({ kind: 'refused', errors: [{ code }] })),
    );
  });

  it('keeps the ids of the duplicates that a rule found', async () => {
    await using c = await connected();
    const matchRecords = [{ record: { attributes: {}, Id: ids[1] } }, { record: { Id: ids[2] } }];
    const duplicateResut = { allowSave: true, matchResults: [{ matchRecords }] };
    c.org.script({
      body: [
        {
          success: false,
          errors: [{ statusCode: 'DUPLICATES_DETECTED', message: 'Use one of these?', duplicateResut }],
        },
      ],
    });
    expect(await c.remote.of(contact).writes.createMany(people(1))).toEqual([
      {
        kind: 'refused',
        errors: [
          {
            code: 'DUPLICATES_DETECTED',
            message: `Use one of these? (duplicates: ${ids[1]}, ${ids[2]})`,
            duplicates: [ids[1], ids[2]],
            fields: [],
          },
        ],
      },
    ]);
  });

  it('that one record spoils as a whole is sent in halves until the culprit stands alone', async () => {
    await using c = await connected();
    const idOf = ({ LastName }: { LastName: string }) => fullId(`0030000000000${LastName}`);
    c.org.always((request, response) => {
      const { records } = JSON.parse(request.body) as { records: { LastName: string }[] };
      const bad = records.some((r) => r.LastName === 'P5');
      give(
        response,
        bad
          ? { status: 400, ...apiFault('JSON_PARSER_ERROR', 'no') }
          : { body: records.map((r) => saved(idOf(r))) },
      );
    });
    const outcomes = await c.remote.of(contact).writes.createMany(people(8));
    expect(outcomes.map((o) => (o.kind === 'done' ? o.id : o.kind))).toEqual(
      people(8).map((p) => (p.LastName === 'P5' ? 'refused' : idOf(p))),
    );
    c.org.seen.length = 0;
    const together = await c.remote.of(contact).writes.createMany(people(8), { allOrNone: true });
    expect(together.map((o) => o.kind)).toEqual(Array(8).fill('refused'));
    expect(c.org.seen).toHaveLength(1);
  });

  it.each([404, 400, 413, 500, 503])(
    'of which a %s says nothing is sent once, and never in halves',
    async (status) => {
      await using c = await connected();
      c.org.always((_, response) => give(response, { status, body: '<html>No.</html>' }));
      const outcomes = await c.remote.of(contact).writes.createMany(people(8));
      expect(outcomes.map((o) => o.kind)).toEqual(Array(8).fill('unknown'));
      expect(c.org.seen).toHaveLength(1);
    },
  );

  it('takes no more than 200 records and asks nothing for none', async () => {
    await using c = await connected();
    expect(await c.remote.of(contact).writes.createMany([])).toEqual([]);
    expect(await failure(c.remote.of(contact).writes.createMany(people(201)))).toMatchObject({
      code: 'INVALID_INPUT',
    });
    expect(c.org.seen).toHaveLength(0);
  });

  it('is refused for a record without its external id, and the others go on', async () => {
    await using c = await connected();
    c.org.script({ body: [{ ...saved(ids[0]), created: true }] });
    expect(
      await c.remote.of(contact).writes.upsertMany('Ext__c', [{ Ext__c: 'a' }, { LastName: 'B' }]),
    ).toMatchObject([{ kind: 'done' }, { kind: 'refused', errors: [{ code: 'INVALID_INPUT' }] }]);
  });
});

const cut = (_: unknown, response: import('node:http').ServerResponse) => void response.destroy();
const broken = (_: unknown, response: import('node:http').ServerResponse) => {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' });
  response.write('[', () => response.destroy());
};

describe('a write is sent once, and', () => {
  it.each([
    ['a cut', cut],
    ['a cut within the answer', broken],
    ['503, even with Retry-After', { status: 503, headers: { 'retry-after': '1' } }],
    ['500', { status: 500, ...apiFault('UNKNOWN_EXCEPTION', 'gack') }],
    ['502 without a body', { status: 502 }],
    [
      'a maintenance page with status 200',
      { headers: { 'content-type': 'text/html' }, body: '<html>Soon</html>' },
    ],
    ['200 without a body', {}],
    ['200 with something else', { body: { hello: 1 } }],
    ['too few results', { body: [saved(ids[0])] }],
    ['a redirect', { status: 302, headers: { location: 'https://elsewhere.example/' } }],
    ...[400, 403, 404, 405, 408, 409, 410, 412, 413, 415, 420, 422].map((status): [string, object] => [
      `${status} without a reason`,
      { status },
    ]),
    ['404', { status: 404, ...apiFault('NOT_FOUND', 'The requested resource does not exist') }],
    ['403 for the whole org', { status: 403, ...apiFault('API_DISABLED_FOR_ORG', 'no API') }],
    ['a feature that is off', { status: 400, ...apiFault('FUNCTIONALITY_NOT_ENABLED', 'off') }],
  ])('%s leaves it in doubt', async (_, answer) => {
    await using c = await connected();
    c.org.script(answer);
    const outcomes = await c.remote.of(contact).writes.createMany(people(2));
    expect(outcomes.map((o) => o.kind)).toEqual(['unknown', 'unknown']);
    c.org.script(answer);
    const one = await c.remote.of(contact).writes.createIdempotent({ key: 'k', fields: { LastName: 'A' } });
    expect(one).toMatchObject({ kind: 'unknown' });
    expect(c.org.seen).toHaveLength(2);
    expect(c.waits).toEqual([]);
  });

  it('a success leaves its record in doubt where its Id cannot be the one', async () => {
    await using c = await connected();
    const { writes } = c.remote.of(contact);
    const kinds = async (outcomes: Promise<{ kind: string }[]>) => (await outcomes).map(({ kind }) => kind);
    const [first, second] = ids as [string, string];
    const odd = ['', 'x', '001000000000001AAA', first.slice(0, 14), 7];
    c.org.script({ body: [first, first, ...odd].map((id) => saved(id as string)) });
    expect(await kinds(writes.createMany(people(7)))).toEqual(['done', ...Array(6).fill('unknown')]);
    c.org.script({ body: [second, second, null].map((id) => saved(id as string)) });
    const updates = [first, second, ids[2]!].map((Id) => ({ Id, Title: 'T' }));
    expect(await kinds(writes.updateMany(updates))).toEqual(['unknown', 'done', 'done']);
    for (const id of odd) {
      c.org.script({ status: 201, body: { id } });
      const one = await writes.createIdempotent({ key: 'k', fields: { LastName: 'A' } });
      expect(one).toMatchObject({ kind: 'unknown' });
    }
  });

  it('a result that says neither yes nor no leaves its record in doubt', async () => {
    await using c = await connected();
    c.org.script({ body: [saved(ids[0]), null, {}] });
    const outcomes = await c.remote.of(contact).writes.createMany(people(3));
    expect(outcomes.map(({ kind }) => kind)).toEqual(['done', 'unknown', 'unknown']);
  });

  it.each([
    [
      'the daily limit',
      { status: 403, ...apiFault('REQUEST_LIMIT_EXCEEDED', 'TotalRequests Limit exceeded.') },
    ],
    ['429', { status: 429, headers: { 'retry-after': '5' } }],
    ['401 after a renewal', { status: 401, ...apiFault('INVALID_SESSION_ID', 'expired') }],
  ])('%s says that it was not done', async (_, answer) => {
    await using c = await connected();
    c.org.always(answer);
    expect(await c.remote.of(contact).writes.createMany(people(2))).toMatchObject([
      { kind: 'not-done' },
      { kind: 'not-done' },
    ]);
    expect(await c.remote.of(contact).writes.createIdempotent({ key: 'k', fields: {} })).toMatchObject({
      kind: 'not-done',
    });
    expect(c.waits).toEqual([]);
  });

  it('a host that does not listen says that it was not done', async () => {
    const c = await connected();
    await c.org[Symbol.asyncDispose]();
    expect(await c.remote.of(contact).writes.createMany(people(1))).toMatchObject([
      { kind: 'not-done', error: { code: 'NETWORK_UNREACHABLE' } },
    ]);
    await c.wire.close();
  });

  it('a connection that is reset within its handshake says that it was not done', async () => {
    const server = createServer((socket) => socket.once('data', () => socket.resetAndDestroy()));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const wire = openWire();
    const session: TokenSupplier = {
      instanceUrl: `https://127.0.0.1:${port}`,
      userId: '005000000000001AAA',
      accessToken: async () => secretToken,
      renew: async () => secretToken,
    };
    const { writes } = connectRemote({ session, apiVersion: '62.0', wire }).of(contact);
    for (const outcomes of [await writes.createMany(people(1)), await writes.deleteMany([ids[0]!])]) {
      expect(outcomes).toMatchObject([
        { kind: 'not-done', error: { code: 'NETWORK_UNREACHABLE', details: { network: 'unreachable' } } },
      ]);
    }
    await wire.close();
    server.close();
  });

  it('is sent again only after a 401 and with a new token', async () => {
    await using c = await connected();
    c.org.script({ status: 401, ...apiFault('INVALID_SESSION_ID', 'expired') }, { body: [saved(ids[0])] });
    expect(await c.remote.of(contact).writes.createMany(people(1))).toMatchObject([
      { kind: 'done', id: ids[0] },
    ]);
    expect(c.org.seen[1]?.body).toBe(c.org.seen[0]?.body);
  });

  it('an abort before sending is thrown, one in flight leaves it in doubt', async () => {
    await using c = await connected();
    const early = AbortSignal.abort();
    expect((await failure(c.remote.of(contact).writes.createMany(people(1), { signal: early }))).name).toBe(
      'AbortError',
    );
    const idempotent = c.remote
      .of(contact)
      .writes.createIdempotent({ key: 'k', fields: {} }, { signal: early });
    expect((await failure(idempotent)).name).toBe('AbortError');
    const controller = new AbortController();
    c.org.script(() => controller.abort());
    const [outcome] = await c.remote.of(contact).writes.createMany(people(1), { signal: controller.signal });
    expect(outcome).toMatchObject({ kind: 'unknown', error: { name: 'AbortError' } });
  });
});

describe('an idempotent create', () => {
  const create = { key: '12cfe4e6-e477-4de8-aa4e-95d31aa2be24', fields: { LastName: 'A' } };

  it('carries its key and the UI API’s body', async () => {
    await using c = await connected();
    c.org.script({ status: 201, body: { apiName: 'Contact', id: ids[0], fields: {} } });
    expect(await c.remote.of(contact).writes.createIdempotent(create, { allowDuplicates: true })).toEqual({
      kind: 'done',
      id: ids[0],
      created: true,
    });
    expect(c.org.seen[0]).toMatchObject({
      method: 'POST',
      url: '/services/data/v62.0/ui-api/records',
      headers: { 'idempotency-key': create.key },
    });
    expect(JSON.parse(c.org.seen[0]?.body ?? '')).toEqual({
      apiName: 'Contact',
      fields: { LastName: 'A' },
      allowSaveOnDuplicate: true,
    });
  });

  it.each([
    { status: 400, ...apiFault('IDEMPOTENCY_NOT_SUPPORTED', 'Idempotency not supported') },
    { status: 400, ...apiFault('IDEMPOTENCY_FEATURE_NOT_ENABLED', 'Not enabled') },
    { status: 400, ...apiFault('INVALID_HEADER', 'Idempotency not supported. Remove the header.') },
  ])('is unsupported where the org says so: %o', async (answer) => {
    await using c = await connected();
    c.org.script(answer);
    expect(await c.remote.of(contact).writes.createIdempotent(create)).toBe('unsupported');
  });

  it.each([404, 403, 405, 500])('is not unsupported by the same words with status %i', async (status) => {
    await using c = await connected();
    c.org.script({ status, ...apiFault('IDEMPOTENCY_NOT_SUPPORTED', 'Idempotency not supported') });
    expect(await c.remote.of(contact).writes.createIdempotent(create)).toMatchObject({ kind: 'unknown' });
  });

  it('waits for a locked row as a collection does, in either form of the answer', async () => {
    await using c = await connected();
    const locked = { errorCode: 'UNABLE_TO_LOCK_ROW', message: 'unable to obtain exclusive access' };
    for (const body of [[locked], [{ errorCode: 'X', output: { errors: [locked], fieldErrors: {} } }]]) {
      c.org.script({ status: 400, body });
      expect(await c.remote.of(contact).writes.createIdempotent(create)).toMatchObject({
        kind: 'not-done',
        error: { code: 'REFUSED_FOR_NOW', details: { errorCode: 'UNABLE_TO_LOCK_ROW' } },
      });
    }
  });

  it('is not tried before API 56', async () => {
    await using c = await connected({ apiVersion: '55.0' });
    expect(await c.remote.of(contact).writes.createIdempotent(create)).toBe('unsupported');
    expect(c.org.seen).toHaveLength(0);
  });

  it.each([
    { status: 409, ...apiFault('IDEMPOTENCY_CONCURRENT_REQUEST', 'in progress') },
    { status: 400, ...apiFault('IDEMPOTENCY_KEY_ALREADY_USED', 'used') },
  ])('stays in doubt while another request holds its key: %o', async (answer) => {
    await using c = await connected();
    c.org.script(answer);
    expect(await c.remote.of(contact).writes.createIdempotent(create)).toMatchObject({ kind: 'unknown' });
  });

  it('tells the UI API’s faults of the record and of each field', async () => {
    await using c = await connected();
    const fault = (errorCode: string, message: string, field: string | null = null) => ({
      constituentField: null,
      duplicateRecordError: null,
      errorCode,
      field,
      fieldLabel: field,
      message,
    });
    const output = {
      errors: [fault('FIELD_CUSTOM_VALIDATION_EXCEPTION', 'No.')],
      fieldErrors: { Email: [fault('INVALID_EMAIL_ADDRESS', 'Bad mail', 'Email')] },
    };
    const message = 'An error occurred while trying to create the record. Please try again.';
    c.org.script({
      status: 400,
      body: { enhancedErrorType: 'RecordError', message, output, statusCode: 400 },
    });
    expect(await c.remote.of(contact).writes.createIdempotent(create)).toEqual({
      kind: 'refused',
      errors: [
        { code: 'FIELD_CUSTOM_VALIDATION_EXCEPTION', message: 'No.', fields: [] },
        { code: 'INVALID_EMAIL_ADDRESS', message: 'Bad mail', fields: ['Email'] },
      ],
    });
  });

  it('keeps the duplicates of the UI API', async () => {
    await using c = await connected();
    const duplicateRecordError = { matchResults: [{ matchRecordIds: [ids[1]], apiName: 'Contact' }] };
    const errors = [{ errorCode: 'DUPLICATES_DETECTED', message: 'Dup', field: null, duplicateRecordError }];
    c.org.script({
      status: 400,
      body: [{ errorCode: 'X', message: 'm', output: { errors, fieldErrors: {} } }],
    });
    expect(await c.remote.of(contact).writes.createIdempotent(create)).toMatchObject({
      kind: 'refused',
      errors: [{ code: 'DUPLICATES_DETECTED', message: `Dup (duplicates: ${ids[1]})` }],
    });
  });
});

import { describe, expect, it } from 'vitest';
import { contact } from '../../src/org/synced-object.ts';
import type { IngestFile, IngestJobs, IngestRow } from '../../src/sync/ports/ingest-jobs.ts';
import { apiFault, type Connected, connected, failure } from './connected.ts';

const jobId = '750000000000001AAA';
const base = '/services/data/v62.0/jobs/ingest';
const job = (more: object = {}) => ({ id: jobId, object: 'Contact', state: 'Open', ...more });
const ingestOf = (c: Connected): IngestJobs => c.remote.of(contact).ingest;

async function* bytes(...parts: string[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield Buffer.from(part);
}

async function rowsOf(c: Connected, file: IngestFile, columns: string[]): Promise<IngestRow[]> {
  const rows: IngestRow[] = [];
  for await (const some of ingestOf(c).results(jobId, file, columns)) rows.push(...some);
  return rows;
}

const csv = (body: string) => ({ headers: { 'content-type': 'text/csv' }, body });

describe('an ingest job', () => {
  it('is made, filled, closed, looked at, aborted and deleted', async () => {
    await using c = await connected();
    const ingest = ingestOf(c);
    c.org.script({ body: job() });
    const made = await ingest.create({ operation: 'upsert', upsertField: 'Key__c' });
    const counted = { processed: 0, failed: 0, errorMessage: null };
    expect(made).toEqual({ id: jobId, state: 'Open', ...counted, changedAt: null });
    expect(JSON.parse(c.org.seen[0]?.body ?? '')).toEqual({
      object: 'Contact',
      operation: 'upsert',
      externalIdFieldName: 'Key__c',
      contentType: 'CSV',
      columnDelimiter: 'COMMA',
      lineEnding: 'LF',
    });
    c.org.script({ status: 201 });
    await ingest.upload(jobId, () => bytes('LastName\n', 'Ö\n'));
    expect(c.org.seen[1]).toMatchObject({
      method: 'PUT',
      url: `${base}/${jobId}/batches`,
      body: 'LastName\nÖ\n',
      headers: { 'content-type': 'text/csv; charset=UTF-8' },
    });
    c.org.script({ body: job({ state: 'UploadComplete' }) });
    expect((await ingest.close(jobId)).state).toBe('UploadComplete');
    expect(c.org.seen[2]).toMatchObject({ method: 'PATCH', body: '{"state":"UploadComplete"}' });
    const counts = { numberRecordsProcessed: 3, numberRecordsFailed: 1 };
    const systemModstamp = '2026-01-31T12:00:00.000+0000';
    c.org.script({ body: job({ state: 'Failed', errorMessage: 'no', systemModstamp, ...counts }) });
    expect(await ingest.info(jobId)).toMatchObject({
      state: 'Failed',
      processed: 3,
      failed: 1,
      errorMessage: 'no',
      changedAt: Date.UTC(2026, 0, 31, 12),
    });
    c.org.script({ body: job({ state: 'Aborted' }) }, { status: 204 });
    await ingest.abort(jobId);
    await ingest.delete(jobId);
    expect(c.org.seen.slice(4)).toMatchObject([
      { method: 'PATCH', body: '{"state":"Aborted"}' },
      { method: 'DELETE', url: `${base}/${jobId}` },
    ]);
  });

  it('is made again where the answer was lost, and filled and closed once, whatever comes back', async () => {
    const lost = [
      { status: 503 },
      { status: 404 },
      { headers: { 'content-type': 'text/html' }, body: '<html>Soon</html>' },
    ];
    for (const answer of lost) {
      await using c = await connected();
      const ingest = ingestOf(c);
      c.org.always(answer);
      await failure(ingest.upload(jobId, () => bytes('LastName\nA\n')));
      await failure(ingest.close(jobId));
      expect(c.org.seen.map(({ method }) => method)).toEqual(['PUT', 'PATCH']);
    }
    await using c = await connected();
    c.org.script((_, response) => void response.destroy(), { body: job() });
    expect((await ingestOf(c).create({ operation: 'insert' })).id).toBe(jobId);
    expect(c.org.seen).toHaveLength(2);
  });

  it('is filled anew from its beginning where the token had to be renewed', async () => {
    await using c = await connected();
    c.org.script({ status: 401, ...apiFault('INVALID_SESSION_ID', 'x') }, { status: 201 });
    await ingestOf(c).upload(jobId, () => bytes('LastName\n', 'A\n'));
    expect(c.org.seen.map(({ body }) => body)).toEqual(['LastName\nA\n', 'LastName\nA\n']);
  });

  it('is unknown by Salesforce’s own word alone', async () => {
    await using c = await connected();
    c.org.script({ status: 404, ...apiFault('NOT_FOUND', 'x') });
    expect(await ingestOf(c).info(jobId)).toBeNull();
    c.org.script({ status: 400, ...apiFault('INVALIDJOB', 'Unable to find job') });
    expect(await ingestOf(c).info(jobId)).toBeNull();
    for (const answer of [
      { status: 404, body: 'no such page' },
      { status: 400, ...apiFault('NOT_FOUND', 'x') },
    ]) {
      c.org.script(answer);
      expect(await failure(ingestOf(c).info(jobId))).toMatchObject({ code: 'SALESFORCE_ERROR' });
    }
  });

  it.each([
    ['of another id', { id: '750000000000002AAA' }],
    ['in a state that there is not', { state: 'Closed' }],
    ['with more failures than rows', { numberRecordsProcessed: 1, numberRecordsFailed: 2 }],
  ])('%s is not believed', async (_name, more) => {
    await using c = await connected();
    c.org.script({ body: job(more) });
    expect(await failure(ingestOf(c).info(jobId))).toMatchObject({ code: 'SALESFORCE_ERROR' });
  });

  it('is asked for by nobody whose lease is lost', async () => {
    await using c = await connected();
    const confirm = async () => {
      throw new Error('lost');
    };
    const ingest = ingestOf(c);
    await failure(ingest.create({ operation: 'insert' }, { confirm }));
    await failure(ingest.upload(jobId, () => bytes('x'), { confirm }));
    await failure(ingest.close(jobId, { confirm }));
    expect(c.org.seen).toEqual([]);
  });
});

describe('the results of an ingest job', () => {
  it('give each row its id and its cells in the order that was asked for', async () => {
    await using c = await connected();
    const text =
      '"sf__Id","sf__Created","LastName","Description"\n"003000000000001","true","O""Neil, ""Jr""","a\nb"\n' +
      '"003000000000002AAA","false","Ö",""\n';
    c.org.script(csv(text));
    expect(await rowsOf(c, 'successful', ['Description', 'lastname'])).toEqual([
      {
        id: '003000000000001AAA',
        created: true,
        error: null,
        passes: false,
        cells: ['a\nb', 'O"Neil, "Jr"'],
      },
      { id: '003000000000002AAA', created: false, error: null, passes: false, cells: ['', 'Ö'] },
    ]);
    expect(c.org.seen[0]?.url).toBe(`${base}/${jobId}/successfulResults/`);
  });

  it.each([
    [
      'REQUIRED_FIELD_MISSING:Required fields are missing: [LastName]:LastName --',
      'REQUIRED_FIELD_MISSING',
      'Required fields are missing: [LastName]',
      ['LastName'],
    ],
    [
      'DUPLICATES_DETECTED:Use one of these records?:--',
      'DUPLICATES_DETECTED',
      'Use one of these records?',
      [],
    ],
    [
      'FIELD_CUSTOM_VALIDATION_EXCEPTION:a: b:Email,My__c --',
      'FIELD_CUSTOM_VALIDATION_EXCEPTION',
      'a: b',
      ['Email', 'My__c'],
    ],
    ['UNABLE_TO_LOCK_ROW:unable to obtain', 'UNABLE_TO_LOCK_ROW', 'unable to obtain', []],
    ['something else', 'UNKNOWN_EXCEPTION', 'something else', []],
  ])('tell the error %s in its parts', async (text, code, message, fields) => {
    await using c = await connected();
    c.org.script(csv(`"sf__Id","sf__Error","LastName"\n"","${text}","x"\n`));
    expect(await rowsOf(c, 'failed', ['LastName'])).toEqual([
      {
        id: null,
        created: false,
        error: { code, message, fields },
        passes: code === 'UNABLE_TO_LOCK_ROW',
        cells: ['x'],
      },
    ]);
  });

  it('are the same however their bytes come apart', async () => {
    const text = 'LastName,Title\n"a ""b"", c\nd",é€😀\nx,\n';
    for (const size of [1, 2, 3, 7]) {
      await using c = await connected();
      c.org.script(async (_, response) => {
        response.writeHead(200, { 'content-type': 'text/csv' });
        const all = Buffer.from(text);
        for (let at = 0; at < all.length; at += size) {
          response.write(all.subarray(at, at + size));
          await new Promise((resolve) => setImmediate(resolve));
        }
        response.end();
      });
      const cells = (await rowsOf(c, 'unprocessed', ['LastName', 'Title'])).map((row) => row.cells);
      expect(cells).toEqual([
        ['a "b", c\nd', 'é€😀'],
        ['x', ''],
      ]);
    }
  });

  it('may be empty, with a header and without', async () => {
    for (const body of ['', 'LastName\n']) {
      await using c = await connected();
      c.org.script(csv(body));
      expect(await rowsOf(c, 'unprocessed', ['LastName'])).toEqual([]);
    }
  });

  it.each([
    ['ends within quotes', '"sf__Id","sf__Created","LastName"\n"003000000000001","true","Smi'],
    ['has a row too short', '"sf__Id","sf__Created","LastName"\n"003000000000001","true"\n'],
    ['lacks a column', '"sf__Id","sf__Created"\n"003000000000001","true"\n'],
    ['names no contact', '"sf__Id","sf__Created","LastName"\n"","true","x"\n'],
    ['has a stray quote', 'sf__Id,sf__Created,LastName\n003000000000001,a","\n'],
    ['is no UTF-8', Buffer.from([0x22, 0xff, 0xfe, 0x22])],
  ])('fail where the file %s', async (_name, body) => {
    await using c = await connected();
    c.org.script({ headers: { 'content-type': 'text/csv' }, body });
    expect(await failure(rowsOf(c, 'successful', ['LastName']))).toMatchObject({ code: 'SALESFORCE_ERROR' });
  });

  it('fail where the connection is cut', async () => {
    await using c = await connected();
    c.org.script((_, response) => {
      response.writeHead(200, { 'content-type': 'text/csv', 'content-length': '1000' });
      response.write('LastName\nA\n');
      setTimeout(() => response.destroy(), 20);
    });
    expect(await failure(rowsOf(c, 'unprocessed', ['LastName']))).toMatchObject({
      code: 'NETWORK_UNREACHABLE',
    });
  });
});

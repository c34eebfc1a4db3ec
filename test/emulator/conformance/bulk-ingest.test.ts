import { parse } from 'csv-parse/sync';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Json } from '../running-emulator.ts';
import type { ConformanceOrg } from './conformance-org.ts';
import { conformanceOrg } from './conformance-org.ts';

type Row = Record<string, string>;

// Sources: Bulk API 2.0 and Bulk API Developer Guide (Create a Job, Upload Job Data, Close or Abort a Job, Get Job
// Info, Get Job Successful/Failed/Unprocessed Record Results, Delete a Job, multipart walkthrough).
describe('Bulk API 2.0 ingest', () => {
  let org: ConformanceOrg;

  beforeAll(async () => {
    org = await conformanceOrg();
  });
  afterAll(() => org[Symbol.asyncDispose]());
  beforeEach(() => org.reset());

  const create = (job: Json) =>
    org.api<Json & { id: string }>('/jobs/ingest', { json: { object: 'Contact', ...job } });
  const upload = (id: string, csv: string) =>
    org.api(`/jobs/ingest/${id}/batches`, {
      method: 'PUT',
      body: csv,
      headers: { 'content-type': 'text/csv' },
    });
  const change = (id: string, state: string) =>
    org.api<Json>(`/jobs/ingest/${id}`, { method: 'PATCH', json: { state } });
  const info = async (id: string) => (await org.api<Json & { state: string }>(`/jobs/ingest/${id}`)).body;
  const results = async (id: string, kind: string): Promise<Row[]> =>
    parse((await org.api(`/jobs/ingest/${id}/${kind}`)).text, { columns: true });

  async function settled(id: string): Promise<Json & { state: string }> {
    for (let i = 0; i < 1_000; i++) {
      const job = await info(id);
      if (['JobComplete', 'Failed', 'Aborted'].includes(job.state)) return job;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    throw new Error('The job did not settle.');
  }
  async function run(job: Json, csv: string) {
    const { body, status, text } = await create(job);
    expect(status, text).toBe(200);
    expect((await upload(body.id, csv)).status).toBe(201);
    expect((await change(body.id, 'UploadComplete')).body.state).not.toBe('Open');
    return { id: body.id, job: await settled(body.id) };
  }

  it('refuses unknown objects and upserts without an external id: INVALIDJOB', async () => {
    const open = (json: Json) => org.api<{ errorCode: string; message: string }[]>('/jobs/ingest', { json });
    const unknown = await open({ object: 'Nope__c', operation: 'insert' });
    expect([unknown.status, unknown.body[0]?.errorCode]).toEqual([400, 'INVALIDJOB']);
    const blank = await open({ object: 'Contact', operation: 'upsert' });
    expect(blank.body[0]).toMatchObject({
      errorCode: 'INVALIDJOB',
      message: expect.stringContaining('External ID was blank for Contact'),
    });
  });

  it('opens with contentUrl, takes data once with 201, and closes', async () => {
    const { body } = await create({ operation: 'insert' });
    expect(body).toMatchObject({
      state: 'Open',
      contentUrl: `services/data/v62.0/jobs/ingest/${body.id}/batches`,
      object: 'Contact',
      apiVersion: 62,
    });
    expect((await upload(body.id, 'LastName\nOne\n')).status).toBe(201);
    expect((await upload(body.id, 'LastName\nTwo\n')).status).toBe(400);
    await change(body.id, 'UploadComplete');
    expect(await settled(body.id)).toMatchObject({
      state: 'JobComplete',
      jobType: 'V2Ingest',
      numberRecordsProcessed: 1,
      numberRecordsFailed: 0,
    });
    expect((await change(body.id, 'UploadComplete')).status).toBe(400);
  });

  it('inserts; results name every row with sf__Id, and failures with sf__Error', async () => {
    const { id, job } = await run({ operation: 'insert' }, 'FirstName,LastName\nA,Alpha\nB,\nC,"Gam,ma"\n');
    expect(job).toMatchObject({ numberRecordsProcessed: 3, numberRecordsFailed: 1 });
    const good = await results(id, 'successfulResults');
    // In whatever order.
    expect(good.map((r) => [r.sf__Created, r.FirstName, r.LastName]).toSorted()).toEqual([
      ['true', 'A', 'Alpha'],
      ['true', 'C', 'Gam,ma'],
    ]);
    for (const { sf__Id, LastName } of good)
      expect((await org.api(`/sobjects/Contact/${sf__Id}`)).body.LastName).toBe(LastName);
    expect(await results(id, 'failedResults')).toEqual([
      {
        sf__Id: '',
        sf__Error: 'REQUIRED_FIELD_MISSING:Required fields are missing: [LastName]:LastName --',
        FirstName: 'B',
        LastName: '',
      },
    ]);
    expect(await results(id, 'unprocessedrecords')).toEqual([]);
  });

  it('updates, clears by #N/A and leaves empty values alone', async () => {
    const { body } = await org.api<{ id: string }>('/sobjects/Contact', {
      json: { LastName: 'Keep', Title: 'Old', Department: 'D' },
    });
    const { job } = await run(
      { operation: 'update' },
      `Id,LastName,Title,Department\n${body.id},New,#N/A,\n`,
    );
    expect(job.numberRecordsFailed).toBe(0);
    expect((await org.api(`/sobjects/Contact/${body.id}`)).body).toMatchObject({
      LastName: 'New',
      Title: null,
      Department: 'D',
    });
  });

  it('upserts by external id and says which were created', async () => {
    const job = { operation: 'upsert', externalIdFieldName: 'ParaHack_Id__c' };
    const [one, two] = [org.unused('k1'), org.unused('k2')];
    await run(job, `ParaHack_Id__c,LastName\n${one},One\n`);
    const { id } = await run(job, `ParaHack_Id__c,LastName\n${one},Uno\n${two},Due\n`);
    const told = (await results(id, 'successfulResults')).map((r) => [r.ParaHack_Id__c, r.sf__Created]);
    expect(told.toSorted()).toEqual([
      [one, 'false'],
      [two, 'true'],
    ]);
    expect((await create({ operation: 'upsert', externalIdFieldName: 'Title' })).status).toBe(400);
    expect((await create({ operation: 'upsert' })).status).toBe(400);
  });

  it('gives results in an order of their own, the same each time', async () => {
    const names = Array.from({ length: 30 }, (_, i) => `Row ${String(i).padStart(2, '0')}`);
    const { id } = await run({ operation: 'insert' }, `LastName\n${names.join('\n')}\n`);
    const told = async () => (await results(id, 'successfulResults')).map(({ LastName }) => LastName);
    const first = await told();
    expect(first).not.toEqual(names);
    expect(first.toSorted()).toEqual(names);
    expect(await told()).toEqual(first);
  });

  it('deletes into the Recycle Bin, and hardDelete past it', async () => {
    const ids: string[] = [];
    for (const LastName of ['Soft', 'Hard']) {
      ids.push((await org.api<{ id: string }>('/sobjects/Contact', { json: { LastName } })).body.id);
    }
    await run({ operation: 'delete' }, `Id\n${ids[0]}\n`);
    await run({ operation: 'hardDelete' }, `Id\n${ids[1]}\n`);
    const soql = `SELECT Id FROM Contact WHERE Id IN ('${ids.join("','")}')`;
    const { body } = await org.api<{ records: Json[] }>(`/queryAll?q=${encodeURIComponent(soql)}`);
    expect(body.records.map((r) => r.Id)).toEqual([ids[0]]);
  });

  it('takes delimiters and line endings, and fails a job whose data end otherwise', async () => {
    const { job } = await run(
      { operation: 'insert', columnDelimiter: 'SEMICOLON', lineEnding: 'CRLF' },
      'FirstName;LastName\r\nA;Semi\r\n',
    );
    expect(job).toMatchObject({ state: 'JobComplete', numberRecordsProcessed: 1 });
    const wrong = await run({ operation: 'insert', lineEnding: 'LF' }, 'LastName\r\nx\r\n');
    expect(wrong.job).toMatchObject({
      state: 'Failed',
      errorMessage: 'ClientInputError : LineEnding is invalid on user data. Current LineEnding setting is LF',
    });
  });

  it.each([
    ['that the object does not have', 'LastName,Nope__c', 'Nope__c'],
    ['behind a byte order mark', '\uFEFFLastName,Title', '\uFEFFLastName'],
    ['of a relationship that there is not', 'LastName,Boss.Email', 'Boss.Email'],
    ['that a parent does not have', 'LastName,Account.Nope__c', 'Account.Nope__c'],
  ])('fails a job with a column %s, and works none of its rows off', async (_rule, header, name) => {
    const before = await org.live();
    const { id, job } = await run({ operation: 'insert' }, `${header}\nOne,\nTwo,\n`);
    expect(job).toMatchObject({
      state: 'Failed',
      errorMessage: `InvalidBatch : Field name not found : ${name}`,
      numberRecordsProcessed: 0,
      numberRecordsFailed: 0,
    });
    const left = (await results(id, 'unprocessedrecords')).map((row) => Object.values(row)[0]);
    expect(left.toSorted()).toEqual(['One', 'Two']);
    expect(await results(id, 'failedResults')).toEqual([]);
    expect(await org.live()).toBe(before);
  });

  it('fails a job with a column that field-level security hides from its user', async () => {
    await org.control('settings', { hiddenFields: ['Title'] });
    const { job } = await run({ operation: 'insert' }, 'LastName,Title\nOne,CEO\n');
    expect(job).toMatchObject({
      state: 'Failed',
      errorMessage: 'InvalidBatch : Field name not found : Title',
    });
  });

  it('fails a job whose header names a column twice, in any case, and writes nothing', async () => {
    const before = await org.live();
    for (const header of ['LastName,LastName', 'LastName, lastname ', 'Account.Name,LastName,account.name']) {
      const values = header.split(',').map((_, at) => `v${at}`);
      const { id, job } = await run({ operation: 'insert' }, `${header}\n${values.join(',')}\n`);
      const twice = header.split(',').at(-1)?.trim();
      expect(job).toMatchObject({
        state: 'Failed',
        numberRecordsProcessed: 0,
        errorMessage: `InvalidBatch : Field name specified more than once : ${twice}`,
      });
      expect((await org.api(`/jobs/ingest/${id}/unprocessedrecords`)).text.split('\n')).toHaveLength(3);
    }
    expect(await org.live()).toBe(before);
  });

  it('refuses the rows of an upsert by Id that name a contact twice in one batch (help 000384876)', async () => {
    const { body } = await org.api<{ id: string }>('/sobjects/Contact', { json: { LastName: 'Before' } });
    const { id, job } = await run(
      { operation: 'upsert', externalIdFieldName: 'Id' },
      `Id,LastName\n${body.id},One\n${body.id.slice(0, 15)},Two\n`,
    );
    expect(job).toMatchObject({ numberRecordsProcessed: 2, numberRecordsFailed: 2 });
    const errors = (await results(id, 'failedResults')).map((row) => row.sf__Error);
    expect(errors).toEqual([
      expect.stringContaining(`DUPLICATE_VALUE:Duplicate id specified: ${body.id}`),
      expect.stringContaining(`DUPLICATE_VALUE:Duplicate id specified: ${body.id}`),
    ]);
    expect((await org.api(`/sobjects/Contact/${body.id}`)).body.LastName).toBe('Before');
  });

  it('shows the rows of a job that failed of its line ends as unprocessed', async () => {
    const { id } = await run({ operation: 'insert', lineEnding: 'LF' }, 'LastName\r\nx\r\n');
    expect(await results(id, 'unprocessedrecords')).toEqual([{ LastName: 'x' }]);
  });

  it('creates a job with its data in one multipart request', async () => {
    const boundary = 'BOUNDARY';
    const body = [
      `--${boundary}`,
      'Content-Type: application/json',
      'Content-Disposition: form-data; name="job"',
      '',
      JSON.stringify({ object: 'Contact', operation: 'insert', contentType: 'CSV', lineEnding: 'LF' }),
      `--${boundary}`,
      'Content-Type: text/csv',
      'Content-Disposition: form-data; name="content"; filename="content"',
      '',
      'LastName\nMültipart',
      `--${boundary}--`,
      '',
    ].join('\r\n');
    const created = await org.api<{ id: string; state: string }>('/jobs/ingest', {
      body,
      headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
    });
    expect([created.status, created.body.state]).toEqual([200, 'UploadComplete']);
    await settled(created.body.id);
    const good = await results(created.body.id, 'successfulResults');
    expect(good.map((r) => r.LastName)).toEqual(['Mültipart']);
  });

  it('takes time by the org’s clock; an abort leaves the rows unprocessed', async () => {
    await org.control('settings', { bulkJobMs: 60_000 });
    const { body } = await create({ operation: 'insert' });
    await upload(body.id, 'LastName\nLater\n');
    await change(body.id, 'UploadComplete');
    expect((await info(body.id)).state).toBe('UploadComplete');
    await org.control('clock', { advanceMs: 61_000 });
    expect((await settled(body.id)).state).toBe('JobComplete');
    const aborted = await create({ operation: 'insert' });
    await upload(aborted.body.id, 'LastName\nNever\n');
    expect((await change(aborted.body.id, 'Aborted')).body.state).toBe('Aborted');
    await org.control('clock', { advanceMs: 61_000 });
    expect((await info(aborted.body.id)).numberRecordsProcessed).toBe(0);
  });

  it('leaves the rows of a job unprocessed from the moment that it is aborted, whatever its state', async () => {
    await org.control('settings', { bulkJobMs: 60_000 });
    for (const closed of [false, true]) {
      const { body } = await create({ operation: 'insert' });
      await upload(body.id, 'LastName\nNever\n');
      if (closed) await change(body.id, 'UploadComplete');
      expect(await org.control('ingest-jobs', { as: 'Aborted', ids: [body.id] })).toEqual({ ids: [body.id] });
      expect(await info(body.id)).toMatchObject({ state: 'Aborted', numberRecordsProcessed: 0 });
      expect(await results(body.id, 'unprocessedrecords')).toEqual([{ LastName: 'Never' }]);
      expect((await change(body.id, 'UploadComplete')).status).toBe(400);
    }
  });

  it.each([
    ['Aborted', undefined],
    ['Failed', 'InternalServerError : Retried more than ten times.'],
  ] as const)('ends in the middle as %s, and says of each row what became of it', async (as, message) => {
    const before = await org.live();
    await org.control('ingest-jobs', { as, afterRows: 2, ...(message && { message }) });
    const { id, job } = await run({ operation: 'insert' }, 'LastName\nOne\nTwo\nThree\n');
    expect(job).toMatchObject({
      state: as,
      numberRecordsProcessed: 2,
      ...(message && { errorMessage: message }),
    });
    expect(await results(id, 'successfulResults')).toHaveLength(2);
    expect(await results(id, 'unprocessedrecords')).toEqual([{ LastName: 'Three' }]);
    expect(await org.live()).toBe(before + 2);
  });

  it.each(['Aborted by the client', 'Aborted', 'Failed', 'Deleted'])(
    'works off the rows of a batch that was under way when the job ended: %s',
    async (how) => {
      const before = await org.live();
      await org.control('settings', { bulkJobMs: 100_000, bulkRowsUnderWay: 2, bulkUnderWayMs: 60_000 });
      const { body } = await create({ operation: 'insert' });
      const { id } = body;
      await upload(id, 'LastName\nOne\n\nTwo\nThree\n');
      await change(id, 'UploadComplete');
      await org.control('clock', { advanceMs: 50_000 });
      expect(await info(id)).toMatchObject({ state: 'InProgress' });
      if (how === 'Aborted by the client') await change(id, 'Aborted');
      else await org.control('ingest-jobs', { as: how });
      // Nothing tells of them until they are done.
      if (how !== 'Deleted') {
        expect(await info(id)).toMatchObject({ numberRecordsProcessed: 0 });
        expect(await results(id, 'unprocessedrecords')).toHaveLength(3);
      }
      expect(await org.live()).toBe(before);
      await org.control('clock', { advanceMs: 60_001 });
      expect(await org.live()).toBe(before + 2);
      if (how === 'Deleted') return;
      expect(await info(id)).toMatchObject({ state: how.split(' ')[0], numberRecordsProcessed: 2 });
      expect(await results(id, 'successfulResults')).toHaveLength(2);
      expect(await results(id, 'unprocessedrecords')).toEqual([{ LastName: 'Three' }]);
    },
  );

  it('works off no row behind the end of a job that was not begun', async () => {
    const before = await org.live();
    await org.control('settings', { bulkJobMs: 100_000, bulkRowsUnderWay: 2 });
    const { body } = await create({ operation: 'insert' });
    await upload(body.id, 'LastName\nOne\nTwo\n');
    await org.control('ingest-jobs', { as: 'Aborted' });
    const queued = await create({ operation: 'insert' });
    await upload(queued.body.id, 'LastName\nOne\nTwo\n');
    await change(queued.body.id, 'UploadComplete');
    await change(queued.body.id, 'Aborted');
    await org.control('clock', { advanceMs: 200_000 });
    expect(await org.live()).toBe(before);
  });

  it('knows a job no more that an administrator has deleted', async () => {
    const { body } = await create({ operation: 'insert' });
    await upload(body.id, 'LastName\nNever\n');
    await org.control('ingest-jobs', { as: 'Deleted' });
    const closed = await org.api<{ errorCode: string }[]>(`/jobs/ingest/${body.id}`, {
      method: 'PATCH',
      json: { state: 'UploadComplete' },
    });
    expect([closed.status, closed.body[0]?.errorCode]).toEqual([404, 'NOT_FOUND']);
  });

  it('makes no job where the batches or rows of the day are used up, and fails one that meets their end', async () => {
    await org.control('settings', { bulkDailyRows: 2 });
    const { id, job } = await run({ operation: 'insert' }, 'LastName\nOne\nTwo\nThree\n');
    expect(job).toMatchObject({ state: 'Failed', errorMessage: expect.stringContaining('ExceededQuota') });
    expect(job.numberRecordsProcessed).toBe(2);
    expect(await results(id, 'unprocessedrecords')).toEqual([{ LastName: 'Three' }]);
    for (const settings of [{}, { bulkDailyRows: 1_000, bulkDailyBatches: 1 }]) {
      await org.control('settings', settings);
      const refused = await org.api<{ errorCode: string }[]>('/jobs/ingest', {
        json: { object: 'Contact', operation: 'insert' },
      });
      expect([refused.status, refused.body[0]?.errorCode]).toEqual([400, 'EXCEEDEDQUOTA']);
    }
    await org.control('clock', { advanceMs: 86_400_001 });
    expect((await run({ operation: 'insert' }, 'LastName\nThree\n')).job.state).toBe('JobComplete');
  });

  it('deletes finished jobs only, and answers 404 afterwards', async () => {
    const { body } = await create({ operation: 'insert' });
    expect((await org.api(`/jobs/ingest/${body.id}`, { method: 'DELETE' })).status).toBe(400);
    const { id } = await run({ operation: 'insert' }, 'LastName\nx\n');
    expect((await org.api(`/jobs/ingest/${id}`, { method: 'DELETE' })).status).toBe(204);
    expect((await org.api(`/jobs/ingest/${id}`)).status).toBe(404);
  });

  it('answers UploadComplete to its closing; the work begins afterwards', async () => {
    const before = await org.live();
    const { body } = await create({ operation: 'insert' });
    await upload(body.id, 'LastName\nClosed\n');
    const closed = await change(body.id, 'UploadComplete');
    expect([closed.status, closed.body.state]).toEqual([200, 'UploadComplete']);
    expect(await settled(body.id)).toMatchObject({ state: 'JobComplete', numberRecordsProcessed: 1 });
    expect(await org.live()).toBe(before + 1);
  });

  it('is UploadComplete, InProgress and JobComplete in this order, and cannot be closed twice', async () => {
    await org.control('settings', { bulkJobMs: 60_000 });
    const { body } = await create({ operation: 'insert' });
    await upload(body.id, 'LastName\nSlow\n');
    const states = [(await change(body.id, 'UploadComplete')).body.state, (await info(body.id)).state];
    expect((await change(body.id, 'UploadComplete')).status).toBe(400);
    await org.control('clock', { advanceMs: 30_000 });
    states.push((await info(body.id)).state);
    expect((await org.api(`/jobs/ingest/${body.id}`, { method: 'DELETE' })).status).toBe(400);
    await org.control('clock', { advanceMs: 31_000 });
    states.push((await settled(body.id)).state);
    expect(states).toEqual(['UploadComplete', 'UploadComplete', 'InProgress', 'JobComplete']);
    expect((await change(body.id, 'Aborted')).status).toBe(400);
  });

  it('may be deleted while it is UploadComplete, and then does nothing', async () => {
    await org.control('settings', { bulkJobMs: 60_000 });
    const { body } = await create({ operation: 'insert' });
    await upload(body.id, 'LastName\nNever\n');
    await change(body.id, 'UploadComplete');
    expect((await org.api(`/jobs/ingest/${body.id}`, { method: 'DELETE' })).status).toBe(204);
    await org.control('clock', { advanceMs: 61_000 });
    expect(await org.live()).toBe(20);
  });

  it('stays Aborted when it was aborted after its closing, whatever its data are', async () => {
    await org.control('settings', { bulkJobMs: 60_000 });
    for (const csv of ['LastName\nNever\n', 'LastName\r\nNever\r\n']) {
      const { body } = await create({ operation: 'insert' });
      await upload(body.id, csv);
      await change(body.id, 'UploadComplete');
      expect((await change(body.id, 'Aborted')).body.state).toBe('Aborted');
      await org.control('clock', { advanceMs: 61_000 });
      await org.api('/limits');
      expect(await info(body.id)).toMatchObject({ state: 'Aborted', numberRecordsProcessed: 0 });
      expect((await org.api(`/jobs/ingest/${body.id}/unprocessedrecords`)).text).toContain('Never');
    }
    expect(await org.live()).toBe(20);
  });

  it('takes an exported file back as it is: every row of the org upserts and updates itself', async () => {
    const { body } = await org.api<{ fields: { name: string; type: string; updateable: boolean }[] }>(
      '/sobjects/Contact/describe',
    );
    const names = body.fields.filter((field) => field.updateable).map((field) => field.name);
    const rowsOf = async (list: string[], where: string) => {
      const query = `SELECT ${list.join(', ')} FROM Contact${where}`;
      const job = await org.api<{ id: string }>('/jobs/query', { json: { operation: 'query', query } });
      for (;;) {
        const answer = await org.api(`/jobs/query/${job.body.id}/results`);
        if (answer.status === 200) return answer.text;
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    };
    await org.control('contacts', { count: 400 });
    const keyed = await rowsOf(names, ' WHERE ParaHack_Id__c != null');
    const upsert = await run({ operation: 'upsert', externalIdFieldName: 'ParaHack_Id__c' }, keyed);
    expect(await results(upsert.id, 'failedResults')).toEqual([]);
    const done = await results(upsert.id, 'successfulResults');
    expect(done.length).toBeGreaterThan(100);
    expect(done.every((row) => row.sf__Created === 'false')).toBe(true);
    const all = await run({ operation: 'update' }, await rowsOf(['Id', ...names], ''));
    expect(all.job).toMatchObject({ numberRecordsProcessed: 420, numberRecordsFailed: 0 });
  });

  it('writes nothing into an org that was set back meanwhile', async () => {
    const csv = `LastName\n${Array.from({ length: 4_000 }, (_, i) => `Row ${i}`).join('\n')}\n`;
    const { body } = await create({ operation: 'insert' });
    await upload(body.id, csv);
    await change(body.id, 'UploadComplete');
    await org.control('reset', {});
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await org.live()).toBe(20);
  });

  it('works off many rows without holding other requests up', async () => {
    const csv = `LastName\n${Array.from({ length: 3_000 }, (_, i) => `Row ${i}`).join('\n')}\n`;
    const { body } = await create({ operation: 'insert' });
    await upload(body.id, csv);
    await change(body.id, 'UploadComplete');
    expect((await org.api('/limits')).status).toBe(200);
    expect(await settled(body.id)).toMatchObject({ numberRecordsProcessed: 3_000, numberRecordsFailed: 0 });
  });
});

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Json } from '../running-emulator.ts';
import type { ConformanceOrg } from './conformance-org.ts';
import { conformanceOrg } from './conformance-org.ts';

// Sources: REST API Developer Guide (sObject Basic Information, sObject Rows, sObject Rows by External ID, Use
// Conditional Requests, Duplicate Rule Header); restforce's recorded fixtures for the error bodies.
describe('rows', () => {
  let org: ConformanceOrg;
  const extId = 'ParaHack_Id__c';

  beforeAll(async () => {
    org = await conformanceOrg();
  });
  afterAll(() => org[Symbol.asyncDispose]());

  const create = async (fields: Json): Promise<string> => {
    const { status, body, text } = await org.api<{ id: string }>('/sobjects/Contact', { json: fields });
    expect(status, text).toBe(201);
    return body.id;
  };

  it('creates with 201, an id of 18 characters and Location', async () => {
    const { status, body, headers } = await org.api('/sobjects/Contact', { json: { LastName: 'Ahn' } });
    expect(status).toBe(201);
    expect(body).toEqual({ id: expect.stringMatching(/^003[0-9A-Za-z]{15}$/), success: true, errors: [] });
    expect(headers.get('location')).toBe(`/services/data/v62.0/sobjects/Contact/${body.id}`);
  });

  it('refuses a create without LastName: REQUIRED_FIELD_MISSING with fields', async () => {
    const { status, body } = await org.api<Json[]>('/sobjects/Contact', { json: { FirstName: 'Only' } });
    expect(status).toBe(400);
    expect(body).toEqual([
      {
        message: 'Required fields are missing: [LastName]',
        errorCode: 'REQUIRED_FIELD_MISSING',
        fields: ['LastName'],
      },
    ]);
  });

  it('refuses an Id in a create: INVALID_FIELD (Create a Record, example of an error)', async () => {
    const { status, body } = await org.api<Json[]>('/sobjects/Contact', {
      json: { Id: '003', LastName: 'x' },
    });
    expect(status).toBe(400);
    expect(body[0]).toEqual({
      message: 'The Id field should not be specified in the sobject data.',
      errorCode: 'INVALID_FIELD',
    });
  });

  it('refuses unknown fields, texts that are too long and bad e-mail addresses, each with its code', async () => {
    const code = async (fields: Json) => {
      const { status, body } = await org.api<{ errorCode: string }[]>('/sobjects/Contact', { json: fields });
      expect(status).toBe(400);
      return body[0]?.errorCode;
    };
    expect(await code({ LastName: 'x', Nope: 1 })).toBe('INVALID_FIELD');
    expect(await code({ LastName: 'x'.repeat(81) })).toBe('STRING_TOO_LONG');
    // Help 005166849: a surrogate pair is two characters.
    expect(await code({ LastName: '😀'.repeat(41) })).toBe('STRING_TOO_LONG');
    expect(await code({ LastName: 'x', Email: 'not an address' })).toBe('INVALID_EMAIL_ADDRESS');
    expect(await code({ LastName: 'x', AccountId: '001000000000001AAA' })).toMatch(
      /^(INVALID_CROSS_REFERENCE_KEY|INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY)$/,
    );
    expect(await code({ LastName: 'x', CreatedDate: '2020-01-01T00:00:00Z' })).toBe(
      'INVALID_FIELD_FOR_INSERT_UPDATE',
    );
  });

  // As of the records of a collection or a tree: "objects only of the type indicated in the request URI".
  it('refuses a record whose attributes.type is not the object of its path, and takes the same in any case', async () => {
    const { body } = await org.api<{ id: string }>('/sobjects/Contact', { json: { LastName: 'Typed' } });
    const wrong = { attributes: { type: 'Account' }, LastName: 'Wrong' };
    const requests: [string, string][] = [
      ['POST', '/sobjects/Contact'],
      ['POST', '/sobjects/Contact/Id'],
      ['PATCH', `/sobjects/Contact/${body.id}`],
      ['PATCH', '/sobjects/Contact/ParaHack_Id__c/typed-1'],
    ];
    for (const [method, path] of requests) {
      const refused = await org.api<Json[]>(path, { method, json: wrong });
      expect([path, refused.status, refused.body[0]]).toEqual([
        path,
        400,
        { errorCode: 'INVALID_FIELD', message: 'The record is of type Account; Contact was expected.' },
      ]);
      const taken = await org.api(path, { method, json: { attributes: { type: 'contact' }, LastName: 'R' } });
      expect([path, taken.status < 300]).toEqual([path, true]);
    }
    expect((await org.api("/query?q=SELECT+Id+FROM+Contact+WHERE+LastName='Wrong'")).body.totalSize).toBe(0);
  });

  it('takes a parent named by its external id with its type, and refuses a type that is none of its parents', async () => {
    await org.control('settings', {
      addFields: [
        { object: 'Account', name: 'Ext__c', type: 'string', length: 20, externalId: true, unique: true },
      ],
    });
    const { body } = await org.api<{ id: string }>('/sobjects/Account', {
      json: { Name: 'A', Ext__c: 'a-1' },
    });
    const child = (type: string) =>
      org.api<Json & { id: string }>('/sobjects/Contact', {
        json: { LastName: 'Child', Account: { attributes: { type }, Ext__c: 'a-1' } },
      });
    const taken = await child('account');
    expect(taken.status).toBe(201);
    expect((await org.api(`/sobjects/Contact/${taken.body.id}`)).body.AccountId).toBe(body.id);
    for (const type of ['Contact', 'Nope']) {
      const refused = await child(type);
      expect([refused.status, refused.text]).toEqual([400, expect.stringContaining('"INVALID_FIELD"')]);
      expect(refused.text).toContain(type);
    }
  });

  it('refuses an unknown object with 404 NOT_FOUND', async () => {
    const { status, body } = await org.api<Json[]>('/sobjects/Nope__c', { json: { Name: 'x' } });
    expect(status).toBe(404);
    expect(body[0]?.errorCode).toBe('NOT_FOUND');
  });

  it('reads a row whole, or the fields asked for; ids of 15 characters are taken', async () => {
    const id = await create({ LastName: 'Reader', FirstName: 'Rita' });
    const whole = await org.api(`/sobjects/Contact/${id}`);
    expect(whole.status).toBe(200);
    expect(whole.body).toMatchObject({
      attributes: { type: 'Contact', url: `/services/data/v62.0/sobjects/Contact/${id}` },
      Id: id,
      LastName: 'Reader',
      Name: 'Rita Reader',
      IsDeleted: false,
    });
    const some = await org.api(`/sobjects/Contact/${id.slice(0, 15)}?fields=Id,LastName`);
    expect(Object.keys(some.body).sort()).toEqual(['Id', 'LastName', 'attributes']);
    expect(some.body.Id).toBe(id);
  });

  it('gives the Id with the fields asked for, whatever their spelling (Mobile SDK, RestClientTest.testRetrieve)', async () => {
    const id = await create({ LastName: 'Whole' });
    const row = await org.api(`/sobjects/contact/${id}?fields=name,ownerId`);
    expect(Object.keys(row.body)).toEqual(['attributes', 'Name', 'OwnerId', 'Id']);
    const many = await org.api<Json[]>(`/composite/sobjects/Contact?ids=${id}&fields=LastName`);
    expect(many.body[0]).toMatchObject({ LastName: 'Whole', Id: id });
  });

  it('follows relationships: a parent as a row, children as a query’s answer (sObject Relationships)', async () => {
    const account = await org.api<{ id: string }>('/sobjects/Account', { json: { Name: 'Kin' } });
    const id = await create({ LastName: 'Child', AccountId: account.body.id });
    const parent = await org.api(`/sobjects/Contact/${id}/Account?fields=Name`);
    expect(parent).toMatchObject({ status: 200, body: { Name: 'Kin', Id: account.body.id } });
    const children = await org.api(`/sobjects/Account/${account.body.id}/Contacts?fields=LastName`);
    expect(children.body).toMatchObject({ totalSize: 1, done: true, records: [{ LastName: 'Child' }] });
    expect((await org.api(`/sobjects/Account/${account.body.id}/Contacts`)).body).toMatchObject({
      records: [{ Id: id, AccountId: account.body.id }],
    });
    const orphan = await create({ LastName: 'Orphan' });
    expect((await org.api(`/sobjects/Contact/${orphan}/Account`)).status).toBe(404);
    expect((await org.api(`/sobjects/Contact/${orphan}/Nothing`)).status).toBe(404);
  });

  it('updates and deletes the parent that a relationship leads to (sObject Relationships)', async () => {
    const account = await org.api<{ id: string }>('/sobjects/Account', { json: { Name: 'Parent' } });
    const contact = await org.api<{ id: string }>('/sobjects/Contact', {
      json: { LastName: 'Child', AccountId: account.body.id },
    });
    const path = `/sobjects/Contact/${contact.body.id}/Account`;
    expect((await org.api(path, { method: 'PATCH', json: { Name: 'Renamed' } })).status).toBe(204);
    expect((await org.api(path)).body.Name).toBe('Renamed');
    const wrong = await org.api<Json[]>(path, {
      method: 'PATCH',
      json: { attributes: { type: 'Contact' }, Name: 'x' },
    });
    expect([wrong.status, wrong.body[0]?.errorCode]).toEqual([400, 'INVALID_FIELD']);
    expect((await org.api(path, { method: 'PATCH', json: { Nope: 1 } })).status).toBe(400);
    expect((await org.api(path, { method: 'DELETE' })).status).toBe(204);
    expect((await org.api(`/sobjects/Account/${account.body.id}`)).status).toBe(404);
    for (const init of [{ method: 'PATCH', json: { Name: 'x' } }, { method: 'DELETE' }]) {
      expect((await org.api(`/sobjects/Contact/${contact.body.id}/ReportsTo`, init)).status).toBe(404);
    }
  });

  it('answers a row that is not there with 404 NOT_FOUND', async () => {
    const { status, body } = await org.api<Json[]>('/sobjects/Contact/003000000000001AAA');
    expect(status).toBe(404);
    expect(body).toEqual([{ errorCode: 'NOT_FOUND', message: expect.any(String) }]);
  });

  it('updates with 204, clears a field by null, and stamps whole seconds', async () => {
    const id = await create({ LastName: 'Before', Title: 'CEO' });
    const { status, text } = await org.api(`/sobjects/Contact/${id}`, {
      method: 'PATCH',
      json: { LastName: 'After', Title: null },
    });
    expect([status, text]).toEqual([204, '']);
    const { body } = await org.api(`/sobjects/Contact/${id}`);
    expect(body).toMatchObject({ LastName: 'After', Title: null });
    expect(body.SystemModstamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000\+0000$/);
  });

  it('deletes with 204; the second time, a read and an update answer 404', async () => {
    const id = await create({ LastName: 'Gone' });
    expect((await org.api(`/sobjects/Contact/${id}`, { method: 'DELETE' })).status).toBe(204);
    const again = await org.api<Json[]>(`/sobjects/Contact/${id}`, { method: 'DELETE' });
    expect([again.status, again.body[0]?.errorCode]).toEqual([404, 'ENTITY_IS_DELETED']);
    expect(again.body[0]?.message).toBe('entity is deleted');
    const update = await org.api<Json[]>(`/sobjects/Contact/${id}`, {
      method: 'PATCH',
      json: { Title: 'x' },
    });
    expect([update.status, update.body[0]?.errorCode]).toEqual([404, 'ENTITY_IS_DELETED']);
    expect((await org.api(`/sobjects/Contact/${id}`)).status).toBe(404);
  });

  it('upserts by external id: 201 when it creates, 200 with created false from version 46, 204 before', async () => {
    const path = `/sobjects/Contact/${extId}/${org.unused('key-1')}`;
    const created = await org.api(path, { method: 'PATCH', json: { LastName: 'One' } });
    expect(created.status).toBe(201);
    expect(created.body).toEqual({ id: expect.any(String), success: true, errors: [], created: true });
    const updated = await org.api(path, { method: 'PATCH', json: { LastName: 'Two' } });
    expect(updated.status).toBe(200);
    expect(updated.body).toEqual({ id: created.body.id, success: true, errors: [], created: false });
    const old = await org.api(path, { method: 'PATCH', json: { LastName: 'Three' }, version: '45.0' });
    expect([old.status, old.text]).toEqual([204, '']);
    const read = await org.api(`${path}?fields=LastName`);
    expect(read.body.LastName).toBe('Three');
    expect((await org.api(path, { method: 'DELETE' })).status).toBe(204);
    expect((await org.api(path)).status).toBe(404);
  });

  it('stores e-mail addresses in lower case, and refuses one that begins with a dot', async () => {
    const id = await create({ LastName: 'x', Email: 'Ada.Lovelace@Example.COM' });
    expect((await org.api(`/sobjects/Contact/${id}`)).body.Email).toBe('ada.lovelace@example.com');
    const dotted = { LastName: 'x', Email: '.a@example.com' };
    expect((await org.api('/sobjects/Contact', { json: dotted })).status).toBe(400);
    await create({ LastName: 'x', Email: 'a..b.@example.com' });
  });

  it('tells created from version 46 on only', async () => {
    const path = `/sobjects/Contact/${extId}/${org.unused('key-2')}`;
    const { status, body } = await org.api(path, {
      method: 'PATCH',
      json: { LastName: 'x' },
      version: '45.0',
    });
    expect([status, body]).toEqual([201, { id: expect.any(String), success: true, errors: [] }]);
  });

  it('refuses Id and the external id in the body of an upsert, and changes nothing', async () => {
    const key = org.unused('key-3');
    const id = await create({ LastName: 'Before', [extId]: key });
    for (const own of [{ Id: id }, { id }, { [extId]: key }]) {
      const { status, body } = await org.api<Json[]>(`/sobjects/Contact/${extId}/${key}`, {
        method: 'PATCH',
        json: { ...own, LastName: 'After' },
      });
      expect([status, body[0]?.errorCode]).toEqual([400, 'INVALID_FIELD']);
    }
    expect((await org.api(`/sobjects/Contact/${id}`)).body.LastName).toBe('Before');
  });

  it('creates nothing by an upsert with updateOnly=true: 404 where no row matches', async () => {
    const path = `/sobjects/Contact/${extId}/${org.unused('key-4')}?updateOnly=true`;
    expect((await org.api(path, { method: 'PATCH', json: { LastName: 'x' } })).status).toBe(404);
    expect((await org.api(`/sobjects/Contact/${extId}/${org.unused('key-4')}`)).status).toBe(404);
    await create({ LastName: 'Before', [extId]: org.unused('key-4') });
    const updated = await org.api(path, { method: 'PATCH', json: { LastName: 'After' } });
    expect([updated.status, updated.body.created]).toEqual([200, false]);
  });

  it('answers 300 with the rows’ URLs where the value is not unique', async () => {
    const Email = `${org.unused('twin')}@example.com`;
    const ids = [await create({ LastName: 'Twin', Email }), await create({ LastName: 'Twin', Email })];
    const { status, body } = await org.api<string[]>(`/sobjects/Contact/Email/${Email}`, {
      method: 'PATCH',
      json: { LastName: 'Which' },
    });
    expect(status).toBe(300);
    expect([...body].sort()).toEqual(ids.map((id) => `/services/data/v62.0/sobjects/Contact/${id}`).sort());
  });

  it('refuses an upsert by a field that is no external id: 404 NOT_FOUND', async () => {
    const { status, body } = await org.api<Json[]>('/sobjects/Contact/Title/x', {
      method: 'PATCH',
      json: { LastName: 'x' },
    });
    expect(status).toBe(404);
    expect(body[0]).toMatchObject({
      errorCode: 'NOT_FOUND',
      message: 'Provided external ID field does not exist or is not accessible: Title',
    });
  });

  it('refuses duplicates with DUPLICATES_DETECTED until allowSave=true (Duplicate Rule Header)', async () => {
    await org.control('settings', {
      duplicateRules: [{ name: 'Same e-mail', matchFields: ['Email'] }],
    });
    const id = await create({ LastName: 'Original', Email: 'dup@example.com' });
    const json = { LastName: 'Copy', Email: 'DUP@example.com' };
    const refused = await org.api<Json[]>('/sobjects/Contact', { json });
    expect(refused.status).toBe(400);
    expect(refused.body[0]).toMatchObject({
      errorCode: 'DUPLICATES_DETECTED',
      message: 'Use one of these records?',
      duplicateResut: { duplicateRuleEntityType: 'Contact', allowSave: true },
    });
    expect(refused.text).toContain(id);
    const allowed = await org.api('/sobjects/Contact', {
      json,
      headers: { 'sforce-duplicate-rule-header': 'allowSave=true; includeRecordDetails=true' },
    });
    expect(allowed.status).toBe(201);
    await org.control('settings', { duplicateRules: [], duplicateResultKey: 'duplicateResut' });
  });

  it('refuses what a validation rule forbids: FIELD_CUSTOM_VALIDATION_EXCEPTION with its message', async () => {
    await org.control('settings', {
      validationRules: [
        {
          name: 'Needs_Email',
          condition: "Title = 'VP' AND Email = null",
          message: 'A VP has an e-mail.',
          field: 'Email',
        },
      ],
    });
    const { status, body } = await org.api<Json[]>('/sobjects/Contact', {
      json: { LastName: 'x', Title: 'VP' },
    });
    expect(status).toBe(400);
    expect(body).toEqual([
      { message: 'A VP has an e-mail.', errorCode: 'FIELD_CUSTOM_VALIDATION_EXCEPTION', fields: ['Email'] },
    ]);
    await org.control('settings', { validationRules: [] });
  });

  it('answers a row that a transaction holds with UNABLE_TO_LOCK_ROW', async () => {
    const id = await create({ LastName: 'Locked' });
    await org.control('open-transaction', { touch: { ids: [id] } });
    const { status, body } = await org.api<Json[]>(`/sobjects/Contact/${id}`, {
      method: 'PATCH',
      json: { Title: 'x' },
    });
    expect(status).toBe(400);
    expect(body[0]?.errorCode).toBe('UNABLE_TO_LOCK_ROW');
    expect(body[0]?.message).toContain('unable to obtain exclusive access to this record');
    await org.control('commit', {});
    expect((await org.api(`/sobjects/Contact/${id}`, { method: 'PATCH', json: { Title: 'x' } })).status).toBe(
      204,
    );
  });

  it('gives Accounts an ETag, and writes and reads them by If-Match and If-None-Match', async () => {
    const account = await org.api<{ id: string }>('/sobjects/Account', { json: { Name: 'Tagged' } });
    const path = `/sobjects/Account/${account.body.id}`;
    const etag = (await org.api(`${path}?fields=Name`)).headers.get('etag') ?? '';
    expect(etag).toMatch(/^"[^"]+"$/);
    const read = (headers: Record<string, string>) => org.api(path, { headers });
    const write = (headers: Record<string, string>, Phone: string) =>
      org.api(path, { method: 'PATCH', json: { Phone }, headers });
    const same = await read({ 'if-none-match': `"other", ${etag}` });
    expect([same.status, same.text]).toEqual([304, '']);
    expect((await read({ 'if-none-match': '"other"' })).status).toBe(200);
    expect((await read({ 'if-match': '"other"' })).status).toBe(412);
    expect((await write({ 'if-match': '"other"' }, '1')).status).toBe(412);
    expect((await write({ 'if-none-match': '*' }, '1')).status).toBe(412);
    expect((await write({ 'if-match': 'no list of tags' }, '1')).status).toBe(400);
    expect((await read({})).body.Phone).toBeNull();
    expect((await write({ 'if-match': etag }, '2')).status).toBe(204);
    expect((await write({ 'if-match': etag }, '3')).status).toBe(412);
    expect((await read({ 'if-none-match': etag })).body.Phone).toBe('2');
    const contact = await create({ LastName: 'Untagged' });
    const plain = await org.api(`/sobjects/Contact/${contact}`, { headers: { 'if-match': '"other"' } });
    expect([plain.status, plain.headers.get('etag')]).toEqual([200, null]);
  });

  it('takes dates of conditional headers in the forms of HTTP alone', async () => {
    const path = `/sobjects/Contact/${await create({ LastName: 'Dated' })}`;
    const update = async (since: string) =>
      (
        await org.api(path, {
          method: 'PATCH',
          json: { Title: 'x' },
          headers: { 'if-unmodified-since': since },
        })
      ).status;
    for (const wrong of ['2100-01-01', '2100-01-01T00:00:00Z', '1', 'Fri, 01 Jan 2100 00:00:00 +0200']) {
      expect(await update(wrong), wrong).toBe(400);
    }
    for (const right of ['Fri, 01 Jan 2100 00:00:00 GMT', 'Fri Jan  1 00:00:00 2100']) {
      expect(await update(right), right).toBe(204);
    }
  });

  it('honours If-Unmodified-Since and If-Modified-Since on rows, to the second (Use Conditional Requests)', async () => {
    const id = await create({ LastName: 'Conditional' });
    const path = `/sobjects/Contact/${id}`;
    const first = await org.api(path);
    const modified = first.headers.get('last-modified') ?? '';
    expect(Date.parse(modified)).toBe(Date.parse(String(first.body.LastModifiedDate).replace('+0000', 'Z')));
    const not = await org.api(path, { headers: { 'if-modified-since': modified } });
    expect([not.status, not.text]).toEqual([304, '']);
    const same = await org.api(path, {
      method: 'PATCH',
      json: { Title: 'a' },
      headers: { 'if-unmodified-since': modified },
    });
    expect(same.status).toBe(204);
    await org.control('clock', { advanceMs: 5_000 });
    await org.control('touch', { ids: [id] });
    const newer = await org.api<Json[]>(path, {
      method: 'PATCH',
      json: { Title: 'b' },
      headers: { 'if-unmodified-since': modified },
    });
    expect(newer.status).toBe(412);
    const bad = await org.api(path, { headers: { 'if-modified-since': 'yesterday, perhaps' } });
    expect(bad.status).toBe(400);
    await org.control('settings', { conditionalContact: false });
    const ignored = await org.api(path, {
      method: 'PATCH',
      json: { Title: 'c' },
      headers: { 'if-unmodified-since': modified },
    });
    expect(ignored.status).toBe(204);
    await org.control('settings', { conditionalContact: true });
  });

  it('does not support conditional headers on DELETE', async () => {
    const id = await create({ LastName: 'Conditional' });
    const { status } = await org.api(`/sobjects/Contact/${id}`, {
      method: 'DELETE',
      headers: { 'if-unmodified-since': 'Mon, 01 Jan 2001 00:00:00 GMT' },
    });
    expect(status).toBe(204);
  });

  it('takes Sforce-Auto-Assign and Sforce-Call-Options', async () => {
    const { status } = await org.api('/sobjects/Contact', {
      json: { LastName: 'Headers' },
      headers: { 'sforce-auto-assign': 'FALSE', 'sforce-call-options': 'client=test, defaultNamespace=x' },
    });
    expect(status).toBe(201);
  });
});

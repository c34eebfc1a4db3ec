import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApiInit, Json } from '../running-emulator.ts';
import type { ConformanceOrg } from './conformance-org.ts';
import { conformanceOrg } from './conformance-org.ts';

// Sources: User Interface API Developer Guide (Create, Update, Delete a Record; Prevent Record Duplication with
// Idempotent Record Writes; Error with Output; Record).
describe('UI API records', () => {
  let org: ConformanceOrg;

  beforeAll(async () => {
    org = await conformanceOrg();
  });
  afterAll(() => org[Symbol.asyncDispose]());

  const create = (fields: Json, headers: Record<string, string> = {}, init: ApiInit = {}) =>
    org.api<Json & { id: string; fields: Record<string, { value: unknown }> }>('/ui-api/records', {
      json: { apiName: 'Contact', fields },
      headers,
      ...init,
    });
  const live = () => org.live();

  it('creates with 201 and the record, each field with value and displayValue', async () => {
    const { status, body } = await create({ LastName: 'Ui', FirstName: 'Una' });
    expect(status).toBe(201);
    expect(body).toMatchObject({ apiName: 'Contact', id: expect.stringMatching(/^003/) });
    expect(body.fields.LastName).toEqual({ displayValue: null, value: 'Ui' });
    expect(body.systemModstamp).toMatch(/Z$/);
  });

  it('gives the fields asked for, and leaves out optional ones that are not there (Get a Record)', async () => {
    const { body } = await create({ LastName: 'Asked', Title: 'CEO' });
    const get = (query: string) => org.api<Json & { fields: Json }>(`/ui-api/records/${body.id}?${query}`);
    const found = await get(
      'fields=Contact.LastName&optionalFields=Contact.Title,Contact.Nope,Contact.Boss.Name',
    );
    expect(found.status, found.text).toBe(200);
    expect(Object.keys(found.body.fields).sort()).toEqual(['Id', 'LastName', 'Title']);
    for (const fields of ['Contact.Nope', 'LastName', 'Account.Name', 'Contact.Account.Nope']) {
      const refused = await get(`fields=${fields}`);
      expect(refused.status, fields).toBe(400);
    }
  });

  it('gives parents’ fields as records within the record', async () => {
    const account = await org.api<{ id: string }>('/sobjects/Account', { json: { Name: 'Parent Ltd' } });
    const { body } = await create({ LastName: 'Child', AccountId: account.body.id });
    const { body: read } = await org.api<{ fields: Json }>(
      `/ui-api/records/${body.id}?fields=Contact.Account.Name,Contact.ReportsTo.Name`,
    );
    expect(read.fields.Account).toMatchObject({
      displayValue: 'Parent Ltd',
      value: {
        apiName: 'Account',
        id: account.body.id,
        fields: { Name: { displayValue: null, value: 'Parent Ltd' } },
      },
    });
    expect(read.fields.ReportsTo).toEqual({ displayValue: null, value: null });
  });

  it('refuses what it would have to leave out: child relationships', async () => {
    const { body } = await create({ LastName: 'Childless' });
    const { status } = await org.api(`/ui-api/records/${body.id}?childRelationships=Contact.Cases`);
    expect(status).toBe(400);
  });

  it('gives the stored answer for the same Idempotency-Key, and creates nothing twice', async () => {
    const key = randomUUID();
    const before = await live();
    const first = await create({ LastName: 'Once' }, { 'idempotency-key': key });
    expect(first.status).toBe(201);
    const again = await create({ LastName: 'Once' }, { 'idempotency-key': key });
    expect([again.status, again.text]).toEqual([first.status, first.text]);
    expect(await live()).toBe(before + 1);
    const other = await create({ LastName: 'Once' }, { 'idempotency-key': randomUUID() });
    expect(other.body.id).not.toBe(first.body.id);
  });

  it('keeps the answer for 30 days of the org’s clock; then the key is new', async () => {
    const key = randomUUID();
    const first = await create({ LastName: 'Aged' }, { 'idempotency-key': key });
    await org.control('clock', { advanceMs: 29 * 86_400_000 });
    expect((await create({ LastName: 'Aged' }, { 'idempotency-key': key })).body.id).toBe(first.body.id);
    await org.control('clock', { advanceMs: 2 * 86_400_000 });
    expect((await create({ LastName: 'Aged' }, { 'idempotency-key': key })).body.id).not.toBe(first.body.id);
  });

  it('answers 400 for a key that is no UUID v4, is used for another request, or is not supported', async () => {
    expect((await create({ LastName: 'x' }, { 'idempotency-key': 'abc' })).status).toBe(400);
    const key = randomUUID();
    await create({ LastName: 'x' }, { 'idempotency-key': key });
    expect((await create({ LastName: 'y' }, { 'idempotency-key': key })).status).toBe(400);
    const old = await create({ LastName: 'x' }, { 'idempotency-key': randomUUID() }, { version: '55.0' });
    expect(old.status).toBe(400);
    await org.control('settings', { idempotency: false });
    const before = await live();
    const off = await org.api<Json[]>('/ui-api/records', {
      json: { apiName: 'Contact', fields: { LastName: 'x' } },
      headers: { 'idempotency-key': randomUUID() },
    });
    expect(off.status).toBe(400);
    expect(off.body[0]?.message).toMatch(/^Idempotency not supported/);
    expect(await live()).toBe(before);
    await org.control('settings', { idempotency: true });
  });

  it('updates with 200 and the record, deletes with 204, both once per key', async () => {
    const { body } = await create({ LastName: 'Changing' });
    const path = `/ui-api/records/${body.id}`;
    const key = randomUUID();
    const patch = {
      method: 'PATCH',
      json: { fields: { Title: 'New' } },
      headers: { 'idempotency-key': key },
    };
    const updated = await org.api<{ fields: Record<string, { value: unknown }> }>(path, patch);
    expect([updated.status, updated.body.fields.Title?.value]).toEqual([200, 'New']);
    await org.api(`/sobjects/Contact/${body.id}`, { method: 'PATCH', json: { Title: 'By another' } });
    expect((await org.api(path, patch)).text).toBe(updated.text);
    expect((await org.api(`/sobjects/Contact/${body.id}`)).body.Title).toBe('By another');
    const removal = { method: 'DELETE', headers: { 'idempotency-key': randomUUID() } };
    expect((await org.api(path, removal)).status).toBe(204);
    expect((await org.api(path, removal)).status).toBe(204);
    expect((await org.api(path, { method: 'DELETE' })).status).toBe(404);
  });

  it('answers a refusal as an error with output, by field', async () => {
    const { status, body } = await org.api<Json[]>('/ui-api/records', {
      json: { apiName: 'Contact', fields: { FirstName: 'x' } },
    });
    expect(status).toBe(400);
    expect(body[0]).toMatchObject({
      enhancedErrorType: 'RecordError',
      output: {
        fieldErrors: {
          LastName: [{ errorCode: 'REQUIRED_FIELD_MISSING', field: 'LastName', fieldLabel: 'Last Name' }],
        },
      },
    });
  });

  it('passes a duplicate rule by allowSaveOnDuplicate', async () => {
    await org.control('settings', { duplicateRules: [{ name: 'Same e-mail', matchFields: ['Email'] }] });
    const fields = { LastName: 'Dup', Email: 'ui-dup@example.com' };
    expect((await create(fields)).status).toBe(201);
    const refused = await create(fields);
    expect(refused.status).toBe(400);
    expect(refused.text).toContain('DUPLICATES_DETECTED');
    const allowed = await org.api('/ui-api/records', {
      json: { apiName: 'Contact', fields, allowSaveOnDuplicate: true },
    });
    expect(allowed.status).toBe(201);
    await org.control('settings', { duplicateRules: [] });
  });

  it('refuses an update of a record that has changed since (If-Modified-Since, Update a Record)', async () => {
    const { body } = await create({ LastName: 'Raced' });
    await org.control('clock', { advanceMs: 5_000 });
    await org.control('touch', { ids: [body.id] });
    const { status } = await org.api(`/ui-api/records/${body.id}`, {
      method: 'PATCH',
      json: { fields: { Title: 'x' } },
      headers: { 'if-modified-since': new Date(Date.parse(String(body.lastModifiedDate))).toUTCString() },
    });
    expect(status).toBe(412);
  });
});

import jsforce from 'jsforce';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Json } from '../running-emulator.ts';
import type { ConformanceOrg } from './conformance-org.ts';
import { conformanceOrg } from './conformance-org.ts';

// An independent client, used as its documentation shows it: https://jsforce.github.io/document/
describe('jsforce', () => {
  let org: ConformanceOrg;
  let conn: InstanceType<typeof jsforce.Connection>;

  beforeAll(async () => {
    org = await conformanceOrg({ contacts: 3_000 });
  });
  afterAll(() => org[Symbol.asyncDispose]());
  beforeEach(async () => {
    await org.reset();
    conn = new jsforce.Connection({
      instanceUrl: org.emulator.url,
      accessToken: org.emulator.accessToken,
      version: '62.0',
    });
  });

  describe('oauth2', () => {
    const redirectUri = 'http://localhost:9717/callback';
    const oauth2 = (extra: Json = {}) =>
      new jsforce.OAuth2({
        loginUrl: org.emulator.url,
        clientId: org.emulator.clientId,
        redirectUri,
        ...extra,
      });
    async function codeOf(url: string): Promise<string> {
      await org.control('settings', { autoApprove: true });
      const answer = await fetch(url, { redirect: 'manual' });
      return new URL(answer.headers.get('location') ?? '').searchParams.get('code') ?? '';
    }

    it('authorizes with PKCE by its own verifier, refreshes and revokes', async () => {
      const client = oauth2({ useVerifier: true });
      const code = await codeOf(client.getAuthorizationUrl({ scope: 'api refresh_token' }));
      const login = new jsforce.Connection({ oauth2: client, instanceUrl: org.emulator.url });
      const user = await login.authorize(code, { code_verifier: String(client.codeVerifier) });
      expect(user.id).toBe(org.emulator.userId);
      expect(user.organizationId).toBe(org.emulator.orgId);
      const renewed = await client.refreshToken(String(login.refreshToken));
      expect(renewed.access_token).not.toBe(login.accessToken);
      await client.revokeToken(String(login.refreshToken));
      await expect(client.refreshToken(String(login.refreshToken))).rejects.toMatchObject({
        name: 'invalid_grant',
        message: 'expired access/refresh token',
      });
      await expect(client.revokeToken('nonsense')).rejects.toMatchObject({ name: 'invalid_token' });
    });

    it('renews an expired session by itself and goes on', async () => {
      const client = oauth2({ clientSecret: org.emulator.clientSecret });
      const code = await codeOf(client.getAuthorizationUrl({ scope: 'api refresh_token' }));
      const login = new jsforce.Connection({ oauth2: client });
      await login.authorize(code);
      const before = login.accessToken;
      await org.control('sessions', { expire: true });
      expect((await login.query('SELECT Id FROM Contact LIMIT 1')).totalSize).toBe(1);
      expect(login.accessToken).not.toBe(before);
    });

    it('logs in by username and password', async () => {
      const login = new jsforce.Connection({ oauth2: oauth2({ clientSecret: org.emulator.clientSecret }) });
      const user = await login.loginByOAuth2(org.emulator.username, org.emulator.password);
      expect(user.id).toBe(org.emulator.userId);
    });
  });

  it('logs in and out by SOAP, its way without an OAuth client; a wrong password is INVALID_LOGIN', async () => {
    const soap = new jsforce.Connection({ loginUrl: org.emulator.url });
    const user = await soap.login(org.emulator.username, org.emulator.password);
    expect(user).toMatchObject({ id: org.emulator.userId, organizationId: org.emulator.orgId });
    expect(soap.instanceUrl).toBe(org.emulator.url);
    expect((await soap.query('SELECT Id FROM Contact LIMIT 1')).totalSize).toBe(1);
    const { accessToken } = soap;
    await soap.logout();
    const after = await org.api('/limits', { token: String(accessToken) });
    expect(after.status).toBe(401);
    await expect(soap.login(org.emulator.username, 'wrong')).rejects.toThrow(
      'INVALID_LOGIN: Invalid username, password, security token; or user locked out.',
    );
  });

  it('identity, limits, versions, limitInfo', async () => {
    const identity = await conn.identity();
    expect(identity).toMatchObject({ username: org.emulator.username, organization_id: org.emulator.orgId });
    const limits = await conn.limits();
    expect(limits.DailyApiRequests?.Max).toBe(100_000);
    expect(conn.limitInfo.apiUsage).toMatchObject({ limit: 100_000 });
    const versions = await conn.request<{ version: string }[]>('/services/data');
    expect(versions.at(-1)?.version).toBe('67.0');
  });

  it('query with autoFetch, queryMore, queryAll and a query builder', async () => {
    org.needsOwnEmulator('the control surface');
    const { records } = await conn.query<Json>('SELECT Id, LastName FROM Contact', {
      autoFetch: true,
      maxFetch: 10_000,
    });
    expect(new Set(records.map((r) => r.Id)).size).toBe(3_000);
    const first = await conn.query('SELECT Id FROM Contact', {
      headers: { 'Sforce-Query-Options': 'batchSize=500' },
    });
    expect(first.done).toBe(false);
    const second = await conn.queryMore(String(first.nextRecordsUrl));
    expect(second.totalSize).toBe(3_000);
    await org.control('delete', { count: 1 });
    const deleted = await conn.query('SELECT Id FROM Contact WHERE IsDeleted = true', { scanAll: true });
    expect(deleted.totalSize).toBe(1);
    const found = await conn
      .sobject('Contact')
      .find({ LastName: { $ne: null } }, ['Id', 'Account.Name'])
      .limit(3);
    expect(found).toHaveLength(3);
    expect(await conn.sobject('Contact').count({})).toBe(2_999);
  });

  it('describe and describeGlobal', async () => {
    const contact = await conn.describe('Contact');
    expect(contact.fields.find((f) => f.name === 'LastName')).toMatchObject({
      type: 'string',
      nillable: false,
    });
    const global = await conn.describeGlobal();
    expect(global.sobjects.map((s) => s.name)).toContain('Contact');
    expect((await conn.sobject('Contact').describe()).keyPrefix).toBe('003');
  });

  it('create, retrieve, update, upsert and delete, single and many', async () => {
    const contact = conn.sobject('Contact');
    const [up, down] = [org.unused('js-1'), org.unused('js-2')];
    const one = await contact.create({ LastName: 'Single' });
    expect(one).toMatchObject({ success: true, id: expect.stringMatching(/^003/) });
    const many = await contact.create([{ LastName: 'Many 1' }, { FirstName: 'bad' }, { LastName: 'Many 3' }]);
    expect(many.map((r) => r.success)).toEqual([true, false, true]);
    const id = String(one.id);
    expect(await contact.retrieve(id)).toMatchObject({ LastName: 'Single' });
    const ids = many.flatMap((r) => (r.success ? [String(r.id)] : []));
    expect((await contact.retrieve(ids)).map((r) => r.LastName)).toEqual(['Many 1', 'Many 3']);
    expect(await contact.update({ Id: id, Title: 'x' })).toMatchObject({ success: true, id });
    const updated = await contact.update(ids.map((Id) => ({ Id, Title: 'y' })));
    expect(updated.every((r) => r.success)).toBe(true);
    const created = await contact.upsert({ ParaHack_Id__c: up, LastName: 'Up' }, 'ParaHack_Id__c');
    expect(created).toMatchObject({ success: true, created: true });
    const upserted = await contact.upsert(
      [
        { ParaHack_Id__c: up, LastName: 'Up' },
        { ParaHack_Id__c: down, LastName: 'Down' },
      ],
      'ParaHack_Id__c',
    );
    expect(upserted.map((r) => r.success)).toEqual([true, true]);
    expect(await contact.destroy(id)).toMatchObject({ success: true });
    expect((await contact.destroy(ids)).every((r) => r.success)).toBe(true);
    await expect(contact.retrieve(id)).rejects.toMatchObject({ errorCode: 'ENTITY_IS_DELETED' });
    await expect(contact.retrieve('003000000000001AAA')).rejects.toMatchObject({ errorCode: 'NOT_FOUND' });
    await expect(contact.destroy(id)).rejects.toMatchObject({ errorCode: 'ENTITY_IS_DELETED' });
    await expect(contact.create({ FirstName: 'x' })).rejects.toMatchObject({
      errorCode: 'REQUIRED_FIELD_MISSING',
    });
  });

  it('create and update of more than 200 records by allowRecursive', async () => {
    const created = await conn.sobject('Contact').create(
      Array.from({ length: 450 }, (_, i) => ({ LastName: `Bulk ${i}` })),
      { allowRecursive: true },
    );
    expect(created.filter((r) => r.success)).toHaveLength(450);
  });

  it('updated and deleted', async () => {
    const contact = conn.sobject('Contact');
    await org.control('clock', { advanceMs: 3_600_000 });
    const { nowMs } = await org.control<{ nowMs: number }>('clock');
    const created = await contact.create({ LastName: 'Fresh' });
    const { ids } = await org.control<{ ids: string[] }>('delete', { count: 1 });
    const start = new Date(nowMs - 300_000).toISOString();
    const end = new Date(nowMs + 60_000).toISOString();
    const updated = await contact.updated(start, end);
    expect(updated.ids).toEqual([created.id]);
    const deleted = await contact.deleted(start, end);
    expect(deleted.deletedRecords.map((r) => r.id)).toEqual(ids);
  });

  it('recent and search', async () => {
    await org.control('clock', { advanceMs: 5_000 });
    const created = await conn.sobject('Contact').create({ LastName: 'Xanadusson' });
    expect(JSON.stringify(await conn.recent())).toContain(String(created.id));
    const found = await conn.search('FIND {Xanadusson} IN NAME FIELDS RETURNING Contact(Id, LastName)');
    expect(found.searchRecords).toHaveLength(1);
  });

  it('requestPost of a composite', async () => {
    const answer = await conn.requestPost<{ compositeResponse: { httpStatusCode: number }[] }>(
      '/services/data/v62.0/composite',
      {
        compositeRequest: [
          {
            method: 'POST',
            url: '/services/data/v62.0/sobjects/Contact',
            referenceId: 'a',
            body: { LastName: 'Composite' },
          },
        ],
      },
    );
    expect(answer.compositeResponse[0]?.httpStatusCode).toBe(201);
  });

  it('bulk2.query of one page', async () => {
    const live = await org.live();
    const stream = await conn.bulk2.query('SELECT Id, LastName FROM Contact', {
      pollInterval: 20,
      pollTimeout: 20_000,
    });
    const rows = (await stream.toArray()) as Json[];
    expect(rows).toHaveLength(live);
    expect(rows[0]).toMatchObject({ Id: expect.stringMatching(/^003/), LastName: expect.any(String) });
  });

  it('bulk2.loadAndWaitForResults: insert, upsert, delete', async () => {
    const load = (
      operation: 'insert' | 'upsert' | 'delete',
      input: Record<string, string>[],
      extra: Json = {},
    ) =>
      conn.bulk2.loadAndWaitForResults({
        object: 'Contact',
        operation,
        input,
        pollInterval: 20,
        pollTimeout: 20_000,
        ...extra,
      });
    const inserted = await load('insert', [
      { FirstName: 'A', LastName: 'B1' },
      { FirstName: 'A', LastName: '' },
    ]);
    expect(inserted.successfulResults).toHaveLength(1);
    expect(inserted.failedResults).toEqual([
      expect.objectContaining({ sf__Error: expect.stringContaining('REQUIRED_FIELD_MISSING') }),
    ]);
    const upserted = await load('upsert', [{ ParaHack_Id__c: org.unused('b-1'), LastName: 'B2' }], {
      externalIdFieldName: 'ParaHack_Id__c',
    });
    expect(upserted.successfulResults[0]).toMatchObject({ sf__Created: 'true' });
    const deleted = await load('delete', [{ Id: String(inserted.successfulResults[0]?.sf__Id) }]);
    expect(deleted.successfulResults).toHaveLength(1);
  });
});

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { ConformanceOrg } from './conformance-org.ts';
import { conformanceOrg } from './conformance-org.ts';

interface Counts {
  sObjects: { count: number; name: string }[];
}

// Source: REST API Developer Guide, Record Count (API version 40.0 and later).
describe('/limits/recordCount', () => {
  let org: ConformanceOrg;

  beforeAll(async () => {
    org = await conformanceOrg({ contacts: 30 });
  });
  afterAll(() => org[Symbol.asyncDispose]());

  it('counts the objects that are named, in any case, without the Recycle Bin', async () => {
    await org.control('delete', { count: 4 });
    const { status, body } = await org.api<Counts>('/limits/recordCount?sObjects=Contact,user');
    expect(status).toBe(200);
    expect(body).toEqual({
      sObjects: [
        { count: 26, name: 'Contact' },
        { count: 5, name: 'User' },
      ],
    });
  });

  it('counts every object where none is named, and leaves out what there is not', async () => {
    const { body } = await org.api<Counts>('/limits/recordCount');
    expect(body.sObjects.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['Account', 'Contact', 'Opportunity']),
    );
    const named = await org.api<Counts>('/limits/recordCount?sObjects=Nope__c,%20Contact');
    expect(named.body.sObjects.map(({ name }) => name)).toEqual(['Contact']);
  });
});

// Source: REST API Developer Guide, Create Records Using sObject Rows by External ID (API version 37.0 and later).
describe('POST /sobjects/X/Id', () => {
  it('creates a record, and takes neither an Id nor an external id', async () => {
    await using org = await conformanceOrg({ contacts: 1 });
    const before = await org.live();
    const created = await org.api<{ id: string }>('/sobjects/Contact/Id', { json: { LastName: 'New' } });
    expect(created.status).toBe(201);
    expect(created.body).toMatchObject({ success: true, errors: [], id: expect.stringMatching(/^003/) });
    expect((await org.api(`/sobjects/Contact/${created.body.id}`)).body.LastName).toBe('New');
    for (const extra of [{ Id: created.body.id }, { ParaHack_Id__c: 'x' }, { parahack_id__C: 'x' }]) {
      const refused = await org.api<{ errorCode: string }[]>('/sobjects/Contact/Id', {
        json: { LastName: 'New', ...extra },
      });
      expect([refused.status, refused.body[0]?.errorCode]).toEqual([400, 'INVALID_FIELD']);
    }
    const other = await org.api('/sobjects/Contact/ParaHack_Id__c', { json: { LastName: 'x' } });
    expect(other.status).toBe(405);
    expect(await org.live()).toBe(before + 1);
  });
});

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Json } from '../running-emulator.ts';
import type { ConformanceOrg } from './conformance-org.ts';
import { conformanceOrg } from './conformance-org.ts';

interface Result {
  id?: string;
  success: boolean;
  created?: boolean;
  errors: { statusCode: string; message: string; fields: string[] }[];
}

// Source: REST API Developer Guide (sObject Collections: Create, Update, Upsert, Delete, Retrieve).
describe('sObject Collections', () => {
  let org: ConformanceOrg;
  const typed = (fields: Json, type = 'Contact') => ({ attributes: { type }, ...fields });

  beforeAll(async () => {
    org = await conformanceOrg();
  });
  afterAll(() => org[Symbol.asyncDispose]());

  const create = (records: Json[], allOrNone?: boolean) =>
    org.api<Result[]>('/composite/sobjects', {
      json: { records, ...(allOrNone === undefined ? {} : { allOrNone }) },
    });

  it('creates with 200 and a result per record, in order; errors carry statusCode', async () => {
    const { status, body } = await create([
      typed({ LastName: 'First' }),
      typed({ FirstName: 'No last name' }),
      typed({ LastName: 'Third' }),
    ]);
    expect(status).toBe(200);
    expect(body.map((r) => r.success)).toEqual([true, false, true]);
    expect(body[0]).toEqual({ id: expect.stringMatching(/^003/), success: true, errors: [] });
    expect(body[1]).toEqual({
      success: false,
      errors: [
        {
          statusCode: 'REQUIRED_FIELD_MISSING',
          message: 'Required fields are missing: [LastName]',
          fields: ['LastName'],
        },
      ],
    });
    const third = await org.api(`/sobjects/Contact/${body[2]?.id}?fields=LastName`);
    expect(third.body.LastName).toBe('Third');
  });

  it('rolls everything back under allOrNone: the culprit has its code, the others ALL_OR_NONE_OPERATION_ROLLED_BACK', async () => {
    const before = await org.live();
    const { status, body } = await create(
      [typed({ LastName: 'Innocent' }), typed({ FirstName: 'Culprit' })],
      true,
    );
    expect(status).toBe(200);
    expect(body.map((r) => r.errors[0]?.statusCode)).toEqual([
      'ALL_OR_NONE_OPERATION_ROLLED_BACK',
      'REQUIRED_FIELD_MISSING',
    ]);
    expect(await org.live()).toBe(before);
  });

  it('takes 200 records a write and 2,000 ids a retrieve, and refuses more with 400', async () => {
    const many = (n: number) => Array.from({ length: n }, (_, i) => typed({ LastName: `Many ${i}` }));
    const created = await create(many(200));
    expect(created.body.every((r) => r.success)).toBe(true);
    expect((await create(many(201))).status).toBe(400);
    const ids = created.body.map((r) => String(r.id));
    const retrieve = (count: number) =>
      org.api<unknown[]>('/composite/sobjects/Contact', {
        json: { ids: Array.from({ length: count }, (_, i) => ids[i % 200]), fields: ['Id'] },
      });
    expect((await retrieve(2_000)).body).toHaveLength(2_000);
    expect((await retrieve(2_001)).status).toBe(400);
  });

  it('creates objects of several types, and refuses more than ten chunks', async () => {
    const mixed = await create([
      typed({ LastName: 'A' }),
      typed({ Name: 'Acme' }, 'Account'),
      typed({ LastName: 'B' }),
    ]);
    expect(mixed.body.map((r) => r.id?.slice(0, 3))).toEqual(['003', '001', '003']);
    const alternating = Array.from({ length: 12 }, (_, i) =>
      i % 2 ? typed({ Name: 'x' }, 'Account') : typed({ LastName: 'x' }),
    );
    expect((await create(alternating)).status).toBe(400);
    expect((await create([{ LastName: 'No attributes' }])).status).toBe(400);
  });

  it('updates by id or Id, and answers a deleted row with ENTITY_IS_DELETED', async () => {
    const [one, two, gone] = (
      await create([typed({ LastName: '1' }), typed({ LastName: '2' }), typed({ LastName: '3' })])
    ).body.map((r) => String(r.id));
    await org.api(`/sobjects/Contact/${gone}`, { method: 'DELETE' });
    const { body } = await org.api<Result[]>('/composite/sobjects', {
      method: 'PATCH',
      json: {
        records: [
          typed({ id: one, Title: 'lower' }),
          typed({ Id: two, Title: 'upper' }),
          typed({ id: gone, Title: 'x' }),
        ],
      },
    });
    expect(body.map((r) => r.success)).toEqual([true, true, false]);
    expect(body[2]?.errors[0]?.statusCode).toBe('ENTITY_IS_DELETED');
    expect((await org.api(`/sobjects/Contact/${two}`)).body.Title).toBe('upper');
  });

  // SOAP API, update(): "if there are duplicates, the first 12 are processed"; help 000386990 says how they count.
  it('takes twelve repeated ids in one update, refuses the others with DUPLICATE_VALUE, and the last value stays', async () => {
    const [one, two] = (await create([typed({ LastName: '1' }), typed({ LastName: '2' })])).body.map((r) =>
      String(r.id),
    ) as [string, string];
    const ids = [
      ...Array.from({ length: 9 }, () => one),
      ...Array.from({ length: 7 }, () => two.slice(0, 15)),
    ];
    const records = ids.map((id, at) => typed({ id, Title: `at ${at}` }));
    const update = (allOrNone: boolean) =>
      org.api<Result[]>('/composite/sobjects', { method: 'PATCH', json: { records, allOrNone } });
    expect((await update(true)).body.map((r) => r.errors[0]?.statusCode)).toEqual([
      ...Array.from({ length: 14 }, () => 'ALL_OR_NONE_OPERATION_ROLLED_BACK'),
      'DUPLICATE_VALUE',
      'DUPLICATE_VALUE',
    ]);
    expect((await org.api(`/sobjects/Contact/${one}`)).body.Title).toBeNull();
    const { status, body } = await update(false);
    expect(status).toBe(200);
    expect(body.map((r) => r.success)).toEqual(ids.map((_, at) => at < 14));
    expect(body[14]?.errors).toEqual([
      {
        statusCode: 'DUPLICATE_VALUE',
        message: `Maximum number of duplicate updates in one batch (12 allowed). Attempt to update Id more than once in this Api call: ${two}`,
        fields: [],
      },
    ]);
    expect((await org.api(`/sobjects/Contact/${one}`)).body.Title).toBe('at 8');
    expect((await org.api(`/sobjects/Contact/${two}`)).body.Title).toBe('at 13');
  });

  it('deletes an id that is named twice once, and answers the second with ENTITY_IS_DELETED', async () => {
    const [id = ''] = (await create([typed({ LastName: '1' })])).body.map((r) => String(r.id));
    const { body } = await org.api<Result[]>(`/composite/sobjects?ids=${id},${id.slice(0, 15)}`, {
      method: 'DELETE',
    });
    expect(body.map((r) => r.errors[0]?.statusCode)).toEqual([undefined, 'ENTITY_IS_DELETED']);
  });

  it('tells values of an external id apart by case where the field does, and as numbers where it holds numbers', async () => {
    await org.control('settings', {
      addFields: [
        { name: 'Exact__c', type: 'string', length: 20, externalId: true, unique: true, caseSensitive: true },
        { name: 'Number__c', type: 'double', precision: 10, scale: 0, externalId: true, unique: true },
      ],
    });
    const upsert = (field: string, values: unknown[]) =>
      org.api<Result[]>(`/composite/sobjects/Contact/${field}`, {
        method: 'PATCH',
        json: { records: values.map((value) => typed({ [field]: value, LastName: 'x' })) },
      });
    const exact = await upsert('Exact__c', ['k1', 'K1', 'k2', ' k2']);
    expect(exact.body.map((r) => r.errors[0]?.statusCode ?? r.created)).toEqual([
      true,
      true,
      'DUPLICATE_VALUE',
      'DUPLICATE_VALUE',
    ]);
    const numbers = await upsert('Number__c', [1, 1.0, 1.2, 2]);
    expect(numbers.body.map((r) => r.errors[0]?.statusCode ?? r.created)).toEqual([
      'DUPLICATE_VALUE',
      'DUPLICATE_VALUE',
      'DUPLICATE_VALUE',
      true,
    ]);
    await org.control('settings', { removeFields: ['Exact__c', 'Number__c'] });
  });

  it('answers an id that names no row with INVALID_CROSS_REFERENCE_KEY, where a row of its own is 404 NOT_FOUND', async () => {
    const nobody = `${org.emulator.userId.replace(/^005/, '003').slice(0, 6)}00zzzzzzz`;
    const results = await org.api<Json[]>('/composite/sobjects', {
      method: 'PATCH',
      json: { records: [{ attributes: { type: 'Contact' }, id: nobody, Title: 'x' }] },
    });
    expect(results.body[0]).toMatchObject({
      success: false,
      errors: [{ statusCode: 'INVALID_CROSS_REFERENCE_KEY', message: 'invalid cross reference id' }],
    });
    for (const method of ['PATCH', 'DELETE']) {
      const init = method === 'PATCH' ? { method, json: { Title: 'x' } } : { method };
      const one = await org.api<Json[]>(`/sobjects/Contact/${nobody}`, init);
      expect([one.status, one.body[0]?.errorCode]).toEqual([404, 'NOT_FOUND']);
    }
  });

  it('upserts by external id, with created in each result', async () => {
    const key = org.unused('col-1');
    const upsert = (LastName: string) =>
      org.api<Result[]>('/composite/sobjects/Contact/ParaHack_Id__c', {
        method: 'PATCH',
        json: { records: [typed({ ParaHack_Id__c: key, LastName })] },
      });
    const first = await upsert('New');
    expect(first.body[0]).toMatchObject({ success: true, created: true });
    const second = await upsert('Known');
    expect(second.body[0]).toEqual({ id: first.body[0]?.id, success: true, errors: [], created: false });
  });

  it('deletes by ids, and reports those that are not there', async () => {
    const ids = (await create([typed({ LastName: '1' }), typed({ LastName: '2' })])).body.map((r) => r.id);
    const { status, body } = await org.api<Result[]>(
      `/composite/sobjects?ids=${[...ids, '003000000000001AAA'].join(',')}&allOrNone=false`,
      { method: 'DELETE' },
    );
    expect(status).toBe(200);
    expect(body.map((r) => r.success)).toEqual([true, true, false]);
    expect((await org.api(`/sobjects/Contact/${ids[0]}`)).status).toBe(404);
  });

  it('retrieves in the order of the ids with null for what is missing, by GET and by POST', async () => {
    const ids = (await create([typed({ LastName: 'R1' }), typed({ LastName: 'R2' })])).body.map((r) =>
      String(r.id),
    );
    const asked = [ids[1], '003000000000001AAA', ids[0]];
    const byPost = await org.api<(Json | null)[]>('/composite/sobjects/Contact', {
      json: { ids: asked, fields: ['Id', 'LastName'] },
    });
    expect(byPost.body.map((r) => r?.LastName ?? null)).toEqual(['R2', null, 'R1']);
    expect(byPost.body[0]).toMatchObject({ attributes: { type: 'Contact' } });
    const byGet = await org.api<(Json | null)[]>(
      `/composite/sobjects/Contact?ids=${asked.join(',')}&fields=Id,LastName`,
    );
    expect(byGet.body).toEqual(byPost.body);
  });

  it('refuses an unknown field for the whole retrieve: INVALID_FIELD', async () => {
    const { status, body } = await org.api<Json[]>('/composite/sobjects/Contact', {
      json: { ids: ['003000000000001AAA'], fields: ['Id', 'Nope'] },
    });
    expect([status, body[0]?.errorCode]).toEqual([400, 'INVALID_FIELD']);
  });
});

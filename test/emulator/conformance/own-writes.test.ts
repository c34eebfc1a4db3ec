import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Json } from '../running-emulator.ts';
import type { ConformanceOrg } from './conformance-org.ts';
import { conformanceOrg } from './conformance-org.ts';

interface UiRecord {
  id: string;
  fields: Record<string, { value: unknown }>;
}

// A write that commits late is answered as any other: the answer is of what was written, whoever may see it yet.
describe('within a commit lag, what a request wrote itself', () => {
  let org: ConformanceOrg;

  beforeAll(async () => {
    org = await conformanceOrg({ contacts: 5 });
  });
  afterAll(() => org[Symbol.asyncDispose]());
  beforeEach(async () => {
    await org.reset();
    await org.control('settings', { commitLagMs: 60_000 });
  });

  const settle = () => org.control('clock', { advanceMs: 61_000 });
  const live = async () => (await org.control<{ live: number }>('state')).live;
  const create = (key: string, LastName = 'Late') =>
    org.api<UiRecord>('/ui-api/records', {
      json: { apiName: 'Contact', fields: { LastName } },
      headers: { 'idempotency-key': key },
    });

  it('is answered by the UI API with 201 and the record, and the key is kept', async () => {
    const key = randomUUID();
    const first = await create(key);
    expect([first.status, first.body.fields?.LastName?.value]).toEqual([201, 'Late']);
    expect((await org.api(`/ui-api/records/${first.body.id}`)).status).toBe(404);
    const again = await create(key);
    expect([again.status, again.text]).toEqual([201, first.text]);
    await settle();
    expect(await live()).toBe(6);
    expect((await org.api(`/sobjects/Contact/${first.body.id}`)).body.LastName).toBe('Late');
  });

  it('is answered for a PATCH and a DELETE as well, once per key', async () => {
    const { body } = await create(randomUUID());
    const path = `/ui-api/records/${body.id}`;
    const patch = {
      method: 'PATCH',
      json: { fields: { Title: 'New' } },
      headers: { 'idempotency-key': randomUUID() },
    };
    const changed = await org.api<UiRecord>(path, patch);
    expect([changed.status, changed.body.fields?.Title?.value]).toEqual([200, 'New']);
    expect((await org.api(path, patch)).text).toBe(changed.text);
    const removal = { method: 'DELETE', headers: { 'idempotency-key': randomUUID() } };
    expect([(await org.api(path, removal)).status, (await org.api(path, removal)).status]).toEqual([
      204, 204,
    ]);
    await settle();
    expect(await live()).toBe(5);
  });

  it('is not there where the UI API refused it, and the key may be used again', async () => {
    const key = randomUUID();
    expect((await create(key, '')).status).toBe(400);
    expect((await create(key, 'Mended')).status).toBe(201);
    await settle();
    expect(await live()).toBe(6);
  });

  it('is found again by upsert, by a delete with its external id, and by a condition', async () => {
    const path = '/sobjects/Contact/ParaHack_Id__c/late-1';
    expect((await org.api(path, { method: 'PATCH', json: { LastName: 'One' } })).status).toBe(201);
    const second = await org.api(path, { method: 'PATCH', json: { LastName: 'Two' } });
    expect([second.status, second.body.created]).toEqual([200, false]);
    const collected = await org.api<Json[]>('/composite/sobjects/Contact/ParaHack_Id__c', {
      method: 'PATCH',
      json: { records: [{ attributes: { type: 'Contact' }, ParaHack_Id__c: 'late-1', Title: 'Three' }] },
    });
    expect(collected.body[0]).toMatchObject({ success: true, created: false });
    const since = new Date(Date.now() - 3_600_000).toUTCString();
    const id = String(collected.body[0]?.id);
    const stale = await org.api(`/sobjects/Contact/${id}`, {
      method: 'PATCH',
      json: { Title: 'Stale' },
      headers: { 'if-unmodified-since': since },
    });
    expect(stale.status).toBe(412);
    expect((await org.api(path, { method: 'DELETE' })).status).toBe(204);
    await settle();
    expect(await live()).toBe(5);
  });

  it('is seen by the later parts of a composite request', async () => {
    const { body } = await org.api<{ compositeResponse: { httpStatusCode: number; body: Json }[] }>(
      '/composite',
      {
        json: {
          compositeRequest: [
            {
              method: 'POST',
              url: '/services/data/v62.0/sobjects/Contact',
              referenceId: 'a',
              body: { LastName: 'Part' },
            },
            {
              method: 'PATCH',
              url: '/services/data/v62.0/sobjects/Contact/@{a.id}',
              referenceId: 'b',
              body: { Title: 'T' },
            },
            {
              method: 'GET',
              url: '/services/data/v62.0/sobjects/Contact/@{a.id}?fields=LastName,Title',
              referenceId: 'c',
            },
          ],
        },
      },
    );
    expect(body.compositeResponse.map((part) => part.httpStatusCode)).toEqual([201, 204, 200]);
    expect(body.compositeResponse[2]?.body).toMatchObject({ LastName: 'Part', Title: 'T' });
    expect((await org.api(`/sobjects/Contact/${String(body.compositeResponse[0]?.body.id)}`)).status).toBe(
      404,
    );
    await settle();
    expect(await live()).toBe(6);
  });
});

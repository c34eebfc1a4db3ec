import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Json } from '../running-emulator.ts';
import type { ConformanceOrg } from './conformance-org.ts';
import { conformanceOrg } from './conformance-org.ts';

interface Updated {
  ids: string[];
  latestDateCovered: string;
}
interface Deleted {
  deletedRecords: { id: string; deletedDate: string }[];
  earliestDateAvailable: string;
  latestDateCovered: string;
}

const minute = 60_000;
const day = 86_400_000;

// Sources: REST API Developer Guide (sObject Get Updated, sObject Get Deleted); SOAP API Developer Guide
// (getUpdated, getDeleted, Data Replication); help 000199029.
describe('updated and deleted', () => {
  let org: ConformanceOrg;

  beforeAll(async () => {
    org = await conformanceOrg();
  });
  afterAll(() => org[Symbol.asyncDispose]());
  beforeEach(async () => {
    await org.reset();
    await org.leaveSeedBehind();
  });

  const now = () => org.nowMs();
  const at = (ms: number) => new Date(ms).toISOString().replace(/\.\d+Z$/, '+00:00');
  const ask = <T>(resource: string, start: number, end: number) =>
    org.api<T>(
      `/sobjects/Contact/${resource}/?start=${encodeURIComponent(at(start))}&end=${encodeURIComponent(at(end))}`,
    );
  const ms = (instant: string) => Date.parse(instant.replace('+0000', 'Z'));

  it('lists ids of created and updated rows, and latestDateCovered not later than end', async () => {
    const created = await org.control<{ ids: string[] }>('contacts', { count: 3 });
    const t = await now();
    const { status, body } = await ask<Updated>('updated', t - 5 * minute, t + minute);
    expect(status).toBe(200);
    expect([...body.ids].sort()).toEqual([...created.ids].sort());
    expect(body.latestDateCovered).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000\+0000$/);
    expect(ms(body.latestDateCovered)).toBeLessThanOrEqual(t + minute);
  });

  it('lists deleted rows with their dates and earliestDateAvailable', async () => {
    const { ids } = await org.control<{ ids: string[] }>('delete', { count: 2 });
    const t = await now();
    const { body } = await ask<Deleted>('deleted', t - 5 * minute, t + minute);
    expect(body.deletedRecords.map((r) => r.id).sort()).toEqual([...ids].sort());
    expect(Math.abs(ms(body.deletedRecords[0]?.deletedDate ?? '') - t)).toBeLessThan(minute);
    expect(body.earliestDateAvailable).toMatch(/\+0000$/);
    const updated = await ask<Updated>('updated', t - 5 * minute, t + minute);
    expect(updated.body.ids).toEqual([]);
  });

  it('brings an undeleted row through updated', async () => {
    const { ids } = await org.control<{ ids: string[] }>('delete', { count: 1 });
    await org.control('clock', { advanceMs: 10 * minute });
    await org.control('undelete', { ids });
    const t = await now();
    const { body } = await ask<Updated>('updated', t - 2 * minute, t + minute);
    expect(body.ids).toEqual(ids);
  });

  it('drops the seconds of both ends', async () => {
    await org.control('clock', { now: '2030-03-04T05:06:30Z' });
    const { ids } = await org.control<{ ids: string[] }>('contacts', { count: 1 });
    const base = Date.UTC(2030, 2, 4, 5, 6);
    const startLate = await ask<Updated>('updated', base + 50_000, base + 2 * minute);
    expect(startLate.body.ids).toEqual(ids);
    const endWithin = await ask<Updated>('updated', base - 5 * minute, base + 59_000);
    expect(endWithin.body.ids).toEqual([]);
  });

  it('refuses a span within one minute, the wrong way round, or from the future: INVALID_REPLICATION_DATE', async () => {
    const t = Math.floor((await now()) / minute) * minute;
    for (const [start, end] of [
      [t, t + 30_000],
      [t, t - 5 * minute],
      [t + 10 * minute, t + 20 * minute],
    ] as const) {
      for (const resource of ['updated', 'deleted']) {
        const { status, body } = await ask<Json[]>(resource, start, end);
        expect([resource, status, body[0]?.errorCode]).toEqual([resource, 400, 'INVALID_REPLICATION_DATE']);
      }
    }
  });

  it('takes an end in the future', async () => {
    const t = await now();
    expect((await ask('updated', t - minute * 5, t + day)).status).toBe(200);
  });

  it('reaches back 30 days for updated, 15 days for deleted', async () => {
    await org.control('clock', { advanceMs: 60 * day });
    const t = await now();
    expect((await ask('updated', t - 29 * day, t)).status).toBe(200);
    const { status, body } = await ask<Json[]>('updated', t - 31 * day, t);
    expect([status, body[0]?.errorCode]).toEqual([400, 'INVALID_REPLICATION_DATE']);
    const deleted = await ask<Deleted>('deleted', t - 14 * day, t);
    expect(deleted.status).toBe(200);
    expect(ms(deleted.body.earliestDateAvailable)).toBeGreaterThanOrEqual(t - 16 * day);
  });

  it('ends at the id limit: EXCEEDED_ID_LIMIT (600,000, lowered here)', async () => {
    await org.control('settings', { replicationIdLimit: 5 });
    await org.control('contacts', { count: 6 });
    const t = await now();
    const { status, body } = await ask<Json[]>('updated', t - 5 * minute, t + minute);
    expect([status, body[0]?.errorCode]).toEqual([400, 'EXCEEDED_ID_LIMIT']);
  });

  it('refuses an object that is not there, and missing or malformed ends', async () => {
    expect((await org.api('/sobjects/Nope/updated/?start=x&end=y')).status).toBe(404);
    expect((await org.api('/sobjects/Contact/updated/')).status).toBe(400);
    expect((await org.api('/sobjects/Contact/updated/?start=x&end=y')).status).toBe(400);
  });

  it('takes an unencoded plus sign in the zone', async () => {
    const t = await now();
    const { status } = await org.api(`/sobjects/Contact/updated/?start=${at(t - 5 * minute)}&end=${at(t)}`);
    expect(status).toBe(200);
  });

  it('lists rows that sharing hides in neither answer, and a change of sharing touches no stamp', async () => {
    const { ids } = await org.control<{ ids: string[] }>('contacts', { count: 2 });
    const [hidden = '', seen = ''] = ids;
    await org.control('clock', { advanceMs: 10 * minute });
    await org.control('visibility', { ids: [hidden], hidden: true });
    const t = await now();
    const recent = await ask<Updated>('updated', t - 2 * minute, t + minute);
    expect(recent.body.ids).toEqual([]);
    const all = await ask<Updated>('updated', t - 30 * minute, t + minute);
    expect(all.body.ids).toEqual([seen]);
    expect((await org.api(`/sobjects/Contact/${hidden}`)).status).toBe(404);
    await org.control('visibility', { ids: [hidden], hidden: false });
    expect((await org.api(`/sobjects/Contact/${hidden}`)).status).toBe(200);
  });

  it('shows a merge: losers deleted with MasterRecordId in queryAll (Merge)', async () => {
    const { ids } = await org.control<{ ids: string[] }>('contacts', { count: 2 });
    const [master = '', loser = ''] = ids;
    await org.control('merge', { master, losers: [loser] });
    const soql = `SELECT IsDeleted, MasterRecordId FROM Contact WHERE Id = '${loser}'`;
    const { body } = await org.api<{ records: Json[] }>(`/queryAll?q=${encodeURIComponent(soql)}`);
    expect(body.records[0]).toMatchObject({ IsDeleted: true, MasterRecordId: master });
    const t = await now();
    const deleted = await ask<Deleted>('deleted', t - 5 * minute, t + minute);
    expect(deleted.body.deletedRecords.map((r) => r.id)).toEqual([loser]);
  });
});

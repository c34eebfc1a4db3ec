import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { ConformanceOrg } from './conformance-org.ts';
import { conformanceOrg } from './conformance-org.ts';

const minute = 60_000;

/** Polls as many connectors do: every row whose SystemModstamp is later than the last one seen. */
function naiveClient(org: ConformanceOrg, since: string) {
  let last = since;
  const seen = new Set<string>();
  return {
    seen,
    async poll() {
      const soql = `SELECT Id, SystemModstamp FROM Contact WHERE SystemModstamp > ${last.replace('+0000', 'Z')} ORDER BY SystemModstamp, Id`;
      const { body } = await org.api<{ records: { Id: string; SystemModstamp: string }[] }>(
        `/query?q=${encodeURIComponent(soql)}`,
      );
      for (const row of body.records) {
        seen.add(row.Id);
        last = row.SystemModstamp;
      }
    },
  };
}

/** Polls as the documentation says: the next start is the last latestDateCovered. */
function coveredClient(org: ConformanceOrg, sinceMs: number, nowMs: () => Promise<number>) {
  let start = sinceMs;
  const seen = new Set<string>();
  return {
    seen,
    async poll() {
      const end = (await nowMs()) + minute;
      if (Math.floor(start / minute) >= Math.floor(end / minute)) return;
      const query = new URLSearchParams({
        start: new Date(start).toISOString(),
        end: new Date(end).toISOString(),
      });
      const { body } = await org.api<{ ids: string[]; latestDateCovered: string }>(
        `/sobjects/Contact/updated/?${query}`,
      );
      for (const id of body.ids) seen.add(id);
      start = Math.max(
        start,
        Math.min(Date.parse(body.latestDateCovered.replace('+0000', 'Z')), end - minute),
      );
    },
  };
}

// Source: sObject Get Updated ("latestDateCovered"); help 000199029; airbyte #27146 and #27048 for the loss.
describe('a late commit is really late', () => {
  let org: ConformanceOrg;

  beforeAll(async () => {
    org = await conformanceOrg();
    await org.control('clock', { advanceMs: 120 * minute });
  });
  afterAll(() => org[Symbol.asyncDispose]());

  const nowMs = async () => (await org.control<{ nowMs: number }>('clock')).nowMs;

  it('loses the row of a naive client, and not of one that honours latestDateCovered', async () => {
    const startMs = (await nowMs()) - minute;
    const naive = naiveClient(org, new Date(startMs).toISOString());
    const covered = coveredClient(org, startMs, nowMs);

    const open = await org.control<{ ids: string[] }>('open-transaction', { create: { count: 1 } });
    const [late = ''] = open.ids;
    await org.control('clock', { advanceMs: 3 * minute });
    const { ids: early } = await org.control<{ ids: string[] }>('contacts', { count: 1 });

    // Stamped, and in no answer before the commit.
    expect((await org.api(`/sobjects/Contact/${late}`)).status).toBe(404);
    const retrieved = await org.api<unknown[]>('/composite/sobjects/Contact', {
      json: { ids: [late], fields: ['Id'] },
    });
    expect(retrieved.body).toEqual([null]);
    const count = await org.api<{ totalSize: number }>(
      `/queryAll?q=${encodeURIComponent(`SELECT Id FROM Contact WHERE Id = '${late}'`)}`,
    );
    expect(count.body.totalSize).toBe(0);

    await naive.poll();
    await covered.poll();
    expect([...naive.seen]).toEqual(early);
    expect([...covered.seen]).toEqual(early);

    await org.control('clock', { advanceMs: 3 * minute });
    await org.control('commit', {});
    await org.control('clock', { advanceMs: 3 * minute });
    for (let i = 0; i < 3; i++) {
      await naive.poll();
      await covered.poll();
      await org.control('clock', { advanceMs: minute });
    }

    const row = await org.api<{ SystemModstamp: string }>(`/sobjects/Contact/${late}`);
    expect(row.status).toBe(200);
    const earlyRow = await org.api<{ SystemModstamp: string }>(`/sobjects/Contact/${early[0]}`);
    expect(row.body.SystemModstamp < earlyRow.body.SystemModstamp).toBe(true);
    expect(covered.seen).toContain(late);
    expect(naive.seen).not.toContain(late);
  });

  it('holds latestDateCovered at the start of the oldest open transaction', async () => {
    const beforeMs = await nowMs();
    await org.control('open-transaction', {});
    const openedMs = await nowMs();
    await org.control('clock', { advanceMs: 20 * minute });
    const query = new URLSearchParams({
      start: new Date(openedMs - 10 * minute).toISOString(),
      end: new Date(await nowMs()).toISOString(),
    });
    const covered = async () => {
      const { body } = await org.api<{ latestDateCovered: string }>(`/sobjects/Contact/updated/?${query}`);
      return Date.parse(body.latestDateCovered.replace('+0000', 'Z'));
    };
    const held = await covered();
    expect(held).toBeLessThanOrEqual(openedMs);
    expect(held).toBeGreaterThan(beforeMs - 1000);
    await org.control('commit', {});
    expect(await covered()).toBeGreaterThan(openedMs + 10 * minute);
  });

  it('shows rows later than their stamp where commits lag (setting commitLagMs)', async () => {
    await org.control('settings', { commitLagMs: 2 * minute });
    const created = await org.api<{ id: string }>('/sobjects/Contact', { json: { LastName: 'Lagging' } });
    expect(created.status).toBe(201);
    const path = `/sobjects/Contact/${created.body.id}`;
    expect((await org.api(path)).status).toBe(404);
    await org.control('clock', { advanceMs: 2 * minute + 1_000 });
    expect((await org.api(path)).status).toBe(200);
    await org.control('settings', { commitLagMs: 0 });
  });
});

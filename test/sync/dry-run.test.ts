import { describe, expect, it } from 'vitest';
import { backfill } from '../../src/sync/backfill/backfill.ts';
import type { PushJob } from '../../src/sync/push/push-job.ts';
import { calls, contactsOf, control } from '../e2e/org.ts';
import { pushAll, recordsOf } from './push-all.ts';
import { openRig, type Rig } from './rig.ts';

/** Enough for a job from 600 on, at most 700 in one, and small pages to read back. */
async function copied(contacts = 3): Promise<Rig> {
  const rig = await openRig({ contacts, customFields: 3 });
  expect((await backfill(rig.context, { api: 'rest', signal: rig.signal })).error).toBeNull();
  rig.context.sizes = { ...rig.context.sizes, ingestFromRows: 600, ingestJobRows: 700, retrieveRows: 150 };
  return rig;
}

const people = (count: number, more: Record<string, unknown> = {}) =>
  Array.from({ length: count }, (_, i) => ({ LastName: `Dry ${i}`, ...more }));

const isWrite = ({ method }: { method: string }) => method !== 'GET';

async function planned(rig: Rig, records: Record<string, unknown>[], more: Partial<PushJob> = {}) {
  const before = await rig.context.mirror.outbox.list();
  const { plan } = await pushAll(rig.context, recordsOf(records), {
    dryRun: true,
    signal: rig.signal,
    ...more,
  });
  expect(await rig.context.mirror.outbox.list()).toEqual(before);
  return plan!;
}

/** What a push of these asks of the org: requests that write, and others. */
async function asked(rig: Rig, records: Record<string, unknown>[], more: Partial<PushJob> = {}) {
  const before = (await calls(rig.emulator.url)).length;
  const { stopped } = await pushAll(rig.context, recordsOf(records), { signal: rig.signal, ...more });
  expect(stopped).toBeNull();
  const made = (await calls(rig.emulator.url)).slice(before);
  const writes = made.filter((call) => isWrite(call) && !call.path.includes('/composite/sobjects/Contact'));
  const upserts = made.filter((call) => /sobjects\/Contact\/ParaHack_Id__c/.test(call.path));
  return { writes: writes.length + upserts.length, others: made.length - writes.length - upserts.length };
}

describe('a dry run says how the records would be sent, and the push does so', () => {
  const ids = async (rig: Rig) => (await contactsOf(rig.emulator.url)).map(({ Id }) => Id);
  const cases: [string, (rig: Rig) => Promise<Record<string, unknown>[]>, Partial<PushJob>, object[]][] = [
    [
      'few creates',
      async () => people(3),
      {},
      [{ does: 'create', way: 'ui-api', records: 3, jobs: 0, requests: 3 }],
    ],
    [
      'few by collections',
      async () => people(3),
      { api: 'collections' },
      [{ does: 'create', way: 'collection', records: 3, jobs: 0, requests: 1 }],
    ],
    [
      'many creates, which are read back in three parts',
      async () => people(410),
      {},
      [{ does: 'create', way: 'collection', records: 410, jobs: 0, requests: 3 }],
    ],
    [
      'updates and deletes between creates',
      async (rig) => {
        const [one, two, three] = await ids(rig);
        return [
          { Id: one, Title: 'T' },
          ...people(30),
          { Id: two, IsDeleted: true },
          { Id: one, Title: 'U' },
          { Id: three, Title: 'V' },
        ];
      },
      {},
      [
        { does: 'update', way: 'collection', records: 3, jobs: 0, requests: 2 },
        { does: 'create', way: 'collection', records: 30, jobs: 0, requests: 1 },
        { does: 'delete', way: 'collection', records: 1, jobs: 0, requests: 1 },
      ],
    ],
    [
      'upserts',
      async () => people(7).map((one, i) => ({ ...one, ParaHack_Id__c: `dry-${i}` })),
      { upsertField: 'ParaHack_Id__c' },
      [{ does: 'upsert', way: 'upsert', records: 7, jobs: 0, requests: 1 }],
    ],
    [
      'all or none',
      async () => people(5),
      { allOrNone: true },
      [{ does: 'create', way: 'collection', records: 5, jobs: 0, requests: 1 }],
    ],
  ];
  it.each(cases)('%s', async (_name, records, more, sends) => {
    await using rig = await copied();
    const given = await records(rig);
    const plan = await planned(rig, given, more);
    expect(plan).toMatchObject({ sends, held: 0, behind: 0, older: 0 });
    expect(await asked(rig, given, more)).toEqual(plan.requests);
  });

  it('very many by jobs, and what is left over by collections', async () => {
    await using rig = await copied();
    const given = people(1_450);
    const plan = await planned(rig, given);
    expect(plan).toMatchObject({
      sends: [
        { does: 'create', way: 'bulk', records: 1_400, jobs: 2, requests: 6 },
        { does: 'create', way: 'collection', records: 50, jobs: 0, requests: 1 },
      ],
      requests: { writes: 7, others: null },
    });
    expect((await asked(rig, given)).writes).toBe(7);
    const entries = await rig.context.mirror.outbox.list();
    expect(entries.filter(({ way }) => way === 'bulk')).toHaveLength(1_400);
    // Of one contact, so that the second one cannot go with the first.
    const [Id] = await ids(rig);
    const twice = [
      { Id, Title: 'T' },
      { Id, Title: 'U' },
    ];
    expect(await planned(rig, twice, { api: 'bulk' })).toMatchObject({
      sends: [{ does: 'update', way: 'bulk', records: 2, jobs: 2, requests: 6 }],
    });
  });
});

describe('what else waits is told', () => {
  it('of others, which are sent along and may change the way', async () => {
    await using rig = await copied();
    await pushAll(rig.context, recordsOf(people(20)), { queue: true, signal: rig.signal });
    expect(await planned(rig, people(10, { Title: 'own' }))).toEqual({
      sends: [{ does: 'create', way: 'collection', records: 10, jobs: 0, requests: 1 }],
      held: 0,
      behind: 0,
      waiting: 0,
      older: 20,
      requests: { writes: 1, others: null },
    });
  });

  it('of an equal push that did not end: it is this one', async () => {
    await using rig = await copied();
    const more = { signal: rig.signal, fresh: false };
    const limit = { match: 'POST .*', times: 100, status: 403, errorCode: 'REQUEST_LIMIT_EXCEEDED' };
    await control(rig.emulator.url, 'faults', [limit]);
    expect((await pushAll(rig.context, recordsOf(people(3)), more)).stopped).not.toBeNull();
    await control(rig.emulator.url, 'faults', []);
    const [first] = await rig.context.mirror.outbox.list();
    await rig.context.mirror.outbox.move([first!.key], ['pending'], 'dropped', 1);
    const again = await pushAll(rig.context, recordsOf(people(3)), { ...more, dryRun: true });
    expect(again.resumedFrom).not.toBeNull();
    expect(again.plan).toMatchObject({ sends: [{ does: 'create', records: 2 }], older: 0 });
    const states = (of: typeof again) => of.items.map(({ outcome }) => outcome?.state);
    expect(states(again)).toEqual(['dropped', 'pending', 'pending']);
    const anew = await pushAll(rig.context, recordsOf(people(3)), { ...more, fresh: true, dryRun: true });
    expect(anew.plan).toMatchObject({ sends: [{ does: 'create', records: 3 }], older: 2 });
    expect(states(anew)).toEqual([undefined, undefined, undefined]);
  });

  it('of the records themselves: much is held, and what stands behind it waits', async () => {
    await using rig = await copied(120);
    const all = (await contactsOf(rig.emulator.url)).map(({ Id }) => Id);
    const deletes = all.slice(0, 101).map((Id) => ({ Id, IsDeleted: true }));
    const more = [{ Id: all[0], Title: 'late' }, ...people(1)];
    const plan = await planned(rig, [...deletes, ...more]);
    expect(plan).toMatchObject({
      sends: [{ does: 'create', way: 'ui-api', records: 1, jobs: 0, requests: 1 }],
      held: 101,
      behind: 1,
    });
    await pushAll(rig.context, recordsOf([...deletes, ...more]), { signal: rig.signal });
    const states = (await rig.context.mirror.outbox.list()).map(({ state }) => state);
    expect(states.filter((state) => state === 'held')).toHaveLength(101);
    expect(states.filter((state) => state === 'pending')).toHaveLength(1);
  });
});

import { describe, expect, it } from 'vitest';
import { backfill } from '../../src/sync/backfill/backfill.ts';
import { runCycle } from '../../src/sync/cycle/cycle.ts';
import type { OutboxEntry } from '../../src/sync/ports/outbox-entry.ts';
import { calls, contactsOf, control } from '../e2e/org.ts';
import { pushAll, recordsOf } from './push-all.ts';
import { openRig, type Rig } from './rig.ts';

const minuteMs = 60_000;
const signal = new AbortController().signal;

/** A few contacts are very many here. */
async function copied(contacts = 6): Promise<Rig> {
  const rig = await openRig({ contacts });
  rig.context.sizes = { ...rig.context.sizes, ingestFromRows: 5, ingestJobRows: 5 };
  expect((await backfill(rig.context, { api: 'rest', signal })).error).toBeNull();
  return rig;
}

/** What is slept passes, for the org too; `between` is done once, in the first sleep. */
function sleeping(rig: Rig, between: () => Promise<void> = async () => {}): void {
  let isDone = false;
  const sleep: Rig['context']['clock']['sleep'] = async (ms, options) => {
    options?.signal?.throwIfAborted();
    rig.pass(ms);
    await control(rig.emulator.url, 'clock', { advanceMs: 0 });
    if (isDone) return;
    isDone = true;
    await between();
  };
  rig.context.clock = { ...rig.context.clock, sleep };
}

/** For this machine and for the org. */
async function pass(rig: Rig, ms: number): Promise<void> {
  rig.pass(ms);
  await control(rig.emulator.url, 'clock', { advanceMs: 0 });
}

const many = (count: number, more: Record<string, unknown> = {}) =>
  Array.from({ length: count }, (_, i) => ({ LastName: `Many ${i}`, ...more }));
const push = (rig: Rig, records: Record<string, unknown>[], more: object = {}) =>
  pushAll(rig.context, recordsOf(records), { signal, ...more });
const cycle = (rig: Rig) => runCycle(rig.context, { push: true, patienceMs: 100, signal });
const entries = (rig: Rig): Promise<OutboxEntry[]> => rig.context.mirror.outbox.list();
const named = async (rig: Rig, name: string) =>
  (await contactsOf(rig.emulator.url)).filter(({ LastName }) => LastName === name);

/** A job of these is under way, and the process that made it is gone. */
async function leftUnderWay(rig: Rig, records: Record<string, unknown>[]): Promise<void> {
  await control(rig.emulator.url, 'settings', { bulkJobMs: 10 * minuteMs });
  const ending = new AbortController();
  const own = rig.context.records;
  const close: typeof own.ingest.close = async (...given) => {
    const job = await own.ingest.close(...given);
    ending.abort(new Error('stopped'));
    return job;
  };
  rig.context.records = { ...own, ingest: { ...own.ingest, close } };
  await push(rig, records, { signal: ending.signal }).catch(() => undefined);
  rig.context.records = own;
  const { counts } = rig.context.mirror.outbox;
  expect((await counts.call(rig.context.mirror.outbox)).sent).toBe(records.length);
}

describe('while an ingest job is under way', () => {
  it('a push of a few contacts is sent and told at once', async () => {
    await using rig = await copied();
    await leftUnderWay(rig, many(5));
    const { stopped, entries: told } = await push(rig, [{ LastName: 'Small' }]);
    expect({ stopped, states: told.map(({ entry }) => entry?.state) }).toEqual({
      stopped: null,
      states: ['done'],
    });
    expect(await named(rig, 'Small')).toHaveLength(1);
    expect((await entries(rig)).filter(({ state }) => state === 'sent')).toHaveLength(5);
  });

  it('a push of records that a person has given up is told at once', async () => {
    await using rig = await copied();
    const { context } = rig;
    const faults = (list: object[]) => control(rig.emulator.url, 'faults', list);
    await faults([{ match: 'POST .*/composite/sobjects$', times: 9, reset: 'after-commit' }]);
    const mine = [{ LastName: 'Mine' }, { LastName: 'Mine too' }];
    await push(rig, mine, { fresh: false, api: 'collections' });
    await faults([]);
    const doubts = (await entries(rig)).map(({ key }) => key);
    await context.mirror.outbox.move(doubts, ['in-doubt'], 'dropped', context.clock.now());
    await leftUnderWay(rig, many(5));
    sleeping(rig);
    const { stopped, resumedFrom } = await push(rig, mine, { fresh: false, api: 'collections' });
    expect({ stopped, resumedFrom }).toEqual({ stopped: null, resumedFrom: expect.any(Number) });
    expect((await entries(rig)).filter(({ state }) => state === 'sent')).toHaveLength(5);
  });

  it('a push of what is held is told at once', async () => {
    await using rig = await copied();
    const [{ Id } = { Id: '' }] = await contactsOf(rig.emulator.url);
    await leftUnderWay(rig, many(5));
    sleeping(rig);
    rig.context.sizes = {
      ...rig.context.sizes,
      outgoingBrake: { ...rig.context.sizes.outgoingBrake, deletes: 0 },
    };
    const { stopped, entries: told } = await push(rig, [{ Id, IsDeleted: true }]);
    expect({ stopped, states: told.map(({ entry }) => entry?.state) }).toEqual({
      stopped: null,
      states: ['held'],
    });
    expect((await entries(rig)).filter(({ state }) => state === 'sent')).toHaveLength(5);
  });

  it('a cycle sends what other contacts wait for, and says that the job is under way', async () => {
    await using rig = await copied();
    await leftUnderWay(rig, many(5));
    await push(rig, [{ LastName: 'Small' }], { queue: true });
    const report = await cycle(rig);
    expect(report.push.error).toMatchObject({ code: 'BULK_JOB_SLOW' });
    expect(await named(rig, 'Small')).toHaveLength(1);
  });

  it('what is written while it is waited for is sent within seconds', async () => {
    await using rig = await copied();
    await control(rig.emulator.url, 'settings', { bulkJobMs: 10 * minuteMs });
    sleeping(rig, async () => {
      await push(rig, [{ LastName: 'Late' }], { queue: true });
    });
    expect((await push(rig, many(5))).stopped).toBeNull();
    const madeAt = async (name: string) =>
      (await named(rig, name)).map(({ CreatedDate }) => Date.parse(CreatedDate as string));
    const [late, ...others] = await madeAt('Late');
    const [byJob] = await madeAt('Many 0');
    expect(others).toEqual([]);
    expect(byJob! - late!).toBeGreaterThan(9 * minuteMs);
    expect(new Set((await entries(rig)).map(({ state }) => state))).toEqual(new Set(['done']));
  });

  it('a change in doubt is held against what its contact became while the job was filled', async () => {
    await using rig = await copied(8);
    const { Id } = (await contactsOf(rig.emulator.url))[7]!;
    const faults = (list: object[]) => control(rig.emulator.url, 'faults', list);
    await faults([{ match: 'PATCH .*/composite/sobjects', times: 9, reset: 'before' }]);
    await push(rig, [{ Id, Title: 'Ours' }]);
    expect((await entries(rig)).map(({ state }) => state)).toEqual(['in-doubt']);
    await faults([]);
    await pass(rig, 60 * minuteMs);
    const own = rig.context.records;
    const upload: typeof own.ingest.upload = async (...given) => {
      await pass(rig, minuteMs);
      await control(rig.emulator.url, 'touch', { ids: [Id], set: { Title: 'Theirs' } });
      return own.ingest.upload(...given);
    };
    rig.context.records = { ...own, ingest: { ...own.ingest, upload } };
    await push(rig, many(5));
    expect((await entries(rig)).map(({ state }) => state)).toEqual(['conflict', ...Array(5).fill('done')]);
    expect((await contactsOf(rig.emulator.url)).find((one) => one.Id === Id)?.Title).toBe('Theirs');
  });

  it('a later change of one of its contacts waits for its end, and then comes last', async () => {
    await using rig = await copied(8);
    const ids = (await contactsOf(rig.emulator.url)).map(({ Id }) => Id as string);
    const updates = ids.slice(0, 5).map((Id) => ({ Id, Title: 'By the job' }));
    await leftUnderWay(rig, updates);
    await push(rig, [{ Id: ids[0], Title: 'Later' }], { queue: true });
    await push(rig, [{ Id: ids[7], Title: 'Other' }], { queue: true });
    await cycle(rig);
    const titles = async () =>
      Object.fromEntries((await contactsOf(rig.emulator.url)).map(({ Id, Title }) => [Id, Title]));
    expect((await titles())[ids[7]!]).toBe('Other');
    expect((await titles())[ids[0]!]).not.toBe('Later');
    await control(rig.emulator.url, 'clock', { advanceMs: 11 * minuteMs });
    await cycle(rig);
    expect(await titles()).toMatchObject({ [ids[0]!]: 'Later', [ids[1]!]: 'By the job' });
    expect(new Set((await entries(rig)).map(({ state }) => state))).toEqual(new Set(['done']));
  });

  it('what is to go by a job itself waits for the next one', async () => {
    await using rig = await copied();
    sleeping(rig, async () => {
      await push(rig, [{ LastName: 'Late' }], { queue: true });
    });
    await control(rig.emulator.url, 'settings', { bulkJobMs: 10 * minuteMs });
    const before = (await calls(rig.emulator.url)).length;
    expect((await push(rig, many(15))).stopped).toBeNull();
    const made = (await calls(rig.emulator.url)).slice(before);
    expect(
      made.filter(({ method, path }) => method === 'POST' && path.endsWith('/jobs/ingest')),
    ).toHaveLength(3);
    expect(made.filter(({ path }) => /ui-api\/records|composite\/sobjects(\?|$)/.test(path))).toHaveLength(1);
    expect(await named(rig, 'Late')).toHaveLength(1);
  });

  it('a creation in doubt waits for its end: its rows may be the contacts that would be taken for it', async () => {
    await using rig = await copied();
    // The request is lost, and when it was at its end cannot be asked before rows of the job are worked off.
    await control(rig.emulator.url, 'faults', [
      { match: 'POST .*/composite/sobjects(\\?|$)', times: 1, status: 503 },
      { match: 'GET .*/updated', times: 99, status: 503 },
    ]);
    await push(rig, [{ LastName: 'Many 0' }], { api: 'collections' });
    const doubts = async () => (await entries(rig)).filter(({ state }) => state === 'in-doubt');
    expect(await doubts()).toHaveLength(1);
    const lateRows = { bulkRowsUnderWay: 5, bulkUnderWayMs: 9 * minuteMs };
    await control(rig.emulator.url, 'settings', lateRows);
    await leftUnderWay(rig, many(5));
    await pass(rig, 4 * minuteMs);
    await control(rig.emulator.url, 'ingest-jobs', { as: 'Aborted' });
    await pass(rig, 10 * minuteMs);
    await control(rig.emulator.url, 'faults', []);
    expect(await named(rig, 'Many 0')).toHaveLength(1);
    for (let i = 0; i < 3; i++) {
      await cycle(rig);
      await pass(rig, minuteMs);
    }
    expect(await doubts()).toMatchObject([{ doubt: { reason: 'job-open' } }]);
    for (let i = 0; i < 5; i++) {
      await pass(rig, 10 * minuteMs);
      await cycle(rig);
    }
    const all = await entries(rig);
    expect(new Set(all.map(({ state }) => state))).toEqual(new Set(['done']));
    expect(new Set(all.map(({ contactId }) => contactId)).size).toBe(6);
    expect(await named(rig, 'Many 0')).toHaveLength(2);
  });
});

it('contacts that a person has made once more are not made a second time by a job where users have restored them', async () => {
  await using rig = await copied();
  const { url } = rig.emulator;
  rig.context.sizes = { ...rig.context.sizes, ingestFromRows: 50 };
  await control(url, 'faults', [{ match: 'POST .*/composite/sobjects$', times: 9, reset: 'after-commit' }]);
  await push(rig, many(30));
  await control(url, 'faults', []);
  const made = (await contactsOf(url)).filter(({ LastName }) => /^Many/.test(String(LastName)));
  const ids = made.map(({ Id }) => Id);
  expect(ids).toHaveLength(30);
  await control(url, 'delete', { ids });
  for (let n = 0; n < 2; n++) {
    await pass(rig, 3 * minuteMs);
    await cycle(rig);
  }
  const keys = (await entries(rig)).map(({ key }) => key);
  const { outbox } = rig.context.mirror;
  await outbox.move(keys, ['conflict'], 'pending', rig.context.clock.now());
  expect((await entries(rig)).map(({ state }) => state)).toEqual(Array(30).fill('pending'));
  await control(url, 'undelete', { ids });
  rig.context.sizes = { ...rig.context.sizes, ingestFromRows: 5, ingestJobRows: 50 };
  for (let n = 0; n < 3; n++) {
    await pass(rig, 3 * minuteMs);
    await cycle(rig);
  }
  expect((await entries(rig)).map(({ state }) => state)).toEqual(Array(30).fill('done'));
  const now = (await contactsOf(url)).filter(({ LastName }) => /^Many/.test(String(LastName)));
  expect(now.map(({ Id }) => Id)).toEqual(ids);
});

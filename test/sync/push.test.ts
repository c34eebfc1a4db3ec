import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { PushRecord } from '../../src/sync/push/check/push-record.ts';
import { inBatches, pushAll, recordsOf } from './push-all.ts';
import { openRig, type Rig } from './rig.ts';

const people = (count: number, more: (i: number) => Record<string, unknown> = () => ({})) =>
  recordsOf(Array.from({ length: count }, (_, i) => ({ LastName: `P${i}`, ...more(i) })));

async function nothingStored(rig: Rig): Promise<void> {
  expect(await rig.context.mirror.outbox.list()).toEqual([]);
  expect(readdirSync(join(rig.folder, 'orgs', '.spool'))).toEqual([]);
}

describe('a push that ends before all its records are in', () => {
  it('by a fault of its reader, stores nothing', async () => {
    await using rig = await openRig();
    async function* breaking(): AsyncGenerator<readonly PushRecord[]> {
      yield people(1_000);
      throw new Error('The rest cannot be read.');
    }
    const pushed = pushAll(rig.context, [], { records: breaking(), signal: rig.signal });
    await expect(pushed).rejects.toThrow('The rest cannot be read.');
    await nothingStored(rig);
  });

  it('by Ctrl-C, stores nothing', async () => {
    await using rig = await openRig();
    const stop = new AbortController();
    async function* slow(): AsyncGenerator<readonly PushRecord[]> {
      yield people(10);
      stop.abort();
      yield people(10);
    }
    const pushed = pushAll(rig.context, [], { records: slow(), signal: stop.signal });
    await expect(pushed).rejects.toMatchObject({ name: 'AbortError' });
    await nothingStored(rig);
  });

  it('by more records than one request takes all or none of, stores nothing', async () => {
    await using rig = await openRig();
    const pushed = pushAll(rig.context, people(201), { allOrNone: true, signal: rig.signal });
    await expect(pushed).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    await nothingStored(rig);
  });

  it('by a fault in its last record, stores nothing and tells that one', async () => {
    await using rig = await openRig();
    const all = [...people(2_400), ...recordsOf([{ FirstName: 'Nameless' }])];
    const pushed = pushAll(rig.context, all, { signal: rig.signal });
    await expect(pushed).rejects.toMatchObject({
      details: { faults: [{ field: 'LastName', code: 'REQUIRED_FIELD_MISSING' }] },
    });
    await nothingStored(rig);
  });
});

it('one external id in two batches far apart is given twice', async () => {
  await using rig = await openRig({ customFields: 3 });
  const all = people(2_100, (i) => ({ ParaHack_Id__c: i === 2_050 ? 'ID-7' : `id-${i}` }));
  const upsert = { upsertField: 'ParaHack_Id__c', signal: rig.signal };
  await expect(pushAll(rig.context, all, upsert)).rejects.toMatchObject({
    details: {
      faults: [
        {
          index: 2_050,
          code: 'DUPLICATE_VALUE',
          message: expect.stringMatching(/^ParaHack_Id__c "ID-7" stands .* twice, first in .*, record 8\.$/),
        },
      ],
    },
  });
});

it('a parent that every record names is asked for once', async () => {
  await using rig = await openRig({ contacts: 5 });
  const { remote } = rig.context;
  const asked: string[] = [];
  const context = {
    ...rig.context,
    remote: {
      ...remote,
      queries: {
        ...remote.queries,
        all: (...args: Parameters<typeof remote.queries.all>) => {
          asked.push(args[0]);
          return remote.queries.all(...args);
        },
      },
    },
  };
  const { records } = await remote.queries.all('SELECT Id, Name FROM Account LIMIT 1');
  const [account] = records;
  const all = people(300, () => ({ 'Account.Name': account?.Name }));
  const pushed = await pushAll(context, [], {
    records: inBatches(all, 100),
    queue: true,
    signal: rig.signal,
  });
  expect(pushed.entries).toHaveLength(300);
  expect(pushed.entries[299]?.entry?.changes).toMatchObject({ AccountId: account?.Id });
  expect(asked).toHaveLength(1);
});

describe('the progress of a push', () => {
  const progressOf = (rig: Rig) =>
    rig.events.flatMap((event) =>
      event.type === 'push:progress'
        ? [{ settled: event.settled, older: event.older, total: event.total }]
        : [],
    );

  it('counts its own records, and those of former pushes apart', async () => {
    await using rig = await openRig();
    await pushAll(rig.context, people(250), { queue: true, signal: rig.signal });
    await pushAll(rig.context, people(3), { signal: rig.signal });
    expect(progressOf(rig)).toEqual([
      { settled: 0, older: 200, total: 3 },
      { settled: 3, older: 250, total: 3 },
    ]);
  });

  it('begins with what the push that it goes on with has done', async () => {
    await using rig = await openRig();
    // Eight requests are under way by then, and end.
    const all = people(1_700);
    const stop = new AbortController();
    const stopped = { ...rig.context, onEvent: () => stop.abort() };
    const first = await pushAll(stopped, all, { fresh: false, signal: stop.signal });
    expect(first.stopped).not.toBeNull();
    rig.events.length = 0;
    await pushAll(rig.context, all, { fresh: false, signal: rig.signal });
    expect(progressOf(rig)).toEqual([{ settled: 1_700, older: 0, total: 1_700 }]);
  });
});

it('goes on with a push that a signal ended, also where all was sent by then', async () => {
  await using rig = await openRig();
  // Both requests are under way when the first answer comes.
  const all = people(400);
  const stop = new AbortController();
  const stopped = { ...rig.context, onEvent: () => stop.abort() };
  const first = await pushAll(stopped, all, { fresh: false, signal: stop.signal });
  expect(first.items.map(({ outcome }) => outcome?.state)).toEqual(all.map(() => 'done'));
  expect(first.stopped).not.toBeNull();
  const again = await pushAll(rig.context, all, { fresh: false, signal: rig.signal });
  expect(again.resumedFrom).not.toBeNull();
  expect(again.items.map(({ outcome }) => outcome?.contactId)).toEqual(
    first.items.map(({ outcome }) => outcome?.contactId),
  );
});

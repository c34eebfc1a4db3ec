import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { NewOutboxEntry, OutboxState } from '../../src/sync/ports/outbox-entry.ts';
import { appOutbox } from '../../src/usecases/outbox.ts';
import { heldLease } from '../support/leases.ts';
import { openServices } from './open-services.ts';

const org = { url: 'http://localhost:9', accessToken: '00D000000000001!token' };
const context = { signal: new AbortController().signal, onEvent: () => {} };

function entry(key: string = randomUUID()): NewOutboxEntry {
  return {
    key,
    op: 'create',
    contactKey: key,
    contactId: null,
    changes: { LastName: 'New' },
    base: null,
    upsertField: null,
    allowDuplicates: false,
    atomicGroup: null,
    createdAt: 0,
    state: 'pending',
  };
}

/** An outbox of these entries, and how many entries each call has read of it. */
async function outboxOf(opened: ReturnType<typeof openServices>, entries: NewOutboxEntry[]) {
  const { mirrors } = opened.services;
  await using mirror = await mirrors.open(org.url, { create: true });
  await mirror.outbox.add(entries);
  const read: number[] = [];
  const open = mirrors.open.bind(mirrors);
  Object.assign(mirrors, {
    open: async (...args: Parameters<typeof open>) => {
      const each = await open(...args);
      const list = each.outbox.list.bind(each.outbox);
      Object.assign(each.outbox, {
        list: async (...filter: Parameters<typeof list>) => {
          const listed = await list(...filter);
          read.push(listed.length);
          return listed;
        },
      });
      return each;
    },
  });
  return { outbox: appOutbox(opened.services), read };
}

test('one entry is found without reading the whole outbox', async () => {
  await using opened = openServices(org);
  const wanted = entry('feedbeef-0000-4000-8000-000000000001');
  const { outbox, read } = await outboxOf(opened, [...Array.from({ length: 3_000 }, () => entry()), wanted]);
  const move = { org: null, all: false, inDoubt: false };
  expect((await outbox.show({ org: null, key: 'feedbeef-0' }, context)).entry.key).toBe(wanted.key);
  expect((await outbox.drop({ ...move, keys: ['feedbeef-0'] }, context)).keys).toEqual([wanted.key]);
  await expect(outbox.retry({ ...move, keys: ['feedbeef-0'] }, context)).rejects.toMatchObject({
    code: 'UNKNOWN_ENTRY',
    message: expect.stringContaining('is dropped, not rejected'),
  });
  await expect(outbox.show({ org: null, key: '' }, context)).rejects.toMatchObject({ code: 'UNKNOWN_ENTRY' });
  expect(Math.max(...read)).toBeLessThanOrEqual(2);
});

test('of an entry behind a cut request that may still be carried out, whose that is', async () => {
  await using opened = openServices(org);
  const [first, second, other] = ['1', '1', '2'].map((contact): NewOutboxEntry => {
    const contactId = `00300000000000${contact}AAA`;
    return { ...entry(), op: 'update', contactKey: contactId, contactId, changes: { Title: 'New' } };
  }) as [NewOutboxEntry, NewOutboxEntry, NewOutboxEntry];
  const { outbox } = await outboxOf(opened, [first, second, other]);
  const waited = async ({ key }: NewOutboxEntry) =>
    (await outbox.show({ org: null, key }, context)).entry.waitsForRequestOf;
  expect(await waited(second)).toBeNull();
  await using mirror = await opened.services.mirrors.open(org.url, { create: false, lease: heldLease() });
  await mirror.outbox.markSent([first.key], 'collection', 0, 0, null);
  await mirror.outbox.settle([{ key: first.key, state: 'in-doubt', errors: [], at: 0 }]);
  await mirror.outbox.settle([{ key: first.key, state: 'pending', errors: [], at: 0 }]);
  expect(await waited(second)).toBe(first.key);
  expect([await waited(first), await waited(other)]).toEqual([null, null]);
  await mirror.outbox.noteLost([{ key: first.key, over: null }]);
  expect(await waited(second)).toBeNull();
});

test('of an entry that waits, which earlier ones of its contact have to be decided first', async () => {
  await using opened = openServices(org);
  const [held, doubtful, other, second, later] = ['1', '1', '2', '1', '1'].map((contact): NewOutboxEntry => {
    const contactId = `00300000000000${contact}AAA`;
    return { ...entry(), op: 'update', contactKey: contactId, contactId, changes: { Title: 'New' } };
  }) as [NewOutboxEntry, NewOutboxEntry, NewOutboxEntry, NewOutboxEntry, NewOutboxEntry];
  const ofState = (one: NewOutboxEntry) => ({ ...one, state: 'held' as const });
  const { outbox } = await outboxOf(opened, [
    ofState(held),
    doubtful,
    ofState(other),
    second,
    ofState(later),
  ]);
  await using mirror = await opened.services.mirrors.open(org.url, { create: false, lease: heldLease() });
  await mirror.outbox.markSent([doubtful.key], 'collection', 0, 0, null);
  await mirror.outbox.settle([{ key: doubtful.key, state: 'in-doubt', errors: [], at: 0 }]);
  const waits = async ({ key }: NewOutboxEntry) =>
    (await outbox.show({ org: null, key }, context)).entry.waitsFor;
  expect(await waits(second)).toEqual([
    { key: held.key, state: 'held' },
    { key: doubtful.key, state: 'in-doubt' },
  ]);
  expect(await waits(doubtful)).toEqual([]);
});

describe('a command for entries of another state names the one for this state', () => {
  const move = { org: null, all: false, inDoubt: false };
  type Verb = 'retry' | 'approve' | 'drop';
  test.each<[OutboxState, Verb, string, string]>([
    ['conflict', 'retry', 'is in conflict, not rejected', 'retry KEY --take salesforce'],
    ['held', 'retry', 'is held, not rejected', 'outbox approve KEY'],
    ['in-doubt', 'retry', 'is in doubt, not rejected', 'outbox settle KEY --as ID'],
    ['pending', 'retry', 'is pending, not rejected', 'outbox drop KEY'],
    ['rejected', 'approve', 'is rejected, not held', 'outbox retry KEY`'],
    ['conflict', 'approve', 'is in conflict, not held', 'retry KEY --take salesforce'],
    ['done', 'drop', 'is done, not pending, in doubt, rejected, held, or in conflict', 'Nothing is left'],
    ['dropped', 'drop', 'is dropped, not', 'push its record anew'],
  ])('%s, of `outbox %s`', async (state, verb, message, hint) => {
    await using opened = openServices(org);
    const one = { ...entry(), state: state as 'held' };
    const { outbox } = await outboxOf(opened, [one]);
    await expect(outbox[verb]({ ...move, keys: [one.key] }, context)).rejects.toMatchObject({
      code: 'UNKNOWN_ENTRY',
      message: expect.stringContaining(message),
      hint: expect.stringContaining(hint.replaceAll('KEY', one.key)),
      details: { key: one.key, state },
    });
  });

  test('a conflict that is to be decided and is none any more', async () => {
    await using opened = openServices(org);
    const one = { ...entry(), state: 'held' as const };
    const { outbox } = await outboxOf(opened, [one]);
    await expect(outbox.retry({ ...move, keys: [one.key], take: 'local' }, context)).rejects.toMatchObject({
      message: `Entry ${one.key} is held, not in conflict.`,
      hint: expect.stringContaining(`outbox approve ${one.key}`),
    });
  });
});

test('all entries are moved, and never all of them held at once', async () => {
  await using opened = openServices(org);
  const entries = Array.from({ length: 3_000 }, () => ({ ...entry(), state: 'held' as const }));
  const { outbox, read } = await outboxOf(opened, entries);
  const moved = await outbox.approve({ org: null, keys: [], all: true, inDoubt: false }, context);
  expect(moved.keys.toSorted()).toEqual(entries.map(({ key }) => key).toSorted());
  expect(Math.max(...read)).toBeLessThanOrEqual(1_000);
});

async function listed(
  outbox: ReturnType<typeof appOutbox>,
  limit: number,
  signal = context.signal,
): Promise<{ total: number; keys: string[] }> {
  const { total, batches } = await outbox.list(
    { org: null, states: ['pending', 'pending'], limit },
    { ...context, signal },
  );
  const keys: string[] = [];
  for await (const batch of batches()) keys.push(...batch.map(({ key }) => key));
  return { total, keys };
}

test('a long list is read a few entries at a time, and ends where it is stopped', async () => {
  await using opened = openServices(org);
  const entries = Array.from({ length: 3_000 }, () => entry());
  const { outbox, read } = await outboxOf(opened, entries);
  const keys = entries.map(({ key }) => key);
  expect(await listed(outbox, 1_000_000)).toEqual({ total: 3_000, keys });
  expect(await listed(outbox, 450)).toEqual({ total: 3_000, keys: keys.slice(0, 450) });
  expect(Math.max(...read)).toBeLessThanOrEqual(200);

  const stop = new AbortController();
  setImmediate(() => stop.abort());
  read.length = 0;
  await expect(listed(outbox, 1_000_000, stop.signal)).rejects.toThrow(/abort/i);
  expect(read.length).toBeLessThan(15);
});

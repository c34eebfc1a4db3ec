import { describe, expect, it } from 'vitest';
import { leaseLost } from '../../src/base/lease-lost.ts';
import { contact } from '../../src/org/synced-object.ts';
import type { RecordWrites, WriteOptions, WriteOutcome } from '../../src/sync/ports/record-writes.ts';
import { apiFault, connected } from './connected.ts';

const id = '003000000000001AAA';
const lost = leaseLost('outbox-test');
const notDone = { kind: 'not-done', error: lost };

type Send = (writes: RecordWrites, options: WriteOptions) => Promise<unknown>;
const sends: Record<string, Send> = {
  'a create with its key': async (writes, options) => [
    await writes.createIdempotent({ key: '6f1c6a1e-5f0e-4f0e-9d5e-0a4f6f0b7a11', fields: {} }, options),
  ],
  'a collection of creates': (writes, options) => writes.createMany([{ LastName: 'A' }], options),
  'a collection of updates': (writes, options) => writes.updateMany([{ Id: id }], options),
  'a collection of deletes': (writes, options) => writes.deleteMany([id], options),
  'an upsert': (writes, options) => writes.upsertMany('Ext__c', [{ Ext__c: 1 }], options),
};

/** Lets so many requests leave, and none after them. */
function letting(requests: number) {
  let asked = 0;
  return async () => {
    if (++asked > requests) throw lost;
  };
}

describe('a write is confirmed right before it leaves', () => {
  it.each(Object.entries(sends))('%s: refused, nothing is sent', async (_what, send) => {
    await using c = await connected();
    expect(await send(c.remote.of(contact).writes, { confirm: letting(0) })).toEqual([notDone]);
    expect(c.org.seen).toEqual([]);
  });

  it.each(Object.entries(sends))('%s: again before it leaves with a renewed token', async (_what, send) => {
    await using c = await connected();
    c.org.script({ status: 401, ...apiFault('INVALID_SESSION_ID', 'x') });
    expect(await send(c.remote.of(contact).writes, { confirm: letting(1) })).toEqual([notDone]);
    expect(c.renewals).toHaveLength(1);
    expect(c.org.seen).toHaveLength(1);
  });

  it('a collection that is sent in halves: before each of them', async () => {
    await using c = await connected();
    c.org.script({ status: 400, ...apiFault('JSON_PARSER_ERROR', 'x') });
    c.org.script({ body: [{ id, success: true, errors: [] }] });
    const records = [{ LastName: 'A' }, { LastName: 'B' }];
    const outcomes: WriteOutcome[] = await c.remote
      .of(contact)
      .writes.createMany(records, { confirm: letting(2) });
    expect(outcomes).toEqual([{ kind: 'done', id, created: true }, notDone]);
    expect(c.org.seen).toHaveLength(2);
  });
});

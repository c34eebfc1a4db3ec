import { expect, test } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { MemoryMirror } from '../../src/store/memory/memory-mirror.ts';
import type { Mirror } from '../../src/sync/ports/mirror.ts';
import { repeats } from '../support/deep.ts';
import { heldLease } from '../support/leases.ts';
import fc from '../support/properties.ts';
import { batchOf } from './sqlite/batch-of-read.ts';
import { describeOf, storedNames } from './sqlite/contact-fields.ts';
import { contacts, histories, shuffledReads } from './sqlite/org-history.ts';
import { collectionPage, contactId, contactRow, csvPage, epoch, queryPage } from './sqlite/pages.ts';
import { openTempMirror } from './sqlite/temp-mirrors.ts';

async function toldBy({ contacts: store }: Mirror, base: number) {
  const ids = Array.from({ length: contacts }, (_, n) => contactId(base + n));
  const { rows } = await store.readBefore(epoch + 3_600_000, { after: 0, limit: 1_000_000 });
  return {
    states: [...(await store.states(ids))].sort(),
    // Where a contact lies in a store is the store's own.
    lastRead: rows.filter(({ id }) => ids.includes(id)).sort((a, b) => (a.id < b.id ? -1 : 1)),
    counts: await store.counts(),
    latestReadAt: await store.latestReadAt(),
    lastNames: [...(await store.valuesOf('LastName', ids))].sort(),
    visits: [...(await store.valuesOf('Visits__c', ids))].sort(),
    noColumn: (await store.valuesOf('Nothing__c', ids)).size,
  };
}

test('a mirror in memory and one in SQLite, told the same in any order, answer the same', async () => {
  await using temp = await openTempMirror();
  const memory = await new MemoryMirror(systemClock).under(heldLease());
  const mirrors = [temp.mirror, memory];
  for (const { schema } of mirrors) await schema.applyDescribe(describeOf(), epoch);
  // Each history has contacts of its own.
  let base = 0;
  await fc.assert(
    fc.asyncProperty(
      histories.chain((history) => shuffledReads(history.reads)),
      async (reads) => {
        base += 10;
        for (const read of reads) {
          const stored = await temp.mirror.commit(batchOf(read, base));
          expect(await memory.commit(batchOf(read, base))).toEqual(stored);
        }
        expect(await toldBy(memory, base)).toEqual(await toldBy(temp.mirror, base));
      },
    ),
    { numRuns: repeats(200) },
  );
});

/** What a mirror keeps of a contact, as it shows it to whoever compares it with the org later. */
async function valuesIn({ outbox }: Mirror, id: string): Promise<unknown> {
  const key = `key-${id}`;
  const changes = Object.fromEntries([...storedNames, 'Nothing__c'].map((name) => [name, null]));
  const entry = { key, op: 'update', contactKey: id, contactId: id, changes, base: null } as const;
  const more = { upsertField: null, allowDuplicates: false, atomicGroup: null, createdAt: 0 };
  await outbox.add([{ ...entry, ...more, state: 'pending' }]);
  await outbox.markSent([key], 'collection', epoch);
  return (await outbox.list({ keys: [key] }))[0]?.knownBefore;
}

test('of a contact that a push deletes they keep what a conflict would name, in a job nothing, and once it is gone nothing', async () => {
  await using temp = await openTempMirror();
  const id = contactId(1);
  for (const mirror of [temp.mirror, await new MemoryMirror(systemClock).under(heldLease())]) {
    await mirror.schema.applyDescribe(describeOf(), epoch);
    await mirror.commit({ page: queryPage(storedNames, [contactRow(1, {})], epoch) });
    const { outbox } = mirror;
    const more = { upsertField: null, allowDuplicates: false, atomicGroup: null, createdAt: 0, base: null };
    const entry = { op: 'delete', contactKey: id, contactId: id, changes: {}, state: 'pending' } as const;
    await outbox.add([
      { ...entry, ...more, key: 'single' },
      { ...entry, ...more, key: 'of-a-job' },
    ]);
    await outbox.markSent(['single'], 'collection', epoch);
    await outbox.markSent(['of-a-job'], 'bulk', epoch, null, null, '750000000000001AAA');
    const kept = async (key: string) => (await outbox.list({ keys: [key] }))[0];
    expect((await kept('single'))?.knownBefore?.values).toMatchObject({ LastName: 'Last1' });
    expect((await kept('of-a-job'))?.knownBefore?.values).toEqual({});
    const found = { LastName: 'Theirs' };
    await outbox.settle([
      { key: 'single', state: 'conflict', contactId: id, errors: [], base: found, at: epoch },
    ]);
    expect(await kept('single')).toMatchObject({ base: found, found });
    await outbox.settle([{ key: 'single', state: 'done', contactId: id, created: false, at: epoch }]);
    expect(await kept('single')).toMatchObject({ knownBefore: null, base: null, found: null });
  }
});

test('they keep the same values, whatever the format of the page', async () => {
  await using temp = await openTempMirror();
  const mirrors = [temp.mirror, await new MemoryMirror(systemClock).under(heldLease())];
  for (const { schema } of mirrors) await schema.applyDescribe(describeOf(), epoch);
  const text = fc.option(fc.string({ unit: 'grapheme', maxLength: 40 }).filter((value) => value !== ''));
  const cells = fc.record({
    FirstName: text,
    Phone: text,
    MailingLatitude: fc.option(fc.double({ min: -90, max: 90, noNaN: true, noDefaultInfinity: true })),
    Birthdate: fc.option(fc.constantFrom('1990-02-28', '2000-12-31')),
    DoNotCall: fc.boolean(),
    Visits__c: fc.option(fc.integer()),
  });
  let n = 0;
  await fc.assert(
    fc.asyncProperty(cells, fc.constantFrom(csvPage, queryPage, collectionPage), async (more, page) => {
      n++;
      const told = [];
      for (const mirror of mirrors) {
        await mirror.commit({ page: page(storedNames, [contactRow(n, more)], epoch) });
        told.push(await valuesIn(mirror, contactId(n)));
      }
      expect(told[1]).toEqual(told[0]);
      expect(told[0]).toMatchObject({ values: { LastName: `Last${n}`, DoNotCall: more.DoNotCall ? 1 : 0 } });
    }),
    { numRuns: repeats(100) },
  );
});

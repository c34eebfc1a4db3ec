import fc from 'fast-check';
import { expect, test } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { MemoryMirror } from '../../src/store/memory/memory-mirror.ts';
import type { Mirror } from '../../src/sync/ports/mirror.ts';
import { batchOf } from './sqlite/batch-of-read.ts';
import { describeOf } from './sqlite/contact-fields.ts';
import { contacts, histories, shuffledReads } from './sqlite/org-history.ts';
import { contactId, epoch } from './sqlite/pages.ts';
import { openTempMirror } from './sqlite/temp-mirrors.ts';

const deep = process.env.PARAHACK_DEEP === '1';

async function toldBy({ contacts: store }: Mirror, base: number) {
  const ids = Array.from({ length: contacts }, (_, n) => contactId(base + n));
  const { rows } = await store.readBefore(epoch + 3_600_000, { after: 0, limit: 1_000_000 });
  return {
    states: [...(await store.states(ids))].sort(),
    // Where a contact lies in a store is the store's own.
    lastRead: rows.filter(({ id }) => ids.includes(id)).sort((a, b) => (a.id < b.id ? -1 : 1)),
    counts: await store.counts(),
    latestReadAt: await store.latestReadAt(),
  };
}

test('a mirror in memory and one in SQLite, told the same in any order, answer the same', async () => {
  await using temp = await openTempMirror();
  const memory = new MemoryMirror(systemClock);
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
    { numRuns: deep ? 2_000 : 150 },
  );
}, 120_000);

import { expect, it } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { contact } from '../../src/org/synced-object.ts';
import { MemoryDisk } from '../../src/store/memory/memory-file.ts';
import { MemoryMirror } from '../../src/store/memory/memory-mirror.ts';
import { backfill } from '../../src/sync/backfill/backfill.ts';
import { usualSizes } from '../../src/sync/batch-sizes.ts';
import type { SyncContext } from '../../src/sync/context.ts';
import { runCycle } from '../../src/sync/cycle/cycle.ts';
import { heldLease } from '../support/leases.ts';
import { MemoryRemote } from '../support/memory-remote.ts';
import { pushAll, recordsOf } from './push-all.ts';

const { signal } = new AbortController();
const startedAt = Date.UTC(2026, 2, 4, 10, 0, 30);

/** An org and a mirror in memory: neither HTTP nor a file. */
function inMemory(): { remote: MemoryRemote; context: SyncContext } {
  const remote = new MemoryRemote(contact, startedAt);
  const clock = { ...systemClock, now: () => remote.clock.told(), sleep: async () => {} };
  const mirror = new MemoryMirror(clock, contact, new MemoryDisk(), [heldLease()]);
  const records = remote.of(contact);
  return {
    remote,
    context: {
      object: contact,
      remote,
      records,
      mirror,
      clock,
      stopBudgetMs: 60_000,
      sizes: usualSizes,
      log: silentLogger,
      onEvent() {},
    },
  };
}

it.each(['rest', 'bulk'] as const)('a copy by %s, a cycle and a push, in memory alone', async (api) => {
  const { remote, context } = inMemory();
  const { mirror, records } = context;
  const made = await records.writes.createMany(
    Array.from({ length: 7 }, (_, n) => ({ LastName: `Person ${n}` })),
  );
  const ids = made.map((outcome) => (outcome.kind === 'done' ? outcome.id : ''));
  remote.pass(600_000);
  const report = await backfill(context, { api, signal });
  expect(report).toMatchObject({ status: 'complete', api, contacts: 7, compared: { org: 7, mirror: 7 } });

  remote.pass(120_000);
  await records.writes.updateMany([{ Id: ids[2], LastName: 'Changed' }]);
  await records.writes.deleteMany([ids[4]!]);
  remote.pass(120_000);
  await runCycle(context, { push: false, signal });
  const states = await mirror.contacts.states(ids);
  expect(states.get(ids[4]!)?.gone).toBe('deleted');
  expect(states.get(ids[2]!)?.stamp).toBe('2026-03-04T10:12:30.000Z');
  expect(await mirror.contacts.counts()).toEqual({ contacts: 6, deleted: 1 });

  const pushed = await pushAll(context, recordsOf([{ LastName: 'Pushed' }]), { signal });
  expect(pushed.entries.map(({ entry }) => entry?.state)).toEqual(['done']);
  expect(await mirror.contacts.counts()).toEqual({ contacts: 7, deleted: 1 });
  expect(await records.count(null)).toBe(7);
});

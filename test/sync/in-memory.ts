import { systemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { contact } from '../../src/org/synced-object.ts';
import { MemoryDisk } from '../../src/store/memory/memory-file.ts';
import { MemoryMirror } from '../../src/store/memory/memory-mirror.ts';
import { usualSizes } from '../../src/sync/batch-sizes.ts';
import type { SyncContext } from '../../src/sync/context.ts';
import type { SyncEvent } from '../../src/sync/events.ts';
import type { Remote } from '../../src/sync/ports/remote.ts';
import type { RemoteRecords } from '../../src/sync/ports/remote-records.ts';
import { heldLease } from '../support/leases.ts';

export interface InMemory {
  context: SyncContext;
  events: SyncEvent[];
  /** Moves the clock, which stands still otherwise. */
  pass(ms: number): void;
}

export const startOfTest = Date.UTC(2026, 2, 4, 10, 0, 0);

/** What an org can do, and its contacts. */
export interface CanDo {
  remote?: Partial<Remote>;
  records?: Partial<RemoteRecords>;
}

/** What jobs work with, without file and HTTP: an empty mirror in memory, and an org that can do what is given. */
export function inMemory({ remote = {}, records = {} }: CanDo = {}): InMemory {
  let now = startOfTest;
  const events: SyncEvent[] = [];
  const clock = { ...systemClock, now: () => now, monotonicMs: () => now - startOfTest };
  // A test that asks for more than it gave ends with a TypeError that names it.
  const usage = { sent: () => 0 } as Remote['usage'];
  const about = { instanceUrl: 'https://org.example', userId: '005000000000001AAA' };
  const org = { ...about, usage, ...remote } as Remote;
  return {
    context: {
      object: contact,
      remote: org,
      records: records as RemoteRecords,
      mirror: new MemoryMirror(clock, contact, new MemoryDisk(), [heldLease()]),
      clock,
      stopBudgetMs: 60_000,
      sizes: usualSizes,
      log: silentLogger,
      onEvent: (event) => events.push(event),
    },
    events,
    pass: (ms) => {
      now += ms;
    },
  };
}

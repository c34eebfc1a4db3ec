import { systemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { MemoryMirror } from '../../src/store/memory/memory-mirror.ts';
import type { SyncContext } from '../../src/sync/context.ts';
import type { SyncEvent } from '../../src/sync/events.ts';
import type { Remote } from '../../src/sync/ports/remote.ts';

export interface InMemory {
  context: SyncContext;
  events: SyncEvent[];
  /** Moves the clock, which stands still otherwise. */
  pass(ms: number): void;
}

export const startOfTest = Date.UTC(2026, 2, 4, 10, 0, 0);

/** What jobs work with, without file and HTTP: an empty mirror in memory, and an org that can do what `remote` says. */
export function inMemory(remote: Partial<Remote> = {}): InMemory {
  let now = startOfTest;
  const events: SyncEvent[] = [];
  const clock = { ...systemClock, now: () => now };
  const org = { instanceUrl: 'https://org.example', apiCalls: () => 0, ...remote };
  return {
    context: {
      // A test that asks for more than it gave ends with a TypeError that names it.
      remote: org as Remote,
      mirror: new MemoryMirror(clock),
      clock,
      log: silentLogger,
      onEvent: (event) => events.push(event),
    },
    events,
    pass: (ms) => {
      now += ms;
    },
  };
}

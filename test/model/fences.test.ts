import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { isAppError } from '../../src/base/errors.ts';
import { MemoryLeases } from '../../src/lease/memory-leases.ts';
import { MemoryMirror } from '../../src/store/memory/memory-mirror.ts';
import type { Lease } from '../../src/sync/ports/leases.ts';
import type { StoredMirror } from '../../src/sync/ports/stored-mirror.ts';
import { describeOf } from '../store/sqlite/contact-fields.ts';
import { epoch } from '../store/sqlite/pages.ts';
import { instanceUrl, openTempMirror } from '../store/sqlite/temp-mirrors.ts';
import { repeats } from '../support/deep.ts';
import fc from '../support/properties.ts';

/** Interleavings in the deep run, a tenth in the common one. */
const runs = repeats(200);
const names = ['org', 'outbox'] as const;
const workers = 3;

/**
 * What may come next. A worker that is halted just gets no turn; `takeover` is a lock that was lost without its
 * holder knowing.
 */
const step = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('take' as const),
      worker: fc.nat(workers - 1),
      name: fc.constantFrom(...names),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('release' as const),
      worker: fc.nat(workers - 1),
      name: fc.constantFrom(...names),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('takeover' as const),
      worker: fc.nat(workers - 1),
      name: fc.constantFrom(...names),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('commit' as const),
      worker: fc.nat(workers - 1),
      name: fc.constantFrom(...names),
    }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

/** Plays the steps on an empty mirror; each commit writes its fence into a run's state, in one order for all. */
async function play(mirror: StoredMirror, steps: readonly Step[], run = 0): Promise<void> {
  const leases = new MemoryLeases();
  const held = new Map<string, Lease>();
  const stored = new Map<string, number[]>(names.map((name) => [`${name}-${run}`, []]));
  const current = new Map<string, number>();
  for (const { kind, worker, name: kindOfLease } of steps) {
    const name = `${kindOfLease}-${run}`;
    const key = `${worker} ${name}`;
    const lease = held.get(key);
    if (kind === 'takeover') leases.drop(name);
    else if (kind === 'take') {
      const taken = await leases.take(name);
      if (taken === null) continue;
      // A worker that has forgotten its former lease, as one that was killed.
      held.set(key, taken);
      current.set(name, taken.fence);
      await mirror.under(taken);
    } else if (lease === undefined) continue;
    else if (kind === 'release') {
      await lease.release();
      held.delete(key);
    } else {
      const isCurrent = current.get(name) === lease.fence;
      const to = { updated: 1_000 + stored.get(name)!.length };
      const outcome = await (async () => {
        const own = await mirror.under(lease).catch((error: unknown) => error as Error);
        if (own instanceof Error) return own;
        return own.commit({ effects: [{ kind: 'move-cursors', to }] }).then(
          () => null,
          (error) => error,
        );
      })();
      if (outcome === null) stored.get(name)!.push(lease.fence);
      else expect(isAppError(outcome, 'LEASE_LOST')).toBe(true);
      // Whoever holds it is never kept from its work, and whoever was overtaken always.
      expect(outcome === null).toBe(isCurrent);
    }
  }
  for (const fences of stored.values()) expect(fences).toEqual(fences.toSorted((a, b) => a - b));
}

describe('in any order of takings, halts, takeovers and commits, no older holder stores after a newer one', () => {
  it('in memory', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const mirror = new MemoryMirror(systemClock);
        await mirror.schema.applyDescribe(describeOf(), epoch);
        await play(mirror, steps);
      }),
      { numRuns: runs },
    );
  });

  it('in SQLite', async () => {
    await using temp = await openTempMirror();
    await using mirror = await temp.mirrors.open(instanceUrl, { create: false });
    await mirror.schema.applyDescribe(describeOf(), epoch);
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        // One file serves all, with names of their own for each.
        await play(mirror, steps, run++);
      }),
      { numRuns: runs / 4 },
    );
  }, 300_000);
});

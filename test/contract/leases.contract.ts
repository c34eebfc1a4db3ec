import { describe, expect, test } from 'vitest';
import type { Lease, Leases } from '../../src/sync/ports/leases.ts';

export interface ContractLeases extends AsyncDisposable {
  leases: Leases;
  /** The same names, as another process or a restarted one sees them. */
  reopen(): Leases;
  /** Takes the name from its holder, who does not know of it. */
  takeAway(name: string): void;
}

async function taken(leases: Leases, name: string): Promise<Lease> {
  const lease = await leases.take(name);
  if (lease === null) throw new Error(`${name} is taken.`);
  return lease;
}

/** What work under a lease relies on, whatever keeps it. */
export function leasesContract(name: string, open: () => Promise<ContractLeases>): void {
  describe(`${name}: leases`, () => {
    test('let one holder in and the next after its release', async () => {
      await using opened = await open();
      const { leases } = opened;
      const lease = await taken(leases, 'watch');
      expect(await leases.take('watch')).toBeNull();
      expect(await opened.reopen().take('watch')).toBeNull();
      await lease.release();
      await lease.release();
      const next = await taken(opened.reopen(), 'watch');
      // A second release of the former holder is none of the next one's.
      await lease.release();
      expect(await leases.take('watch')).toBeNull();
      await next.release();
    });

    test('of different names are apart, whatever characters they hold', async () => {
      await using opened = await open();
      await using a = await taken(opened.leases, 'a/../b:1');
      await using b = await taken(opened.leases, 'a/../b:2');
      expect([a.name, b.name]).toEqual(['a/../b:1', 'a/../b:2']);
    });

    test('have a fence that grows with every taking, through restarts, for each name', async () => {
      await using opened = await open();
      const fences: number[] = [];
      for (let n = 0; n < 20; n++) {
        await using lease = await taken(n % 2 === 0 ? opened.leases : opened.reopen(), 'watch');
        fences.push(lease.fence);
      }
      expect(fences.every((fence) => Number.isSafeInteger(fence) && fence > 0)).toBe(true);
      expect(fences).toEqual([...new Set(fences)].sort((a, b) => a - b));
    });

    test('have a fence above that which a store has seen', async () => {
      await using opened = await open();
      await using first = await taken(opened.leases, 'watch');
      const above = first.fence + 1_000_000;
      await first.release();
      await using second = (await opened.leases.take('watch', { above }))!;
      expect(second.fence).toBeGreaterThan(above);
      await second.release();
      await using third = await taken(opened.reopen(), 'watch');
      expect(third.fence).toBeGreaterThan(second.fence);
    });

    test('say who holds them, since when and for what', async () => {
      await using opened = await open();
      const { leases } = opened;
      expect(await leases.holderOf('watch')).toBeNull();
      const before = Date.now();
      const lease = await leases.take('watch', { purpose: 'backfill' });
      expect(await opened.reopen().holderOf('watch')).toEqual({
        pid: process.pid,
        isThisProcess: true,
        since: expect.any(Number),
        purpose: 'backfill',
      });
      expect((await leases.holderOf('watch'))!.since).toBeGreaterThanOrEqual(before);
      await lease?.release();
      expect(await leases.holderOf('watch')).toBeNull();
    });

    test('wait until they are free', async () => {
      await using opened = await open();
      const { leases } = opened;
      const first = await leases.wait('drain');
      const order: string[] = [];
      const second = leases.wait('drain', { pollMs: 1 }).then(async (lease) => {
        order.push('second');
        await lease.release();
      });
      order.push('first');
      await first.release();
      await second;
      expect(order).toEqual(['first', 'second']);
    });

    test('stop waiting at once on abort and give up after the given time', async () => {
      await using opened = await open();
      const { leases } = opened;
      await using held = await taken(leases, 'drain');
      const controller = new AbortController();
      const waiting = leases.wait('drain', { signal: controller.signal, pollMs: 60_000 });
      controller.abort();
      await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
      await expect(leases.take('other', { signal: controller.signal })).rejects.toMatchObject({
        name: 'AbortError',
      });
      await expect(leases.wait('drain', { timeoutMs: 1, pollMs: 1 })).rejects.toMatchObject({
        code: 'LOCK_TIMEOUT',
        details: { holder: { pid: process.pid } },
      });
      await held.confirm();
    });

    test('say so when they are lost, and leave the next holder alone', async () => {
      await using opened = await open();
      const lease = await taken(opened.leases, 'watch');
      await lease.confirm();
      opened.takeAway('watch');
      const next = await taken(opened.reopen(), 'watch');
      expect(next.fence).toBeGreaterThan(lease.fence);
      await expect(lease.confirm()).rejects.toMatchObject({ code: 'LEASE_LOST' });
      expect(lease.lost.reason).toMatchObject({ code: 'LEASE_LOST' });
      await lease.release();
      expect(await opened.leases.take('watch')).toBeNull();
      expect(await opened.leases.holderOf('watch')).toMatchObject({ pid: process.pid });
      await next.confirm();
      expect(next.lost.aborted).toBe(false);
      await next.release();
    });
  });
}

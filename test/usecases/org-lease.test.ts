import { describe, expect, it } from 'vitest';
import { MemoryLeases } from '../../src/lease/memory-leases.ts';
import type { Leases } from '../../src/sync/ports/leases.ts';
import {
  takeLeftOrgLease,
  takeOrgLease,
  withDrainLease,
  withFreeDrainLease,
} from '../../src/usecases/org-lease.ts';

const url = 'https://a.my.salesforce.com';
const mirrors = { fenceOf: async () => 0 };
const { signal } = new AbortController();

/** The same leases, seen from another process of the same id, as another container may have it. */
function fromElsewhere(leases: MemoryLeases): Leases {
  return {
    take: (name, options) => leases.take(name, options),
    wait: (name, options) => leases.wait(name, options),
    async holderOf(name) {
      const holder = await leases.holderOf(name);
      return holder === null ? null : { ...holder, isThisProcess: false };
    },
  };
}

/** The same leases, whose holder has not said who it is until so many have asked. */
function unsaidUntil(leases: MemoryLeases, asked: number, meanwhile = async () => {}): Leases {
  let asks = 0;
  return {
    take: (name, options) => leases.take(name, options),
    wait: (name, options) => leases.wait(name, options),
    async holderOf(name) {
      if (++asks > asked) return leases.holderOf(name);
      await meanwhile();
      return null;
    },
  };
}

describe('an org that somebody works on', () => {
  it('says that it is another call of this process', async () => {
    const leases = new MemoryLeases();
    await using _held = await takeOrgLease({ leases, mirrors }, url, 'backfill');
    await expect(takeOrgLease({ leases, mirrors }, url, 'watch')).rejects.toMatchObject({
      code: 'ORG_BUSY',
      message: `Another call of this process is working on ${url} (backfill).`,
      hint: expect.not.stringContaining('stop that one'),
      details: { pid: process.pid, purpose: 'backfill' },
    });
  });

  it('says which other process it is, also where the ids are alike', async () => {
    const leases = new MemoryLeases();
    await using _held = await takeOrgLease({ leases, mirrors }, url, 'backfill');
    await expect(
      takeOrgLease({ leases: fromElsewhere(leases), mirrors }, url, 'watch'),
    ).rejects.toMatchObject({
      code: 'ORG_BUSY',
      message: `Another process is working on ${url} (backfill, process ${process.pid}).`,
      hint: expect.stringMatching(/^Process \d+ has held it since .*; stop that one, or try again later\.$/),
    });
  });
});

describe('an org that somebody has taken a moment ago', () => {
  it('says for what, as soon as that one has said so', async () => {
    const leases = new MemoryLeases();
    await using _held = await takeOrgLease({ leases, mirrors }, url, 'reconcile');
    await expect(
      takeOrgLease({ leases: unsaidUntil(leases, 3), mirrors }, url, 'reconcile'),
    ).rejects.toMatchObject({ code: 'ORG_BUSY', details: { pid: process.pid, purpose: 'reconcile' } });
  });

  it('is taken where it is let go of meanwhile', async () => {
    const leases = new MemoryLeases();
    const held = await takeOrgLease({ leases, mirrors }, url, 'backfill');
    const unsaid = unsaidUntil(leases, 1, () => held.release());
    await using lease = await takeOrgLease({ leases: unsaid, mirrors }, url, 'watch');
    expect(lease.fence).toBe(held.fence + 1);
  });

  it('says nothing of a holder that never says who it is', async () => {
    const leases = new MemoryLeases();
    await using _held = await takeOrgLease({ leases, mirrors }, url, 'backfill');
    await expect(
      takeOrgLease({ leases: unsaidUntil(leases, Number.POSITIVE_INFINITY), mirrors }, url, 'watch'),
    ).rejects.toMatchObject({
      code: 'ORG_BUSY',
      message: `Another process is working on ${url}.`,
      details: null,
    });
  });
});

it('an org that a watch has, which does not end by itself, says how the watch lets go of it', async () => {
  const leases = new MemoryLeases();
  await using _held = await takeOrgLease({ leases, mirrors }, url, 'watch');
  await expect(takeOrgLease({ leases: fromElsewhere(leases), mirrors }, url, 'logout')).rejects.toMatchObject(
    {
      code: 'ORG_BUSY',
      hint: expect.stringContaining(`run \`parahack-sync orgs disable ${url}\`, then try again`),
    },
  );
});

it('an outbox that somebody sends says whether that is another process', async () => {
  const leases = new MemoryLeases();
  await withDrainLease(
    { leases, mirrors },
    url,
    signal,
  )(async () => {
    const told = (own: Leases) =>
      withFreeDrainLease(
        { leases: own, mirrors },
        url,
      )(async () => {}).catch((error: Error) => error.message);
    expect(await told(leases)).toBe(
      `Another call of this process is sending what the outbox of ${url} holds.`,
    );
    expect(await told(fromElsewhere(leases))).toBe(
      `Another process is sending what the outbox of ${url} holds.`,
    );
  });
});

describe('an org whose sync was turned off a moment ago', () => {
  const off = { instanceUrl: url, sync: false };
  /** A clock whose waits pass at once, and what happens at each. */
  const clockOf = (onLook: (look: number) => Promise<void> | void) => {
    let look = 0;
    return {
      async sleep(_ms: number, options?: { signal?: AbortSignal }) {
        options?.signal?.throwIfAborted();
        await onLook(++look);
      },
      looks: () => look,
    };
  };

  it('is waited for, as the watch that has it lets go of it, which is said once', async () => {
    const leases = new MemoryLeases();
    const held = await takeOrgLease({ leases, mirrors }, url, 'watch');
    const clock = clockOf((look) => (look === 7 ? held.release() : undefined));
    let waits = 0;
    const parts = { leases: fromElsewhere(leases), mirrors, clock };
    await using lease = await takeLeftOrgLease(parts, off, 'backfill', {
      signal,
      onWait: () => void waits++,
    });
    expect([lease.fence, clock.looks(), waits]).toEqual([held.fence + 1, 7, 1]);
  });

  it('is waited for a minute and no longer: a watch of this org by name keeps it', async () => {
    const leases = new MemoryLeases();
    await using _held = await takeOrgLease({ leases, mirrors }, url, 'watch');
    const clock = clockOf(() => {});
    const parts = { leases: fromElsewhere(leases), mirrors, clock };
    await expect(
      takeLeftOrgLease(parts, off, 'backfill', { signal, onWait: () => {} }),
    ).rejects.toMatchObject({ code: 'ORG_BUSY', details: { purpose: 'watch' } });
    expect(clock.looks()).toBe(120);
  });

  it.each([
    ['its sync is on', { ...off, sync: true }, 'watch'],
    ['no watch has it', off, 'reconcile'],
  ] as const)('is not waited for where %s', async (_, org, purpose) => {
    const leases = new MemoryLeases();
    await using _held = await takeOrgLease({ leases, mirrors }, url, purpose);
    const clock = clockOf(() => {});
    await expect(
      takeLeftOrgLease({ leases, mirrors, clock }, org, 'backfill', { signal, onWait: () => {} }),
    ).rejects.toMatchObject({ code: 'ORG_BUSY' });
    expect(clock.looks()).toBe(0);
  });

  it('is waited for until somebody ends it', async () => {
    const leases = new MemoryLeases();
    await using _held = await takeOrgLease({ leases, mirrors }, url, 'watch');
    const end = new AbortController();
    const clock = clockOf(() => end.abort());
    await expect(
      takeLeftOrgLease({ leases, mirrors, clock }, off, 'backfill', { signal: end.signal, onWait: () => {} }),
    ).rejects.toMatchObject({ name: 'AbortError' });
  });
});

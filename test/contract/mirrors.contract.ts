import { describe, expect, test } from 'vitest';
import type { Lease } from '../../src/sync/ports/leases.ts';
import type { Mirrors } from '../../src/sync/ports/mirrors.ts';
import { heldLease } from '../support/leases.ts';
import { newEntry } from './new-entry.ts';

export interface OpenedMirrors extends AsyncDisposable {
  mirrors: Mirrors;
}

const org = 'https://a.example';
const other = 'https://b.example';
const lease: Lease = heldLease();

async function made(mirrors: Pick<Mirrors, 'open'>, userId: string): Promise<void> {
  await using mirror = await mirrors.open(org, { create: true, lease });
  await mirror.setIdentity({ orgId: '00D000000000001AAA', userId, instanceUrl: org });
}

async function userOf(mirrors: Mirrors, instanceUrl: string): Promise<string | undefined> {
  await using mirror = await mirrors.open(instanceUrl, { create: false });
  return (await mirror.identity())?.userId;
}

/** What every keeper of mirrors does. */
export function mirrorsContract(name: string, open: () => Promise<OpenedMirrors>): void {
  describe(`${name}: the mirrors of an installation`, () => {
    test('a mirror is made on request only, and is the same each time', async () => {
      await using opened = await open();
      const { mirrors } = opened;
      await expect(mirrors.open(org, { create: false })).rejects.toMatchObject({ code: 'NO_MIRROR' });
      expect(await mirrors.exists(org)).toBe(false);
      await made(mirrors, 'one');
      expect(await mirrors.exists(org)).toBe(true);
      expect(await mirrors.exists(other)).toBe(false);
      expect(await userOf(mirrors, org)).toBe('one');
      expect(mirrors.location(org)).not.toBe(mirrors.location(other));
      await using mirror = await mirrors.open(org, { create: false });
      expect(await mirror.isInPlace()).toBe(true);
    });

    test('a mirror tells what it was told of programs, and whether it was told at all', async () => {
      await using opened = await open();
      const { mirrors } = opened;
      expect(await mirrors.twoWay(org)).toBeNull();
      await made(mirrors, 'one');
      expect(await mirrors.twoWay(org)).toEqual({ on: false, conflicts: 'salesforce-wins', isSet: false });
      await using mirror = await mirrors.open(org, { create: false });
      await mirror.setTwoWay({ conflicts: 'manual' });
      expect(await mirrors.twoWay(org)).toEqual({ on: false, conflicts: 'manual', isSet: true });
      await mirror.setTwoWay({ on: true });
      expect(await mirrors.twoWay(org)).toEqual({ on: true, conflicts: 'manual', isSet: true });
      expect(await mirror.twoWay()).toEqual({ on: true, conflicts: 'manual' });
      expect(await mirrors.twoWay(other)).toBeNull();
    });

    test('what is put aside is told as it is listed, the newest first, and removed one by one', async () => {
      await using opened = await open();
      const { mirrors } = opened;
      expect(await mirrors.archives.list(org)).toEqual([]);
      await made(mirrors, 'one');
      const first = await mirrors.archives.add(org, lease);
      expect(await mirrors.exists(org)).toBe(false);
      await made(mirrors, 'two');
      const second = await mirrors.archives.add(org, lease);
      expect(second.location).not.toBe(first.location);
      expect(await mirrors.archives.list(org)).toEqual([second, first]);
      expect(first.bytes).toBeGreaterThan(0);
      expect(Math.abs(Date.now() - first.archivedAt)).toBeLessThan(60_000);
      expect(await mirrors.archives.list(other)).toEqual([]);
      await mirrors.archives.remove(first, lease);
      expect(await mirrors.archives.list(org)).toEqual([second]);
    });

    test('a copy beside the mirror takes its place, and the former is put aside', async () => {
      await using opened = await open();
      const { mirrors } = opened;
      expect(await mirrors.copies.exists(org)).toBe(false);
      await made(mirrors, 'one');
      await made(mirrors.copies, 'two');
      expect(await mirrors.copies.exists(org)).toBe(true);
      expect(await userOf(mirrors, org)).toBe('one');
      const archive = await mirrors.copies.replaceMirror(org, { force: false, lease });
      expect(await userOf(mirrors, org)).toBe('two');
      expect(await mirrors.archives.list(org)).toEqual([archive]);
      await mirrors.copies.remove(org, lease);
      expect(await mirrors.copies.exists(org)).toBe(false);
      expect(await userOf(mirrors, org)).toBe('two');
    });

    test('a copy without a mirror puts nothing aside', async () => {
      await using opened = await open();
      const { mirrors } = opened;
      await made(mirrors.copies, 'one');
      expect(await mirrors.copies.replaceMirror(org, { force: false, lease })).toBe(null);
      expect(await userOf(mirrors, org)).toBe('one');
      expect(await mirrors.archives.list(org)).toEqual([]);
    });

    test('a mirror moves with its copy and what was put aside, and is removed with them', async () => {
      await using opened = await open();
      const { mirrors } = opened;
      await made(mirrors, 'one');
      await mirrors.archives.add(org, lease);
      await made(mirrors, 'two');
      await made(mirrors.copies, 'three');
      await mirrors.move(org, other, [lease]);
      expect([await mirrors.exists(org), await mirrors.copies.exists(org)]).toEqual([false, false]);
      expect(await mirrors.archives.list(org)).toEqual([]);
      expect(await userOf(mirrors, other)).toBe('two');
      expect(await mirrors.copies.exists(other)).toBe(true);
      expect(await mirrors.archives.list(other)).toHaveLength(1);
      expect(await mirrors.remove(other, lease)).toBe(0);
      expect([await mirrors.exists(other), await mirrors.copies.exists(other)]).toEqual([false, false]);
      expect(await mirrors.archives.list(other)).toEqual([]);
    });

    test('a mirror with open entries is removed, or put aside as it is, by force alone', async () => {
      await using opened = await open();
      const { mirrors } = opened;
      const queue = async () => {
        await using mirror = await mirrors.open(org, { create: true, lease });
        await mirror.outbox.add([newEntry()]);
      };
      await queue();
      await queue();
      expect(await mirrors.remove(org, lease)).toBe(2);
      await expect(mirrors.archives.add(org, lease)).rejects.toMatchObject({ code: 'OUTBOX_OPEN' });
      expect([await mirrors.exists(org), await mirrors.archives.list(org)]).toEqual([true, []]);
      const archive = await mirrors.archives.add(org, lease, { force: true });
      expect(await mirrors.archives.list(org)).toEqual([archive]);
      await queue();
      expect(await mirrors.remove(org, lease, { force: true })).toBe(0);
      expect([await mirrors.exists(org), await mirrors.archives.list(org)]).toEqual([false, []]);
    });
  });
}

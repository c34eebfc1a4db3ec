import { rmSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { Lease } from '../../../src/sync/ports/leases.ts';
import { heldLease } from '../../support/leases.ts';
import { describeOf, storedNames } from './contact-fields.ts';
import { contactRow, csvPage, epoch } from './pages.ts';
import { instanceUrl, openTempMirror, type TempMirrors } from './temp-mirrors.ts';

const identity = { orgId: '00D000000000001AAA', userId: '005000000000001AAA', instanceUrl };

/** A mirror of one contact, and beside it a copy of two; each made under its lease. */
async function mirrorAndCopy(temp: TempMirrors, ofMirror: Lease, ofCopy: Lease): Promise<void> {
  await temp.mirror[Symbol.asyncDispose]();
  for (const [rows, lease] of [
    [[contactRow(1)], ofMirror],
    [[contactRow(1), contactRow(2)], ofCopy],
  ] as const) {
    const { mirrors } = temp;
    const opener = lease === ofMirror ? mirrors : mirrors.copies;
    await using mirror = await opener.open(instanceUrl, { create: true, lease });
    await mirror.setIdentity(identity);
    await mirror.schema.applyDescribe(describeOf(), epoch);
    await mirror.commit({ page: csvPage(storedNames, [...rows], epoch) });
  }
}

const rows = (temp: TempMirrors) => temp.sql('SELECT count(*) AS n FROM contacts')[0]!.n;

test('whoever lost the lease does not put a copy in the place of the mirror, which the next holder has not touched yet', async () => {
  await using temp = await openTempMirror();
  const [halted, next] = [heldLease('org', 5), heldLease('org', 6)];
  // The next holder has gone on with the copy alone.
  await mirrorAndCopy(temp, halted, next);
  await expect(
    temp.mirrors.copies.replaceMirror(instanceUrl, { force: false, lease: halted }),
  ).rejects.toMatchObject({ code: 'LEASE_LOST' });
  expect(rows(temp)).toBe(1);
});

test('nor in the place of a mirror that is gone, which has seen no fence at all', async () => {
  await using temp = await openTempMirror();
  const [halted, next] = [heldLease('org', 5), heldLease('org', 6)];
  await mirrorAndCopy(temp, halted, next);
  rmSync(temp.mirror.location);
  await expect(
    temp.mirrors.copies.replaceMirror(instanceUrl, { force: false, lease: halted }),
  ).rejects.toMatchObject({ code: 'LEASE_LOST' });
  expect(temp.sql('SELECT count(*) AS n FROM contact')).toEqual([{ n: 0 }]);
  await temp.mirrors.copies.replaceMirror(instanceUrl, { force: false, lease: next });
  expect(rows(temp)).toBe(2);
});

test('a copy in place brings its fence along, and the mirror keeps those that it has seen', async () => {
  await using temp = await openTempMirror();
  const lease = heldLease('org', 6);
  await mirrorAndCopy(temp, heldLease('outbox', 9), lease);
  await temp.mirrors.copies.replaceMirror(instanceUrl, { force: false, lease });
  expect(rows(temp)).toBe(2);
  expect(await temp.mirrors.fenceOf(instanceUrl, 'org')).toBe(6);
  expect(await temp.mirrors.fenceOf(instanceUrl, 'outbox')).toBe(9);
  await expect(
    temp.mirrors.open(instanceUrl, { create: false, lease: heldLease('org', 5) }),
  ).rejects.toMatchObject({ code: 'LEASE_LOST' });
});

test('files are neither moved nor removed by whoever lost the lease', async () => {
  await using temp = await openTempMirror();
  const { mirrors } = temp;
  await mirrorAndCopy(temp, heldLease('org', 5), heldLease('org', 5));
  const lost = {
    ...heldLease('org', 5),
    confirm: () => Promise.reject(Object.assign(new Error('lost'), { code: 'LEASE_LOST' })),
  };
  const archived = await mirrors.archives.add(instanceUrl, heldLease());
  await (await mirrors.open(instanceUrl, { create: true }))[Symbol.asyncDispose]();
  for (const attempt of [
    () => mirrors.archives.add(instanceUrl, lost),
    () => mirrors.archives.remove(archived, lost),
    () => mirrors.copies.remove(instanceUrl, lost),
    () => mirrors.copies.replaceMirror(instanceUrl, { force: true, lease: lost }),
    () => mirrors.move(instanceUrl, 'https://other.my.salesforce.com', [heldLease(), lost]),
    () => mirrors.remove(instanceUrl, lost),
  ])
    await expect(attempt()).rejects.toMatchObject({ code: 'LEASE_LOST' });
  expect((await mirrors.exists(instanceUrl)) && (await mirrors.copies.exists(instanceUrl))).toBe(true);
  expect(await mirrors.archives.list(instanceUrl)).toHaveLength(1);
});

test('a mirror that is gone or cannot be read has seen no fence', async () => {
  await using temp = await openTempMirror();
  expect(await temp.mirrors.fenceOf('https://none.example', 'org')).toBe(0);
  expect(await temp.mirrors.fenceOf(instanceUrl, heldLease().name)).toBe(heldLease().fence);
});

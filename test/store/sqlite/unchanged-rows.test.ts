import { expect, test } from 'vitest';
import { describeOf, storedNames } from './contact-fields.ts';
import { contactId, contactRow, csvPage, epoch, stampOf } from './pages.ts';
import { openTempMirror } from './temp-mirrors.ts';

const minute = 60_000;

test('a second backfill over a full mirror rewrites no row, and yet remembers that each was seen', async () => {
  await using temp = await openTempMirror();
  const { mirror, sql } = temp;
  await mirror.schema.applyDescribe(describeOf(), epoch);
  const rows = Array.from({ length: 3_000 }, (_, n) => contactRow(n + 1, { LastName: 'x'.repeat(1_000) }));
  await mirror.commit({ page: csvPage(storedNames, rows, epoch) });
  const readTimes = () => sql('SELECT DISTINCT _read_at FROM contact');
  expect(readTimes()).toEqual([{ _read_at: stampOf(0) }]);
  await mirror.commit({ page: csvPage(storedNames, rows, epoch + 2 * minute) });
  expect(readTimes()).toEqual([{ _read_at: stampOf(0) }]);
  expect(sql('SELECT at, count(*) n FROM contact_seen GROUP BY at')).toEqual([
    { at: stampOf(120), n: 3_000 },
  ]);

  // A tombstone whose proof is older than that second reading comes late.
  const tombstone = {
    id: contactId(1),
    gone: 'hidden',
    masterRecordId: null,
    systemModstamp: null,
    evidenceAt: epoch + minute,
  } as const;
  expect((await mirror.commit({ tombstones: [tombstone] })).buried).toBe(0);
  expect(
    (await mirror.commit({ tombstones: [{ ...tombstone, evidenceAt: epoch + 4 * minute }] })).buried,
  ).toBe(1);
});

test('a formula field that changed without touching the stamp is taken from the later reading', async () => {
  await using temp = await openTempMirror();
  const { mirror, sql } = temp;
  await mirror.schema.applyDescribe(describeOf(), epoch);
  const read = (Visits__c: number, at: number) =>
    mirror.commit({ page: csvPage(storedNames, [contactRow(1, { Visits__c })], epoch + at) });
  await read(1, 0);
  expect((await read(2, 2 * minute)).page).toMatchObject({ updated: 1 });
  expect((await read(1, minute)).page).toMatchObject({ updated: 0, unchanged: 1 });
  expect(sql('SELECT Visits__c FROM contact')).toEqual([{ Visits__c: 2 }]);
});

test('a slow read that brings a newer stamp does not pass for as late as the confirmation before it', async () => {
  await using temp = await openTempMirror();
  const { mirror, sql } = temp;
  await mirror.schema.applyDescribe(describeOf(), epoch);
  const read = (stamp: number, at: number, Visits__c: number) => {
    const row = contactRow(1, { SystemModstamp: stampOf(stamp), Visits__c });
    return mirror.commit({ page: csvPage(storedNames, [row], epoch + at) });
  };
  await read(10, 5, 1);
  await read(10, 8, 1);
  // Sent before the confirmation, but it saw a later instant.
  await read(20, 6, 2);
  expect((await read(20, 7, 3)).page).toMatchObject({ updated: 1 });
  expect(sql('SELECT Visits__c FROM contact')).toEqual([{ Visits__c: 3 }]);
});

test('a purged contact keeps its Id and nothing of its values', async () => {
  await using temp = await openTempMirror();
  const { mirror, sql } = temp;
  await mirror.schema.applyDescribe(describeOf(), epoch);
  await mirror.commit({ page: csvPage(storedNames, [contactRow(1)], epoch) });
  const purge = {
    id: contactId(1),
    gone: 'purged',
    masterRecordId: null,
    systemModstamp: null,
    evidenceAt: epoch + minute,
  } as const;
  await mirror.commit({ tombstones: [purge] });
  // Nor does a page bring them back that was read before.
  await mirror.commit({
    page: csvPage(storedNames, [contactRow(1, { SystemModstamp: stampOf(9) })], epoch + 1_000),
  });
  const columns = storedNames.filter((name) => name !== 'Id').map((name) => `"${name}"`);
  expect(sql(`SELECT Id, _gone, coalesce(${columns.join(', ')}) AS rest FROM contact`)).toEqual([
    { Id: contactId(1), _gone: 'purged', rest: null },
  ]);
});

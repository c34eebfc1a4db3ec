import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { heldLease } from '../../support/leases.ts';
import { describeOf, storedNames } from './contact-fields.ts';
import { contactRow, csvPage, epoch } from './pages.ts';
import { instanceUrl, openTempMirror } from './temp-mirrors.ts';

test('a replacement that fails at its last statement leaves the mirror as it was', async () => {
  await using temp = await openTempMirror();
  const identity = { orgId: '00D000000000001AAA', userId: '005000000000001AAA', instanceUrl };
  await temp.mirror.setIdentity(identity);
  await temp.mirror.schema.applyDescribe(describeOf(), epoch);
  await temp.mirror.commit({ page: csvPage(storedNames, [contactRow(1)], epoch) });
  await temp.mirror[Symbol.asyncDispose]();
  const copy = await temp.mirrors.copies.open(instanceUrl, { create: true, lease: heldLease() });
  await copy.setIdentity(identity);
  await copy.schema.applyDescribe(describeOf(), epoch);
  await copy.commit({ page: csvPage(storedNames, [contactRow(1), contactRow(2)], epoch) });
  const { location } = copy;
  await copy[Symbol.asyncDispose]();
  const db = new Database(location);
  db.exec('DROP TABLE chunk');
  db.close();

  await expect(
    temp.mirrors.copies.replaceMirror(instanceUrl, { force: false, lease: heldLease() }),
  ).rejects.toThrow('chunk');
  expect(temp.sql('SELECT count(*) AS rows FROM contacts')).toEqual([{ rows: 1 }]);
  expect(temp.sql('SELECT count(*) AS runs FROM run')).toEqual([{ runs: 0 }]);
});

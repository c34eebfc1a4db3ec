import { readdirSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { watchFolderSyncs } from '../../support/folder-syncs.ts';
import { heldLease } from '../../support/leases.ts';
import { describeOf, storedNames } from './contact-fields.ts';
import { contactRow, csvPage, epoch } from './pages.ts';
import { instanceUrl, openTempMirror, type TempMirrors } from './temp-mirrors.ts';

let temp: TempMirrors;
let folder: string;
beforeEach(async () => {
  temp = await openTempMirror();
  folder = dirname(temp.mirror.location);
  await temp.mirror[Symbol.asyncDispose]();
});
afterEach(async () => {
  vi.restoreAllMocks();
  await temp[Symbol.asyncDispose]();
});

const files = (names: readonly string[] | undefined) => names?.filter((name) => /\.db/.test(name));
const now = () => files(readdirSync(folder).sort());

test('a mirror that has moved to another address stays there, through a power cut too', async () => {
  const synced = await watchFolderSyncs(folder);
  await temp.mirrors.move(instanceUrl, 'https://other.my.salesforce.com', [heldLease()]);
  expect(files(synced.at(-1))).toEqual(['other.my.salesforce.com.db']);
});

test('a mirror that was put aside stays so, through a power cut too', async () => {
  const synced = await watchFolderSyncs(folder);
  const { location } = await temp.mirrors.archives.add(instanceUrl, heldLease());
  expect(files(synced.at(-1))).toEqual([basename(location)]);
  expect(now()).toEqual([basename(location)]);
});

test('a mirror’s contents are archived before others take their place, through a power cut too', async () => {
  const lease = heldLease();
  for (const opener of [temp.mirrors, temp.mirrors.copies]) {
    await using mirror = await opener.open(instanceUrl, { create: true, lease });
    await mirror.setIdentity({ orgId: '00D000000000001AAA', userId: '005000000000001AAA', instanceUrl });
    await mirror.schema.applyDescribe(describeOf(), epoch);
    await mirror.commit({ page: csvPage(storedNames, [contactRow(1)], epoch) });
  }
  const synced = await watchFolderSyncs(folder);
  const archived = await temp.mirrors.copies.replaceMirror(instanceUrl, { force: false, lease });
  expect(synced.at(-1)).toContain(basename(archived!.location));
});

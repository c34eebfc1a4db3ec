import { expect, it } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { contact } from '../../src/org/synced-object.ts';
import { MemoryDisk } from '../../src/store/memory/memory-file.ts';
import { MemoryMirror } from '../../src/store/memory/memory-mirror.ts';
import { heldLease } from '../support/leases.ts';
import { describeOf, storedNames } from './sqlite/contact-fields.ts';
import { contactRow, csvPage, epoch } from './sqlite/pages.ts';

it('objects of one mirror in memory share its org, and nothing else', async () => {
  const disk = new MemoryDisk();
  const contacts = new MemoryMirror(systemClock, contact, disk, [heldLease()]);
  const accounts = new MemoryMirror(systemClock, { ...contact, name: 'Account', keyPrefix: '001' }, disk, [
    heldLease(),
  ]);
  await contacts.setIdentity({ orgId: '00D1', userId: '0051', instanceUrl: 'https://org.example' });
  await contacts.schema.applyDescribe(describeOf(), epoch);
  const run = await contacts.journal.startRun('backfill', epoch, {});
  await contacts.commit({
    page: csvPage(storedNames, [contactRow(1)], epoch),
    effects: [
      { kind: 'move-cursors', to: { updated: epoch, deleted: epoch } },
      { kind: 'replace-chunks', runId: run, ids: [], by: [{ kind: 'page', spec: {} }] },
    ],
  });

  expect(await accounts.identity()).toMatchObject({ orgId: '00D1' });
  expect(await accounts.contacts.latestReadAt()).toBe(epoch);
  expect(await accounts.contacts.counts()).toEqual({ contacts: 0, deleted: 0 });
  expect(await accounts.schema.fields()).toEqual([]);
  expect(await accounts.journal.cursors()).toEqual({ updated: null, deleted: null });
  expect(await accounts.journal.runs({})).toEqual([]);
  await accounts.schema.applyDescribe(describeOf(), epoch);
  expect((await accounts.schema.fields()).some(({ unfilled }) => unfilled)).toBe(false);
  await accounts.commit({ effects: [{ kind: 'move-cursors', to: { updated: 60_000 } }] });
  expect(await contacts.journal.cursors()).toEqual({ updated: epoch, deleted: epoch });
  expect(await contacts.contacts.counts()).toEqual({ contacts: 1, deleted: 0 });
});

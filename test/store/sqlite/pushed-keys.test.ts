import { expect, test } from 'vitest';
import type { Mirror } from '../../../src/sync/ports/mirror.ts';
import type { StoredMirror } from '../../../src/sync/ports/stored-mirror.ts';
import { newEntry } from '../../contract/new-entry.ts';
import { heldLease } from '../../support/leases.ts';
import { describeOf, storedNames } from './contact-fields.ts';
import { contactId, contactRow, csvPage, epoch } from './pages.ts';
import { instanceUrl, openTempMirror } from './temp-mirrors.ts';
import { idOf, openTwoWayMirror, person } from './two-way-mirror.ts';

const identity = { orgId: '00D000000000001AAA', userId: '005000000000001AAA', instanceUrl };

const pull = (mirror: Mirror, ...ns: number[]) =>
  mirror.commit({
    page: csvPage(
      storedNames,
      ns.map((n) => contactRow(n)),
      epoch,
    ),
  });

/** A push has made the contact with this number, and knows it. Returns its key. */
async function told({ outbox }: Mirror, n: number): Promise<string> {
  const { key, ...entry } = newEntry();
  await outbox.add([{ key, ...entry }]);
  await outbox.settle([{ key, state: 'done', contactId: contactId(n), created: true, at: epoch }]);
  return key;
}

test('a fresh copy changes no key that the mirror has shown, and gives what it brings its own', async () => {
  await using temp = await openTempMirror();
  await temp.mirror[Symbol.asyncDispose]();
  const lease = heldLease();
  const open = { create: true, lease };
  const begin = async (mirror: StoredMirror, ...ns: number[]) => {
    await mirror.setIdentity(identity);
    await mirror.schema.applyDescribe(describeOf(), epoch);
    await pull(mirror, ...ns);
  };
  const keys = () => temp.sql('SELECT Id, _key FROM contacts ORDER BY Id').map(({ _key }) => _key);
  {
    await using copy = await temp.mirrors.copies.open(instanceUrl, open);
    await begin(copy, 1, 3, 4);
  }
  await using mirror = await temp.mirrors.open(instanceUrl, open);
  await begin(mirror, 1, 2);
  const [shown, ours, gone, left] = [
    await told(mirror, 2),
    ...(await Promise.all([3, 4, 5].map((n) => told(mirror, n)))),
  ];
  await pull(mirror, 4, 5);
  const confirm = (...read: (string | undefined)[]) =>
    mirror.commit({ effects: [{ kind: 'confirm-read-back', keys: read.map(String) }] });
  await confirm(gone, left);
  expect(keys()).toEqual([contactId(1), contactId(2), gone, left]);
  await temp.mirrors.copies.replaceMirror(instanceUrl, { force: false, lease });
  expect(keys()).toEqual([contactId(1), ours, gone]);
  // What the copy did not have yet comes by the key that it was shown by.
  await pull(mirror, 2, 5);
  const all = [contactId(1), contactId(2), ours, gone, left];
  expect(keys()).toEqual(all);
  await confirm(shown, ours);
  expect(keys()).toEqual(all);
});

test('a key that a program has given to a row of its own is not taken by what a push has made', async () => {
  await using two = await openTwoWayMirror();
  const { mirror, program } = two;
  const key = await told(mirror, 9);
  program.prepare("INSERT INTO contacts (_key, LastName) VALUES (?, 'Own')").run(key);
  await two.pull([person(9)]);
  expect(two.row(key)).toMatchObject({ LastName: 'Own', _state: 'pending' });
  expect(two.row(idOf(9))).toMatchObject({ Id: idOf(9), LastName: 'Last9' });
});

test('the next edit of a contact that a push has made goes by its key, also before it is read back', async () => {
  await using two = await openTwoWayMirror();
  const { mirror, program } = two;
  const key = await told(mirror, 9);
  await two.pull([person(9), person(10)]);
  program.prepare("UPDATE contacts SET FirstName = 'New' WHERE _key = ?").run(key);
  await mirror.commit({ effects: [{ kind: 'confirm-read-back', keys: [key] }] });
  expect(two.row(key)).toMatchObject({ Id: idOf(9), FirstName: 'New', _state: 'pending' });
  const [, edit] = await two.asked();
  expect(edit).toMatchObject({ op: 'update', contactKey: key, contactId: idOf(9) });
  await mirror.outbox.settle([
    { key: edit!.key, state: 'done', contactId: idOf(9), created: false, at: epoch },
  ]);
  await mirror.commit({ effects: [{ kind: 'confirm-read-back', keys: [edit!.key] }] });
  expect(two.row(key)).toMatchObject({ Id: idOf(9), _state: 'synced' });
  expect(two.row(idOf(10))).toMatchObject({ _state: 'synced' });
});

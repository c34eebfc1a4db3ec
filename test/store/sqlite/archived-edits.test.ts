import { copyFileSync, readdirSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { heldLease } from '../../support/leases.ts';
import { describeOf } from './contact-fields.ts';
import { epoch } from './pages.ts';
import { instanceUrl } from './temp-mirrors.ts';
import { openTwoWayMirror, type TwoWayMirror, writtenFields } from './two-way-mirror.ts';

const edits = [
  "INSERT INTO contacts (LastName) VALUES ('Late')",
  "UPDATE contacts SET LastName = 'Late'",
  'DELETE FROM contacts',
];

async function putAside({ mirrors }: TwoWayMirror): Promise<string> {
  const lease = heldLease();
  {
    await using copy = await mirrors.copies.open(instanceUrl, { create: true, lease });
    await copy.schema.applyDescribe(describeOf(writtenFields), epoch);
  }
  return (await mirrors.copies.replaceMirror(instanceUrl, { force: false, lease }))!.location;
}

test.each(['on', 'off'])(
  'a mirror that was put aside with two-way %s refuses edits, and names the one that is used',
  async (state) => {
    await using two = await openTwoWayMirror();
    two.program.exec("INSERT INTO contacts (_key, LastName) VALUES ('k', 'A')");
    if (state === 'off') await two.mirror.setTwoWay({ on: false });
    const archive = await putAside(two);
    using old = Object.assign(new Database(archive), { [Symbol.dispose]: () => void old.close() });
    const waiting = () => old.prepare("SELECT contact_key FROM outbox WHERE state = 'pending'").pluck().all();
    expect(old.prepare("SELECT LastName FROM contacts WHERE _key = 'k'").pluck().get()).toBe('A');
    for (const sql of edits)
      expect(() => old.exec(sql), sql).toThrow(
        `put aside, and nothing that is written to it is sent: write to ${basename(two.mirror.location)}`,
      );
    expect(waiting()).toEqual(['k']);
    expect(readdirSync(dirname(archive)).filter((name) => name.includes('.new'))).toEqual([]);
    if (state === 'on') for (const sql of edits) two.program.exec(sql);
  },
);

test('an archive that is put back as a mirror takes edits again', async () => {
  await using two = await openTwoWayMirror();
  const archive = await putAside(two);
  const other = 'https://other.my.salesforce.com';
  copyFileSync(archive, two.mirrors.location(other));
  await using mirror = await two.mirrors.open(other, { create: false });
  await mirror.setTwoWay({});
  using program = Object.assign(new Database(mirror.location), {
    [Symbol.dispose]: () => void program.close(),
  });
  for (const sql of edits) program.exec(sql);
});

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { copyPath } from '../../../src/store/sqlite/mirror-path.ts';
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
const deleted = 'was deleted by parahack-sync logout --delete-data';
const insert = (key: string) => `INSERT INTO contacts (_key, LastName) VALUES ('${key}', 'A')`;

/** Two-way on, and closed by us: the program alone has it open. */
async function openByProgramAlone(): Promise<TwoWayMirror> {
  const two = await openTwoWayMirror();
  two.program.prepare('SELECT count(*) FROM contacts').get();
  await two.mirror[Symbol.asyncDispose]();
  return two;
}

const waiting = ({ program }: TwoWayMirror) =>
  program.prepare("SELECT contact_key FROM outbox WHERE state = 'pending'").pluck().all();

const filesOf = ({ folder }: TwoWayMirror) => readdirSync(folder).filter((name) => name.includes('.db'));

/** A killed process has let go of its locks, and SQLite sees that its log is to be looked through. */
async function killedWhileRemoving(two: TwoWayMirror, files: 'deleted' | 'there'): Promise<void> {
  const script = fileURLToPath(new URL('./removing-child.ts', import.meta.url));
  const child = spawn(process.execPath, [script, two.mirror.location, files], { stdio: 'inherit' });
  expect(await once(child, 'exit')).toEqual([null, 'SIGKILL']);
}

describe('a mirror that is deleted while a program has it open', () => {
  test('refuses from then on what that program writes, and says why', async () => {
    await using two = await openByProgramAlone();
    expect(await two.mirrors.remove(instanceUrl, heldLease())).toBe(0);
    expect(filesOf(two)).toEqual([]);
    for (const sql of edits) expect(() => two.program.exec(sql), sql).toThrow(deleted);
    expect(waiting(two)).toEqual([]);
    // Another one under its name is nothing to those who have the old one.
    await using _next = await two.mirrors.open(instanceUrl, { create: true });
    for (const sql of edits) expect(() => two.program.exec(sql), sql).toThrow(deleted);
  });

  test('stays where its files cannot be removed, and takes edits as before', async () => {
    await using two = await openByProgramAlone();
    mkdirSync(copyPath(two.mirror.location));
    await expect(two.mirrors.remove(instanceUrl, heldLease())).rejects.toThrow();
    two.program.exec(insert('k'));
    expect(waiting(two)).toEqual(['k']);
  });

  test.each(['pending', 'rejected'])(
    'stays with an entry that is %s, and takes edits as before',
    async (state) => {
      await using two = await openByProgramAlone();
      two.program.exec(insert('k'));
      two.program.exec(`UPDATE outbox SET state = '${state}'`);
      expect(await two.mirrors.remove(instanceUrl, heldLease())).toBe(1);
      two.program.exec(insert('l'));
      expect(existsSync(two.mirror.location)).toBe(true);
      expect(waiting(two)).toContain('l');
    },
  );

  test('goes with its entries by force', async () => {
    await using two = await openByProgramAlone();
    two.program.exec(insert('k'));
    expect(await two.mirrors.remove(instanceUrl, heldLease(), { force: true })).toBe(0);
    expect(filesOf(two)).toEqual([]);
    expect(() => two.program.exec(insert('l'))).toThrow(deleted);
  });

  test('waits for a transaction that the program has begun, and counts what it brings', async () => {
    await using two = await openByProgramAlone();
    two.program.exec(`BEGIN IMMEDIATE; ${insert('k')}`);
    const removing = two.mirrors.remove(instanceUrl, heldLease());
    await delay(100);
    two.program.exec('COMMIT');
    expect(await removing).toBe(1);
    two.program.exec(insert('l'));
    expect(waiting(two)).toEqual(['k', 'l']);
  });

  test('stays where such a transaction never ends', async () => {
    await using two = await openByProgramAlone();
    two.program.exec(`BEGIN IMMEDIATE; ${insert('k')}`);
    const stop = new AbortController();
    const removing = two.mirrors.remove(instanceUrl, heldLease(), { force: true, signal: stop.signal });
    stop.abort();
    await expect(removing).rejects.toThrow();
    two.program.exec('COMMIT');
    expect(waiting(two)).toEqual(['k']);
    expect(existsSync(two.mirror.location)).toBe(true);
  });

  test('is not deleted by whoever lost the lease, and takes edits as before', async () => {
    await using two = await openByProgramAlone();
    await (await two.mirrors.open(instanceUrl, { create: false, lease: heldLease('org-test', 2) }))[
      Symbol.asyncDispose
    ]();
    await expect(two.mirrors.remove(instanceUrl, heldLease(), { force: true })).rejects.toMatchObject({
      code: 'LEASE_LOST',
    });
    two.program.exec(insert('k'));
    expect(existsSync(two.mirror.location)).toBe(true);
  });

  test('refuses edits behind a kill at the instant when its files are gone', async () => {
    await using two = await openByProgramAlone();
    await killedWhileRemoving(two, 'deleted');
    expect(filesOf(two)).toEqual([]);
    for (const sql of edits) expect(() => two.program.exec(sql), sql).toThrow(deleted);
  });

  test('refuses edits behind a kill too, until somebody works with it again', async () => {
    await using two = await openByProgramAlone();
    await killedWhileRemoving(two, 'there');
    expect(existsSync(two.mirror.location)).toBe(true);
    for (const sql of edits) expect(() => two.program.exec(sql), sql).toThrow(deleted);
    await using _mirror = await two.mirrors.open(instanceUrl, {
      create: false,
      lease: heldLease('org-test', 2),
    });
    two.program.exec(insert('k'));
    expect(waiting(two)).toEqual(['k']);
    expect(await two.mirrors.twoWay(instanceUrl)).toMatchObject({ on: true, isSet: true });
  });
});

test('a mirror that SQLite cannot read is deleted as it is', async () => {
  await using two = await openByProgramAlone();
  two.program.close();
  writeFileSync(two.mirror.location, 'This was a mirror once.\n'.repeat(1_000));
  expect(await two.mirrors.remove(instanceUrl, heldLease())).toBe(0);
  expect(filesOf(two)).toEqual([]);
});

describe('a mirror that lacks a part and makes room for a fresh copy', () => {
  async function replaced(force: boolean, prepare: (program: Database.Database) => void) {
    const two = await openByProgramAlone();
    const lease = heldLease();
    {
      await using copy = await two.mirrors.copies.open(instanceUrl, { create: true, lease });
      await copy.schema.applyDescribe(describeOf(writtenFields), epoch);
    }
    two.program.exec('DROP TABLE contact_swept');
    prepare(two.program);
    return { two, archived: two.mirrors.copies.replaceMirror(instanceUrl, { force, lease }) };
  }

  test('refuses what a program writes that has it open, and names the one that is used', async () => {
    const { two, archived } = await replaced(false, () => {});
    await using opened = two;
    const { location } = (await archived)!;
    const message = `put aside, and nothing that is written to it is sent: write to ${basename(two.mirror.location)}`;
    for (const sql of edits) expect(() => opened.program.exec(sql), sql).toThrow(message);
    using old = Object.assign(new Database(location), { [Symbol.dispose]: () => void old.close() });
    for (const sql of edits) expect(() => old.exec(sql), sql).toThrow(message);
  });

  test('takes its entries along by force alone', async () => {
    const { two, archived } = await replaced(false, (program) => program.exec(insert('k')));
    await using opened = two;
    await expect(archived).rejects.toMatchObject({ code: 'OUTBOX_OPEN' });
    opened.program.exec(insert('l'));
    expect(waiting(opened)).toEqual(['k', 'l']);
  });
});

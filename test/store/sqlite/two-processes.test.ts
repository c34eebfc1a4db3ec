import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { type Clock, systemClock } from '../../../src/base/clock.ts';
import { silentLogger } from '../../../src/base/logger.ts';
import { openMirrors } from '../../../src/store/sqlite/open-mirrors.ts';
import { SqliteContactReader } from '../../../src/store/sqlite/sqlite-contact-reader.ts';
import type { Mirror } from '../../../src/sync/ports/mirror.ts';
import { heldLease } from '../../support/leases.ts';
import { describeOf, storedNames } from './contact-fields.ts';
import { contactRow, csvPage, epoch } from './pages.ts';
import { instanceUrl, openTempMirror } from './temp-mirrors.ts';

/** The smallest write that needs no lease. */
const note = ({ journal }: Mirror) => journal.startRun('push', epoch, {});
const noted = async ({ journal }: Mirror) => (await journal.runs({ limit: 9 })).length;

const script = fileURLToPath(new URL('./outbox-child.ts', import.meta.url));

test('a push queues and settles in another process while pages are applied and contacts are read', async () => {
  await using temp = await openTempMirror();
  const { mirror, folder } = temp;
  await mirror.schema.applyDescribe(describeOf(), epoch);
  const child = spawn(process.execPath, [script, folder, instanceUrl, '60'], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const ended = new Promise<number | null>((resolve) => child.on('exit', resolve));
  let pages = 0;
  let isOver = false;
  void ended.then(() => {
    isOver = true;
  });
  await using reader = new SqliteContactReader(mirror.location);
  let lastTotal = 0;
  while (!isOver) {
    const rows = Array.from({ length: 300 }, (_, i) => contactRow(pages * 300 + i));
    await mirror.commit({
      page: csvPage(storedNames, rows, epoch),
      effects: [{ kind: 'move-cursors', to: { updated: epoch + pages } }],
    });
    pages++;
    const { total } = await reader.list({ limit: 1, deleted: false });
    expect(total).toBeGreaterThanOrEqual(lastTotal);
    lastTotal = total;
  }
  expect(await ended).toBe(0);
  expect(await mirror.outbox.counts()).toMatchObject({ done: 60, pending: 0, sent: 0 });
  expect(await mirror.contacts.counts()).toEqual({ contacts: pages * 300, deleted: 0 });
  expect(await mirror.checkIntegrity()).toEqual([]);
});

test('a write waits for another program’s transaction, and other mirrors do not wait with it', async () => {
  await using temp = await openTempMirror({ writers: 1 });
  const { mirror, mirrors } = temp;
  const other = await mirrors.open('https://other.my.salesforce.com', { create: true, lease: heldLease() });
  const stranger = new Database(mirror.location);
  stranger.exec('BEGIN IMMEDIATE');
  const waiting = note(mirror);
  for (let i = 0; i < 5; i++) await note(other);
  expect(await noted(other)).toBe(5);
  stranger.exec('COMMIT');
  stranger.close();
  await waiting;
  expect(await noted(mirror)).toBe(1);
});

test('a lock that is never given back ends in MIRROR_BUSY, and nothing is stored', async () => {
  await using temp = await openTempMirror();
  // A clock whose sleeps are over at once, and counted.
  let sleeps = 0;
  const clock: Clock = {
    ...systemClock,
    sleep: async () => {
      sleeps++;
    },
  };
  await using mirrors = openMirrors({ folder: temp.folder, log: silentLogger, clock });
  const mirror = await mirrors.open(instanceUrl, { create: false, lease: heldLease() });
  const stranger = new Database(mirror.location);
  stranger.exec('BEGIN IMMEDIATE');
  await expect(note(mirror)).rejects.toMatchObject({ code: 'MIRROR_BUSY' });
  expect(sleeps).toBeGreaterThan(10);
  stranger.exec('ROLLBACK');
  stranger.close();
  expect(await noted(mirror)).toBe(0);
  await note(mirror);
  expect(await noted(mirror)).toBe(1);
});

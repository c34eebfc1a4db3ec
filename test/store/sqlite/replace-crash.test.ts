import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import { silentLogger } from '../../../src/base/logger.ts';
import { mirrorPath } from '../../../src/store/sqlite/mirror-path.ts';
import { openMirrors } from '../../../src/store/sqlite/open-mirrors.ts';
import type { StoredMirror } from '../../../src/sync/ports/stored-mirror.ts';
import { repeats } from '../../support/deep.ts';
import { heldLease } from '../../support/leases.ts';
import { describeOf, storedNames } from './contact-fields.ts';
import { crashUrl } from './crash-child.ts';
import { contactRow, csvPage, epoch } from './pages.ts';

const kills = repeats(12);
const script = fileURLToPath(new URL('./replace-crash-child.ts', import.meta.url));
const rowsOf = { old: 6_000, new: 9_000 };
let template: string;

async function fill(mirror: StoredMirror, which: keyof typeof rowsOf): Promise<void> {
  await mirror.setIdentity({
    orgId: '00D000000000001AAA',
    userId: '005000000000001AAA',
    instanceUrl: crashUrl,
  });
  await mirror.schema.applyDescribe(describeOf(), epoch);
  const rows = Array.from({ length: rowsOf[which] }, (_, n) => contactRow(n));
  await mirror.commit({ page: csvPage(storedNames, rows, epoch) });
  await mirror.journal.startRun('backfill', epoch, { which });
  await mirror[Symbol.asyncDispose]();
}

beforeAll(async () => {
  template = mkdtempSync(join(tmpdir(), 'parahack-replace-'));
  await using mirrors = openMirrors({ folder: template, log: silentLogger, clock: systemClock });
  await fill(await mirrors.open(crashUrl, { create: true, lease: heldLease() }), 'old');
  await fill(await mirrors.copies.open(crashUrl, { create: true, lease: heldLease() }), 'new');
  await using mirror = await mirrors.open(crashUrl, { create: false });
  await mirror.outbox.add([
    {
      key: 'kept',
      op: 'create',
      contactKey: 'kept',
      contactId: null,
      changes: { LastName: 'Kept' },
      base: null,
      upsertField: null,
      allowDuplicates: false,
      atomicGroup: null,
      createdAt: epoch,
      state: 'pending',
    },
  ]);
});
afterAll(() => rmSync(template, { recursive: true, force: true }));

async function runChild(folder: string, killAfterMs: number | null): Promise<void> {
  const child = spawn(process.execPath, [script, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
  const end = once(child, 'exit');
  if (killAfterMs !== null) {
    await once(child.stdout, 'data');
    await Promise.race([delay(killAfterMs), end]);
    child.kill('SIGKILL');
  }
  const [code, signal] = await end;
  if (killAfterMs === null) expect([code, signal]).toEqual([0, null]);
}

/** Which of the two any program sees. Throws where it is neither, or a mixture. */
function contentsOf(path: string): 'old' | 'new' {
  const db = new Database(path, { readonly: true });
  try {
    expect(db.pragma('integrity_check', { simple: true })).toBe('ok');
    const one = (sql: string) => db.prepare(sql).pluck().get();
    expect(one('select key from outbox')).toBe('kept');
    const rows = one('select count(*) from contacts');
    const runs = one('select count(*) from run');
    const which = rows === rowsOf.old ? 'old' : 'new';
    expect({ rows, runs }).toEqual({ rows: rowsOf[which], runs: which === 'old' ? 1 : 2 });
    return which;
  } finally {
    db.close();
  }
}

test(`kill -9 at ${kills} random instants of a replacement: the old contents or the new, an archive that is whole, and it can be done again`, async () => {
  const seen = { old: 0, new: 0 };
  for (let n = 0; n < kills; n++) {
    const folder = mkdtempSync(join(tmpdir(), 'parahack-replace-'));
    try {
      cpSync(template, folder, { recursive: true });
      const path = mirrorPath(folder, crashUrl);
      await runChild(folder, Math.random() * 350);
      const found = contentsOf(path);
      seen[found]++;
      const archives = () => readdirSync(folder).filter((name) => name.endsWith('.archived.db'));
      for (const name of archives()) {
        const db = new Database(join(folder, name), { readonly: true });
        expect(db.pragma('integrity_check', { simple: true })).toBe('ok');
        expect(db.prepare('select count(*) from contacts').pluck().get()).toBe(rowsOf.old);
        db.close();
      }
      if (found === 'new') continue;
      await runChild(folder, null);
      expect(contentsOf(path)).toBe('new');
      expect(archives()).toHaveLength(1);
      expect(readdirSync(folder).filter((name) => name.includes('.new'))).toEqual([]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
  // Kills that all came too early or too late would have shown nothing.
  expect(seen.old).toBeGreaterThan(0);
}, 600_000);

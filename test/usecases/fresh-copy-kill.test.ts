import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Emulator, startEmulator } from '../../src/emulator/index.ts';
import { backfillOrgs } from '../../src/usecases/backfill.ts';
import { control, expectMirrorEqualsOrg } from '../e2e/org.ts';
import { isDeep } from '../support/deep.ts';
import { openServices } from './open-services.ts';

/** Half of them early in the copy, half around its end. */
const kills = isDeep ? 200 : 10;
const before = 600;
const after = 500;
const child = new URL('./fresh-child.ts', import.meta.url).pathname;
const options = { orgs: [], all: false, api: 'rest' as const, concurrency: null, force: false, fields: null };
const context = () => ({ signal: new AbortController().signal, onEvent: () => {} });
let emulator: Emulator;
let first: string;

/** A mirror as it was before a hundred contacts were deleted, to be copied for each kill. */
beforeAll(async () => {
  emulator = await startEmulator({ contacts: before, dailyLimit: 10_000_000 });
  await control(emulator.url, 'settings', { maxPageRows: 60, latencyMs: 2 });
  first = mkdtempSync(join(tmpdir(), 'parahack-sync-fresh-'));
  await using app = openServices(emulator, { dataDir: first });
  await backfillOrgs(app.services, { ...options, fresh: false }, context());
  await control(emulator.url, 'delete', { count: before - after });
});
afterAll(async () => {
  rmSync(first, { recursive: true, force: true });
  await emulator.close();
});

/** Kills the copy `afterMs` after it has stored its `page`th page, or has let it end; answers whether it was under way. */
async function killedCopy(dataDir: string, page: number, afterMs: number): Promise<boolean> {
  const args = [child, emulator.url, emulator.accessToken, dataDir];
  const running = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const end = once(running, 'exit');
  let pages = 0;
  const reached = new Promise<void>((resolve) => {
    running.stdout.on('data', (text: Buffer) => {
      pages += text.toString().split('backfill:progress').length - 1;
      if (pages >= page) resolve();
    });
  });
  await Promise.race([reached, end]);
  await delay(afterMs);
  running.kill('SIGKILL');
  const [code] = await end;
  return code === null;
}

/** What any program sees: the old mirror or the new one, whole. */
function contactsIn(path: string): number {
  const db = new Database(path, { readonly: true });
  try {
    expect(db.pragma('integrity_check', { simple: true })).toBe('ok');
    return db.prepare('select count(*) from contacts').pluck().get() as number;
  } finally {
    db.close();
  }
}

describe('a fresh copy that is killed', () => {
  it(`leaves the old mirror or the new one, and ends when it is run again, ${kills} times around its swap too`, async () => {
    const seen = { old: 0, new: 0 };
    let underWay = 0;
    for (let n = 0; n < kills; n++) {
      const dataDir = mkdtempSync(join(tmpdir(), 'parahack-sync-fresh-'));
      try {
        const source = openServices(emulator, { dataDir: first });
        const target = openServices(emulator, { dataDir });
        const from = source.services.mirrors.location(emulator.url);
        const path = target.services.mirrors.location(emulator.url);
        const db = new Database(from, { readonly: true });
        const { makeFolder } = await import('../../src/base/make-folder.ts');
        makeFolder(join(dataDir, 'orgs'));
        await db.backup(path);
        db.close();
        await source[Symbol.asyncDispose]();

        // The last page of twelve or so, then the closing cycle, the archive and the swap.
        const late = n % 2 === 0;
        if (await killedCopy(dataDir, late ? 11 : 1 + (n % 5), Math.random() * (late ? 700 : 60))) underWay++;
        const found = contactsIn(path);
        expect([before, after]).toContain(found);
        seen[found === before ? 'old' : 'new']++;

        const { orgs } = await backfillOrgs(target.services, { ...options, fresh: true }, context());
        expect(orgs[0]).toMatchObject({ status: 'complete', error: null, contacts: after });
        expect(await expectMirrorEqualsOrg(path, emulator.url)).toBe(after);
        const left = readdirSync(join(dataDir, 'orgs')).filter((name) => name.includes('.db'));
        const files = left.filter((name) => !/-(wal|shm)$/.test(name));
        expect(files.every((name) => /^[^.]*\.db$|\.archived\.db$/.test(name))).toBe(true);
        // Killed before the swap, the copy goes on: one archive. After it, a second copy was asked for.
        expect(files).toHaveLength(found === before ? 2 : 3);
        await target[Symbol.asyncDispose]();
      } finally {
        rmSync(dataDir, { recursive: true, force: true });
      }
    }
    // The test is worth something only where most kills fell into the middle.
    expect(underWay).toBeGreaterThan(kills / 3);
    expect(seen.old).toBeGreaterThan(0);
  }, 1_800_000);
});

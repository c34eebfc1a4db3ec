import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SqliteCallLedger } from '../../../src/store/sqlite/calls/sqlite-call-ledger.ts';
import { spanAt } from '../../../src/sync/budget/call-slots.ts';
import { callsIn } from '../../../src/sync/budget/share.ts';

const orgId = '00D000000000001';
let folder = '';
let log = '';
let ledger: SqliteCallLedger;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'shared-calls-'));
  log = join(folder, 'log');
  writeFileSync(log, '');
  ledger = new SqliteCallLedger(join(folder, 'data'));
});

afterEach(async () => {
  await ledger[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

function start() {
  const script = join(import.meta.dirname, 'calls-child.ts');
  const child = spawn(process.execPath, [script, join(folder, 'data'), log, orgId], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.on('data', (data) => (said += data));
  return { child, said: () => said, ended: once(child, 'exit'), begun: once(child.stdout, 'data') };
}

const calls = () => readFileSync(log, 'utf8').split('\n').length - 1;
const noted = async () => callsIn(await ledger.callsOf(orgId, spanAt(Date.now())));

describe('processes that call an org side by side', () => {
  it('never take more than the share together, and lose no more than their blocks to SIGKILL', async () => {
    const allowed = 2_000;
    await ledger.report(orgId, { used: 0, max: 4 * allowed, at: Date.now(), app: null });
    const processes = [start(), start(), start()];
    await Promise.all(processes.map(({ begun }) => begun));
    let killed = 0;
    for (const { child, ended } of processes.slice(0, 2)) {
      await delay(30);
      if (child.exitCode !== null) continue;
      child.kill('SIGKILL');
      await ended;
      killed++;
      // Told in this order: the third goes on calling.
      const made = calls();
      expect(await noted()).toBeGreaterThanOrEqual(made);
    }
    expect(killed).toBe(2);
    processes.push(start());
    for (const { ended } of processes) await ended;
    expect(processes.slice(2).map(({ said }) => said())).toEqual(
      [1, 2].map(() => 'begun\nAPI_BUDGET_EXHAUSTED\n'),
    );
    expect(await noted()).toBe(allowed);
    expect(calls()).toBeLessThanOrEqual(allowed);
    expect(calls()).toBeGreaterThanOrEqual(allowed - killed * 100);
  }, 60_000);
});

describe('the file of calls', () => {
  const path = () => join(folder, 'data', 'usage.db');
  const wanted = { slot: 10, span: { from: 0, to: 20 }, calls: 3, limit: 100 };

  it('is this user’s alone, and is made by the first write', async () => {
    expect(await ledger.callsOf(orgId, wanted.span)).toEqual([]);
    expect(statSync(join(folder, 'data'), { throwIfNoEntry: false })).toBeUndefined();
    await ledger.reserve(orgId, wanted);
    expect(statSync(path()).mode & 0o777).toBe(0o600);
    expect(statSync(join(folder, 'data')).mode & 0o777).toBe(0o700);
  });

  it('is told where it cannot be written, and refuses calls there', async () => {
    await ledger.reserve(orgId, wanted);
    await ledger[Symbol.asyncDispose]();
    chmodSync(path(), 0o400);
    chmodSync(join(folder, 'data'), 0o500);
    try {
      expect(await ledger.callsOf(orgId, wanted.span)).toEqual([{ slot: 10, calls: 3 }]);
      // Root may write everywhere.
      if (process.getuid?.() !== 0)
        await expect(ledger.reserve(orgId, wanted)).rejects.toMatchObject({ code: 'DATA_DIR_UNWRITABLE' });
    } finally {
      chmodSync(join(folder, 'data'), 0o700);
    }
  });

  it('is counted in anew where it was deleted or replaced under a process that goes on', async () => {
    await ledger.reserve(orgId, wanted);
    for (const end of ['', '-wal', '-shm']) rmSync(path() + end, { force: true });
    await using other = new SqliteCallLedger(join(folder, 'data'));
    await other.reserve(orgId, { ...wanted, calls: 5 });
    await ledger.reserve(orgId, { ...wanted, calls: 1 });
    expect(await other.callsOf(orgId, wanted.span)).toEqual([{ slot: 10, calls: 6 }]);
  });

  it('of a newer version, of another program or damaged is left as it is, with a word on what to do', async () => {
    await ledger.reserve(orgId, wanted);
    await ledger[Symbol.asyncDispose]();
    const unreadable = { code: 'USAGE_UNREADABLE', hint: expect.any(String) };
    const changed = async (sql: string) => {
      const db = new Database(path());
      db.pragma(sql);
      db.close();
      await expect(ledger.reserve(orgId, wanted)).rejects.toMatchObject(unreadable);
      await expect(ledger.callsOf(orgId, wanted.span)).rejects.toMatchObject(unreadable);
    };
    await changed('application_id = 7');
    await changed('user_version = 99');
    writeFileSync(path(), 'no database at all, but long enough to be looked at as one '.repeat(40));
    await expect(ledger.reserve(orgId, wanted)).rejects.toMatchObject(unreadable);
  });
});

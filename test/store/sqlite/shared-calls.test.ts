import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { mendCallLedger } from '../../../src/store/sqlite/calls/mend-call-ledger.ts';
import { SqliteCallLedger } from '../../../src/store/sqlite/calls/sqlite-call-ledger.ts';
import { ApiBudget } from '../../../src/sync/budget/api-budget.ts';
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

function start(task: 'call' | 'reserve' = 'call') {
  const script = join(import.meta.dirname, task === 'call' ? 'calls-child.ts' : 'calls-reserving-child.ts');
  const child = spawn(process.execPath, [script, join(folder, 'data'), log, orgId], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.on('data', (data) => (said += data));
  return { child, said: () => said, ended: once(child, 'exit'), begun: once(child.stdout, 'data') };
}

const calls = () => readFileSync(log, 'utf8').split('\n').length - 1;
const noted = async () => callsIn(await ledger.callsOf(orgId, spanAt(Date.now())));

describe('processes that call an org side by side', () => {
  it('never take more than the share together, and lose no more than their blocks to SIGKILL', async () => {
    // More than they could have made before the first is killed.
    const allowed = 6_000;
    await ledger.report(orgId, { used: 0, max: 4 * allowed, at: Date.now(), app: null });
    const processes = [start(), start(), start()];
    await Promise.all(processes.map(({ begun }) => begun));
    for (const { child } of processes) child.stdin!.end('go');
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
    const last = start();
    last.child.stdin!.end('go');
    processes.push(last);
    for (const { ended } of processes) await ended;
    expect(processes.slice(2).map(({ said }) => said())).toEqual(
      [1, 2].map(() => 'begun\nAPI_BUDGET_EXHAUSTED\n'),
    );
    expect(await noted()).toBe(allowed);
    expect(calls()).toBeLessThanOrEqual(allowed);
    expect(calls()).toBeGreaterThanOrEqual(allowed - killed * 100);
  });
});

const path = () => join(folder, 'data', 'usage.db');
const wanted = { slot: 10, span: { from: 0, to: 20 }, calls: 3, limit: 100 };
const aside = () =>
  readdirSync(join(folder, 'data'))
    .filter((name) => /damaged-[^-]*$/.test(name))
    .toSorted();

function changed(pragma: string): void {
  const db = new Database(path());
  db.pragma(pragma);
  db.close();
}

describe('the file of calls', () => {
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

  it('is told to be held by another program where it is locked', async () => {
    await ledger.reserve(orgId, wanted);
    const stranger = new Database(path());
    stranger.exec('BEGIN IMMEDIATE');
    try {
      await expect(ledger.reserve(orgId, wanted)).rejects.toMatchObject({
        code: 'DATA_DIR_BUSY',
        message: expect.stringContaining(path()),
      });
    } finally {
      stranger.close();
    }
  });

  it('that cannot be written keeps a rest that the org asks for in memory as long as it lasts, and takes it up later', async () => {
    let now = Date.UTC(2026, 2, 4, 10, 1);
    const clock = { now: () => now, sleep: async () => {} };
    const budget = () =>
      new ApiBudget({ ledger, orgId, clock, share: 0.25, instanceUrl: 'https://org.example' });
    const one = budget();
    await one.before('pull');
    const stranger = new Database(path());
    stranger.exec('BEGIN IMMEDIATE');
    one.after(null, { asked: { kind: 'pull', restMs: 600_000 } });
    stranger.exec('ROLLBACK');
    now += 60_000;
    // Of this connection and of the next one of the same process.
    for (const asking of [one, budget()])
      await expect(asking.before('pull')).rejects.toMatchObject({
        code: 'ORG_UNAVAILABLE',
        details: { retryAfterMs: 540_000 },
      });

    const other = new SqliteCallLedger(join(folder, 'data'));
    const until = now + 540_000;
    expect(await other.heldBack(orgId)).toEqual({ pull: null, push: null });
    await other.holdBack(orgId, 'push', until + 1);
    await ledger.holdBack(orgId, 'push', until - 1);
    expect(await other.heldBack(orgId)).toEqual({ pull: until, push: until - 1 });
    stranger.exec('BEGIN IMMEDIATE');
    await expect(ledger.holdBack(orgId, 'pull', until - 1)).rejects.toMatchObject({ code: 'DATA_DIR_BUSY' });
    stranger.exec('ROLLBACK');
    stranger.close();
    // What was said to another process meanwhile is later.
    await other.holdBack(orgId, 'pull', until + 5);
    await ledger.reserve(orgId, wanted);
    expect(await other.heldBack(orgId)).toEqual({ pull: until + 5, push: until - 1 });
    await other[Symbol.asyncDispose]();

    now += 540_000 + 5;
    await one.before('pull');
  });

  it('is counted in anew where it was deleted or replaced under a process that goes on', async () => {
    await ledger.reserve(orgId, wanted);
    for (const end of ['', '-wal', '-shm']) rmSync(path() + end, { force: true });
    await using other = new SqliteCallLedger(join(folder, 'data'));
    await other.reserve(orgId, { ...wanted, calls: 5 });
    await ledger.reserve(orgId, { ...wanted, calls: 1 });
    expect(await other.callsOf(orgId, wanted.span)).toEqual([{ slot: 10, calls: 6 }]);
  });

  it.each(['before', 'behind'])(
    'counts as lost where it was deleted under a process that goes on, %s another that made it anew',
    async (when) => {
      const warnings: string[] = [];
      const now = () => Date.UTC(2026, 2, 1, 12);
      const warn = (message: string) => void warnings.push(message);
      await using own = new SqliteCallLedger(join(folder, 'data'), { now, warn });
      await own.reserve(orgId, wanted);
      for (const end of ['', '-wal', '-shm']) rmSync(path() + end, { force: true });
      await using other = new SqliteCallLedger(join(folder, 'data'), { now, warn });
      if (when === 'behind') await other.reserve(orgId, { ...wanted, calls: 5 });
      await own.reserve(orgId, { ...wanted, calls: 1 });
      await own.reserve(orgId, { ...wanted, calls: 1 });
      expect(await own.lostAt(orgId)).toBe(now());
      expect(await other.lostAt(orgId)).toBe(now());
      expect(warnings).toEqual([expect.stringMatching(/usage\.db was removed or replaced/)]);
    },
  );

  it('is looked at by one opening, which sees what others write and what comes to lie there, until it is written', async () => {
    await using other = new SqliteCallLedger(join(folder, 'data'));
    await other.reserve(orgId, wanted);
    expect(await ledger.callsOf(orgId, wanted.span)).toEqual([{ slot: 10, calls: 3 }]);
    await other.reserve(orgId, { ...wanted, calls: 1 });
    expect(await ledger.callsOf(orgId, wanted.span)).toEqual([{ slot: 10, calls: 4 }]);
    for (const end of ['', '-wal', '-shm']) rmSync(path() + end, { force: true });
    expect(await ledger.callsOf(orgId, wanted.span)).toEqual([]);
    await other.reserve(orgId, { ...wanted, calls: 5 });
    expect(await ledger.callsOf(orgId, wanted.span)).toEqual([{ slot: 10, calls: 5 }]);
    await ledger.reserve(orgId, { ...wanted, calls: 1 });
    expect(await other.callsOf(orgId, wanted.span)).toEqual([{ slot: 10, calls: 6 }]);
  });

  it('of a newer version is left as it is, with a word on what to do', async () => {
    await ledger.reserve(orgId, wanted);
    await ledger[Symbol.asyncDispose]();
    changed('user_version = 99');
    const unreadable = { code: 'USAGE_UNREADABLE', hint: expect.any(String) };
    await expect(ledger.reserve(orgId, wanted)).rejects.toMatchObject(unreadable);
    await expect(ledger.callsOf(orgId, wanted.span)).rejects.toMatchObject(unreadable);
    expect(aside()).toEqual([]);
  });
});

describe('a file of calls that is damaged', () => {
  const warnings: string[] = [];
  const warn = (message: string) => void warnings.push(message);
  const now = () => Date.UTC(2026, 2, 1, 12);
  const opened = () => new SqliteCallLedger(join(folder, 'data'), { warn, now });

  beforeEach(async () => {
    warnings.length = 0;
    // Many orgs, so that the file has pages in its middle.
    for (let n = 0; n < 400; n++)
      await ledger.reserve(`00D${String(n).padStart(12, '0')}`, { ...wanted, slot: n % 20 });
    await ledger[Symbol.asyncDispose]();
  });

  const bytes = () => readFileSync(path());
  const damages: [string, () => void][] = [
    ['was cut off to nothing', () => truncateSync(path(), 0)],
    ['was cut off in its middle', () => truncateSync(path(), Math.floor(bytes().length / 2))],
    ['was cut off within its first page', () => truncateSync(path(), 100)],
    [
      'is a text',
      () => writeFileSync(path(), 'no database at all, but long enough to be taken for one '.repeat(99)),
    ],
    ['is a short text', () => writeFileSync(path(), 'no')],
    ['has garbage at its head', () => writeFileSync(path(), bytes().fill(0xa5, 0, 4_096))],
    ['has garbage in its middle', () => writeFileSync(path(), bytes().fill(0xa5, 8_192, 32_768))],
    ['is a database of another program', () => changed('application_id = 7')],
    [
      'is a folder',
      () => {
        rmSync(path());
        mkdirSync(join(path(), 'kept'), { recursive: true });
      },
    ],
  ];

  it.each(damages)('that %s is set aside, told once, and begun anew', async (_what, damage) => {
    damage();
    await using one = opened();
    expect(await one.reserve(orgId, { ...wanted, limit: 4 })).toBe(3);
    expect(await one.reserve(orgId, { ...wanted, limit: 4 })).toBe(1);
    expect(await one.callsOf(orgId, wanted.span)).toEqual([{ slot: 10, calls: 4 }]);
    expect(await one.lostAt(orgId)).toBe(now());
    await using other = opened();
    expect(await other.callsOf(orgId, wanted.span)).toEqual([{ slot: 10, calls: 4 }]);
    expect(aside()).toEqual(['usage.db.damaged-20260301T120000Z']);
    expect(warnings).toEqual([expect.stringContaining('usage.db.damaged-20260301T120000Z')]);
    expect(statSync(path()).mode & 0o777).toBe(0o600);
  });

  it.each(damages)('that %s keeps nobody from reading', async (_what, damage) => {
    damage();
    await using one = opened();
    expect(await one.callsOf(orgId, wanted.span)).toEqual([]);
    expect(await one.reported(orgId)).toBeNull();
    expect(aside()).toHaveLength(1);
    expect(warnings).toHaveLength(1);
  });

  it('is noticed under a process that has it open', async () => {
    await using one = opened();
    await one.reserve(orgId, wanted);
    writeFileSync(path(), bytes().fill(0xa5));
    // It may have its pages in memory, and is told by the others' file then.
    expect(await one.reserve(orgId, wanted)).toBe(3);
    await using other = opened();
    await other.reserve(orgId, wanted);
    await one.reserve(orgId, wanted);
    expect(await one.callsOf(orgId, wanted.span)).toEqual(await other.callsOf(orgId, wanted.span));
    expect(aside()).toHaveLength(1);
  });

  it('is taken in hand by one of many that find it so at once, and no count of theirs is lost', async () => {
    writeFileSync(path(), 'no database at all '.repeat(999));
    const processes = Array.from({ length: 6 }, () => start('reserve'));
    await Promise.all(processes.map(({ begun }) => begun));
    for (const { child } of processes) child.stdin!.end('go');
    for (const { ended } of processes) expect(await ended).toEqual([0, null]);
    expect(aside()).toHaveLength(1);
    expect(callsIn(await ledger.callsOf(orgId, spanAt(Date.now())))).toBe(6 * 50);
  });

  it('is left to whoever was sooner, and the file that one has made stays', async () => {
    const error = Object.assign(new Error('file is not a database'), { code: 'SQLITE_NOTADB' });
    expect(mendCallLedger(path(), error, { now, warn })).toBe(true);
    expect(aside()).toEqual([]);
    expect(warnings).toEqual([]);
  });

  it('does not fill the disk with what it sets aside', async () => {
    let at = now();
    for (let n = 0; n < 9; n++) {
      writeFileSync(path(), 'no');
      await using one = new SqliteCallLedger(join(folder, 'data'), { warn, now: () => (at += 1_000) });
      await one.reserve(orgId, wanted);
    }
    expect(aside()).toHaveLength(5);
    expect(aside().at(-1)).toBe('usage.db.damaged-20260301T120009Z');
  });

  it('whose successor was made by a process that was killed before it lay there is followed by that one', async () => {
    writeFileSync(path(), 'no');
    await using one = opened();
    await one.reserve(orgId, wanted);
    await one[Symbol.asyncDispose]();
    renameSync(path(), `${path()}.new`);
    await using other = opened();
    await other.reserve(orgId, wanted);
    expect(await other.lostAt(orgId)).toBe(now());
  });

  it('and then is made up for once, whoever comes first', async () => {
    writeFileSync(path(), 'no');
    await using one = opened();
    await using other = opened();
    await one.reserve(orgId, wanted);
    const before = [
      { slot: 9, calls: 2 },
      { slot: 10, calls: 4 },
    ];
    await one.noteLost(orgId, before);
    await other.noteLost(orgId, before);
    expect(await other.lostAt(orgId)).toBeNull();
    expect(await other.lostAt('00D000000000002')).toBe(now());
    expect(await other.callsOf(orgId, wanted.span)).toEqual([
      { slot: 9, calls: 2 },
      { slot: 10, calls: 7 },
    ]);
  });
});

describe('a file of calls that may not be written', () => {
  it('is made writable where that is this user’s to do, and keeps nobody from reading where it is damaged', () => {
    const script = join(import.meta.dirname, 'calls-locked-child.ts');
    // Root may write everywhere, so somebody else has to try.
    const other = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
    const home = mkdtempSync(join(tmpdir(), 'calls-of-another-'));
    try {
      if (other.uid !== undefined) chownSync(home, other.uid, other.gid);
      const { stdout, stderr, status } = spawnSync(process.execPath, [script, home], {
        ...other,
        encoding: 'utf8',
        env: { ...process.env, HOME: home },
      });
      expect({ status, stderr }).toMatchObject({ status: 0 });
      expect(JSON.parse(stdout)).toEqual({
        mode: 0o600,
        noted: [{ slot: 10, calls: 6 }],
        warnings: [expect.stringContaining('was made writable')],
        unread: [],
        refused: 'USAGE_UNREADABLE',
      });
    } finally {
      rmSync(home, { recursive: true });
    }
  });
});

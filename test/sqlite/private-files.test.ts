import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lockFile } from '../../src/sqlite/lock-file.ts';
import { type FileFormat, migrateFile, versionState } from '../../src/sqlite/migrate.ts';
import { openPrivately } from '../../src/sqlite/open-privately.ts';
import { sqliteFaultOf } from '../../src/sqlite/sqlite-fault.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sqlite-'));
  path = join(folder, 'a.db');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const modeOf = (file: string) => statSync(file).mode & 0o777;
const wal = { create: true, busyMs: 0, journal: 'wal' } as const;

function thrownBy(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  throw new Error('It threw nothing.');
}

describe('a file that is opened to be written', () => {
  it('is private with all that lies beside it, whatever the umask', () => {
    const umask = process.umask(0);
    try {
      const db = openPrivately(path, wal);
      db.exec('create table t (a)');
      for (const end of ['', '-wal', '-shm']) expect(modeOf(path + end)).toBe(0o600);
      db.close();
    } finally {
      process.umask(umask);
    }
  });

  it('keeps the mode and the pages that it has', () => {
    openPrivately(path, { ...wal, pageSize: 8_192 }).close();
    chmodSync(path, 0o640);
    const db = openPrivately(path, { ...wal, pageSize: 512, pragmas: { cache_size: -77 } });
    expect(
      ['page_size', 'journal_mode', 'cache_size'].map((name) => db.pragma(name, { simple: true })),
    ).toEqual([8_192, 'wal', -77]);
    db.close();
    expect(modeOf(path)).toBe(0o640);
  });

  it('is not made where that was not asked for', () => {
    const error = thrownBy(() => openPrivately(path, { ...wal, create: false }));
    expect(sqliteFaultOf(error)).toBe('unwritable');
    expect(existsSync(path)).toBe(false);
  });

  it('says that it is no database', () => {
    writeFileSync(path, 'no database, and longer than the header of one would have to be: '.repeat(20));
    expect(sqliteFaultOf(thrownBy(() => openPrivately(path, wal)))).toBe('damaged');
  });
});

describe('the lock of a file', () => {
  it('keeps others out, though this process looks at it again', () => {
    const held = lockFile(path, { create: true });
    expect(modeOf(path)).toBe(0o600);
    expect(lockFile(path, { create: true })).toBeNull();
    expect(lockFile(path, { create: false, kind: 'shared' })).toBeNull();
    const look = `import { lockFile } from ${JSON.stringify(new URL('../../src/sqlite/lock-file.ts', import.meta.url))};
      process.stdout.write(String(lockFile(${JSON.stringify(path)}, { create: true }) === null));`;
    const others = () => execFileSync(process.execPath, ['--input-type=module', '-e', look]).toString();
    expect(others()).toBe('true');
    held?.close();
    expect(others()).toBe('false');
  });

  it('is held by many who only look', () => {
    const one = lockFile(path, { create: true, kind: 'shared' });
    const two = lockFile(path, { create: true, kind: 'shared' });
    expect([one, two]).not.toContain(null);
    one?.close();
    two?.close();
  });
});

describe('a file of another version', () => {
  const format = (...migrations: string[]): FileFormat => ({
    kind: { applicationId: 77, foreign: () => new Error('Foreign.') },
    migrations,
    newer: (version) => new Error(`Newer: ${version}.`),
  });
  const [one, two] = ['create table one (a)', 'create table two (a)'];

  it('is brought to the present one by the steps that it lacks, or not at all', () => {
    const db = openPrivately(path, wal);
    migrateFile(db, format(one));
    expect(versionState(db, format(one, two))).toBe('outdated');
    expect(() => migrateFile(db, format(one, two, 'no statement'))).toThrow(/syntax error/);
    expect(versionState(db, format(one))).toBe('current');
    const from: number[] = [];
    migrateFile(db, { ...format(one, two), adjust: (_, version) => void from.push(version) });
    expect(from).toEqual([1]);
    expect(versionState(db, format(one, two))).toBe('current');
    expect(() => migrateFile(db, format(one))).toThrow('Newer: 2.');
    db.close();
  });

  it('is refused where it is of another kind', () => {
    const db = openPrivately(path, wal);
    db.exec('create table t (a)');
    expect(() => migrateFile(db, format(one))).toThrow('Foreign.');
    db.close();
  });
});

import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { keepInUse } from '../../../src/base/writer-mark.ts';
import { spoolFolder, spoolName, sweepSpools } from '../../../src/store/sqlite/writer/spool-folder.ts';
import { holdSpool } from '../../../src/store/sqlite/writer/spool-lock.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'parahack-spool-'));
  mkdirSync(spoolFolder(folder));
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(folder, { recursive: true, force: true });
});

const dead = 999_999_999;
const hourMs = 3_600_000;

/** A file as a process of this id left it, so long ago. */
function leftBy(pid: number, agoMs: number, place = (own: string) => own): string {
  const [, own = '', unique = ''] = /^\d+-([\da-f]{16})-(.+)$/.exec(spoolName()) ?? [];
  const path = join(spoolFolder(folder), [pid, place(own), unique].join('-'));
  writeFileSync(path, 'rows');
  const time = new Date(Date.now() - agoMs);
  utimesSync(path, time, time);
  return path;
}

/** As another container names its files, whose process ids mean nothing here. */
const elsewhere = (own: string) => own.replace(/^./, (digit) => (digit === '0' ? '1' : '0'));

describe('a file in the spool folder', () => {
  it('goes at once where its process was one of this machine and is dead', () => {
    const [left, alive] = [leftBy(dead, 0), leftBy(process.ppid, 48 * hourMs)];
    sweepSpools(folder);
    expect([left, alive].map((path) => existsSync(path))).toEqual([false, true]);
  });

  it('stays while a container that shares the folder may be writing it, whatever its process id', () => {
    const [dies, same] = [leftBy(dead, hourMs, elsewhere), leftBy(process.pid, hourMs, elsewhere)];
    sweepSpools(folder);
    expect([dies, same].map((path) => existsSync(path))).toEqual([true, true]);
  });

  it('goes when nobody elsewhere has touched it for hours', () => {
    const left = leftBy(process.ppid, 3 * hourMs, elsewhere);
    sweepSpools(folder);
    expect(existsSync(left)).toBe(false);
  });

  it('stays while another container holds it, however long that has slept and whatever the clocks say', () => {
    const held = leftBy(dead, 48 * hourMs, elsewhere);
    const end = holdSpool(held);
    const longAgo = new Date(0);
    utimesSync(`${held}.lock`, longAgo, longAgo);
    sweepSpools(folder);
    expect([held, `${held}.lock`].map((path) => existsSync(path))).toEqual([true, true]);
    end();
    sweepSpools(folder);
    expect([held, `${held}.lock`].map((path) => existsSync(path))).toEqual([false, false]);
  });

  it('goes with the lock that a killed process left beside it', () => {
    const left = leftBy(dead, 0);
    writeFileSync(`${left}.lock`, '');
    sweepSpools(folder);
    expect([left, `${left}.lock`].map((path) => existsSync(path))).toEqual([false, false]);
  });

  it('is shown to be in use while nothing is written to it', () => {
    const path = leftBy(process.pid, 3 * hourMs);
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const end = keepInUse(path);
    vi.advanceTimersByTime(hourMs);
    end();
    expect(Date.now() - statSync(path).mtimeMs).toBeLessThan(hourMs);
    expect(vi.getTimerCount()).toBe(0);
  });
});

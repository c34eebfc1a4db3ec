import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openLocks } from '../../src/lock/locks.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'parahack-sync-locks-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const holderScript = join(import.meta.dirname, 'hold-lock.ts');

async function holdInChild(name: string) {
  const child = spawn(process.execPath, [holderScript, folder, name], { stdio: ['pipe', 'pipe', 'inherit'] });
  const [line] = await once(child.stdout, 'data');
  expect(String(line)).toBe('held\n');
  return child;
}

describe('locks', () => {
  it('lets one holder in and the next after its release', () => {
    const locks = openLocks(folder);
    const lock = locks.tryAcquire('watch');
    expect(lock).not.toBeNull();
    expect(locks.tryAcquire('watch')).toBeNull();
    expect(openLocks(folder).tryAcquire('watch')).toBeNull();
    lock?.release();
    lock?.release();
    using again = locks.tryAcquire('watch');
    expect(again).not.toBeNull();
  });

  it('keeps locks of different names apart, whatever characters they hold', () => {
    const locks = openLocks(folder);
    using a = locks.tryAcquire('a/../b:1');
    using b = locks.tryAcquire('a/../b:2');
    expect(a && b).toBeTruthy();
    expect(readdirSync(folder).every((name) => /^a%2f\.\.%2fb%3a[12]\.(lock|shown|holder)$/.test(name))).toBe(
      true,
    );
  });

  it('is one lock for one folder under two names', () => {
    symlinkSync(folder, `${folder}-link`);
    try {
      using lock = openLocks(folder).tryAcquire('watch');
      expect(lock).not.toBeNull();
      expect(openLocks(`${folder}-link`).tryAcquire('watch')).toBeNull();
    } finally {
      rmSync(`${folder}-link`);
    }
  });

  it('says who holds it and since when, in this process and in another', async () => {
    const locks = openLocks(folder);
    expect(locks.holderOf('watch')).toBeNull();
    const before = Date.now();
    const child = await holdInChild('watch');
    const holder = locks.holderOf('watch');
    expect(holder?.pid).toBe(child.pid);
    expect(holder?.since).toBeGreaterThanOrEqual(before);
    child.stdin.end();
    await once(child, 'exit');
    expect(locks.holderOf('watch')).toBeNull();
  });

  it('dies with its process when that is killed', async () => {
    const locks = openLocks(folder);
    const child = await holdInChild('watch');
    expect(locks.tryAcquire('watch')).toBeNull();
    child.kill('SIGKILL');
    await once(child, 'exit');
    using lock = locks.tryAcquire('watch');
    expect(lock).not.toBeNull();
    expect(readdirSync(folder).filter((name) => /journal|wal/.test(name))).toEqual([]);
  });

  it('is not lost when the same process asks who holds it or tries to take it again', async () => {
    const locks = openLocks(folder);
    using lock = locks.tryAcquire('watch');
    expect(lock).not.toBeNull();
    locks.holderOf('watch');
    locks.tryAcquire('watch');
    const child = spawn(process.execPath, [holderScript, folder, 'watch', '--try'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = await once(child.stdout, 'data');
    expect(String(line)).toBe('taken\n');
    await once(child, 'exit');
  });

  it('is taken at the first try, however many processes ask meanwhile who holds it', async () => {
    const askers = [1, 2].map(() =>
      spawn(process.execPath, [join(import.meta.dirname, 'ask-lock.ts'), folder, 'watch'], {
        stdio: ['pipe', 'pipe', 'inherit'],
      }),
    );
    await Promise.all(askers.map((asker) => once(asker.stdout, 'data')));
    const locks = openLocks(folder);
    let refused = 0;
    for (let i = 0; i < 500; i++) {
      const lock = locks.tryAcquire('watch');
      if (lock === null) refused++;
      else {
        expect(locks.holderOf('watch')?.pid).toBe(process.pid);
        lock.release();
      }
    }
    for (const asker of askers) asker.stdin.end();
    await Promise.all(askers.map((asker) => once(asker, 'exit')));
    expect(refused).toBe(0);
  });

  it('waits until the lock is free', async () => {
    const locks = openLocks(folder);
    const first = await locks.acquire('drain');
    const order: string[] = [];
    const second = locks.withLock('drain', async () => order.push('second'), { pollMs: 1 });
    order.push('first');
    first.release();
    await second;
    expect(order).toEqual(['first', 'second']);
    expect(locks.holderOf('drain')).toBeNull();
  });

  it('stops waiting at once on abort and gives up after the given time', async () => {
    const locks = openLocks(folder);
    using held = locks.tryAcquire('drain');
    expect(held).not.toBeNull();
    const controller = new AbortController();
    const waiting = locks.acquire('drain', { signal: controller.signal, pollMs: 60_000 });
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
    await expect(locks.acquire('drain', { timeoutMs: 1, pollMs: 1 })).rejects.toMatchObject({
      code: 'LOCK_TIMEOUT',
      details: { holder: { pid: process.pid } },
    });
  });

  it('releases the lock when the work fails', async () => {
    const locks = openLocks(folder);
    await expect(locks.withLock('drain', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(locks.holderOf('drain')).toBeNull();
  });

  it('makes its folder and files private', () => {
    const inner = join(folder, 'new', 'locks');
    using lock = openLocks(inner).tryAcquire('watch');
    expect(lock).not.toBeNull();
    expect(statSync(inner).mode & 0o777).toBe(0o700);
    for (const name of readdirSync(inner)) expect(statSync(join(inner, name)).mode & 0o077).toBe(0);
    expect(existsSync(join(inner, 'watch.lock'))).toBe(true);
  });

  it('says so when its folder cannot be used', async () => {
    const locks = openLocks('/dev/null/locks');
    const unusable = expect.objectContaining({ code: 'LOCKS_UNUSABLE' });
    expect(() => locks.tryAcquire('watch')).toThrow(unusable);
    await expect(locks.withLock('watch', async () => {})).rejects.toEqual(unusable);
    // Whoever only asks needs no folder: nobody can hold a lock there.
    expect(locks.holderOf('watch')).toBeNull();
  });
});

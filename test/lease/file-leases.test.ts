import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { openFileLeases } from '../../src/lease/file-leases.ts';
import type { Lease, Leases } from '../../src/sync/ports/leases.ts';
import { withLease } from '../../src/sync/with-lease.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'parahack-sync-leases-'));
});
afterEach(() => {
  chmodSync(folder, 0o700);
  rmSync(folder, { recursive: true, force: true });
});

const holderScript = join(import.meta.dirname, 'hold-lease.ts');

async function line(child: ChildProcess): Promise<string> {
  const [text] = await once(child.stdout!, 'data');
  return String(text).trim();
}

async function holdInChild(name: string) {
  const child = spawn(process.execPath, [holderScript, folder, name], { stdio: ['pipe', 'pipe', 'inherit'] });
  return { child, fence: Number(await line(child)) };
}

async function taken(leases: Leases, name = 'watch'): Promise<Lease> {
  const lease = await leases.take(name);
  if (lease === null) throw new Error(`${name} is taken.`);
  return lease;
}

describe('leases on files', () => {
  it.each([
    ['a text', 'no lock of anybody, but long enough to be taken for a database '.repeat(99)],
    ['a short text', 'no'],
    ['the head of a database and nothing else', `SQLite format 3\0${'\xa5'.repeat(600)}`],
  ])('are taken though a lock file holds %s, which is worth nothing', async (_what, content) => {
    await openFileLeases(folder)
      .take('watch')
      .then((lease) => lease?.release());
    for (const name of readdirSync(folder).filter((file) => /\.(?:lock|shown)$/.test(file)))
      writeFileSync(join(folder, name), content, 'latin1');
    const leases = openFileLeases(folder);
    await using lease = await taken(leases);
    expect(await openFileLeases(folder).take('watch')).toBeNull();
    expect(await leases.holderOf('watch')).toMatchObject({ pid: process.pid });
    const other = await holdInChild('other');
    await lease.confirm();
    other.child.kill('SIGKILL');
  });

  it('are one for one folder under two names', async () => {
    symlinkSync(folder, `${folder}-link`);
    try {
      await using lease = await taken(openFileLeases(folder));
      expect(lease.fence).toBeGreaterThan(0);
      expect(await openFileLeases(`${folder}-link`).take('watch')).toBeNull();
    } finally {
      rmSync(`${folder}-link`);
    }
  });

  it('have files of their own for each name, whatever characters it holds', async () => {
    await using a = await taken(openFileLeases(folder), 'a/../b:1');
    await using b = await taken(openFileLeases(folder), 'a/../b:2');
    expect(a.name).not.toBe(b.name);
    const known = /^(a%2f\.\.%2fb%3a[12]\.(lock|holder|fence)|process-\d\.(shown|token))$/;
    expect(readdirSync(folder).filter((name) => !known.test(name))).toEqual([]);
  });

  it('say which other process holds them', async () => {
    const leases = openFileLeases(folder);
    const before = Date.now();
    const { child } = await holdInChild('watch');
    const holder = await leases.holderOf('watch');
    expect(holder).toMatchObject({ pid: child.pid, isThisProcess: false });
    expect(holder?.since).toBeGreaterThanOrEqual(before);
    child.stdin.end();
    await once(child, 'exit');
    expect(await leases.holderOf('watch')).toBeNull();
  });

  it('do not take a process of the same id for this one', async () => {
    const leases = openFileLeases(folder);
    const { child } = await holdInChild('watch');
    const note = join(folder, 'watch.holder');
    const said = JSON.parse(readFileSync(note, 'utf8')) as object;
    // Of another container that shares the folder, and of a version that left no more than this.
    for (const former of [{}, { process: undefined }]) {
      writeFileSync(note, JSON.stringify({ ...said, ...former, pid: process.pid }));
      expect(await leases.holderOf('watch')).toMatchObject({ pid: process.pid, isThisProcess: false });
    }
    child.stdin.end();
    await once(child, 'exit');
  });

  it('end with their process when that is killed, and leave no journal', async () => {
    const leases = openFileLeases(folder);
    const { child, fence } = await holdInChild('watch');
    expect(await leases.take('watch')).toBeNull();
    child.kill('SIGKILL');
    await once(child, 'exit');
    await using lease = await taken(leases);
    expect(lease.fence).toBeGreaterThan(fence);
    expect(readdirSync(folder).filter((name) => /journal|wal/.test(name))).toEqual([]);
  });

  it('are not lost when the same process asks who holds them or tries to take them again', async () => {
    const leases = openFileLeases(folder);
    await using lease = await taken(leases);
    await leases.holderOf('watch');
    await leases.take('watch');
    await lease.confirm();
    const child = spawn(process.execPath, [holderScript, folder, 'watch', '--try'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    expect(await line(child)).toBe('taken');
    await once(child, 'exit');
  });

  it('are taken at the first try, however many processes ask meanwhile who holds them', async () => {
    const askers = [1, 2].map(() =>
      spawn(process.execPath, [join(import.meta.dirname, 'ask-lease.ts'), folder, 'watch'], {
        stdio: ['pipe', 'pipe', 'inherit'],
      }),
    );
    await Promise.all(askers.map((asker) => once(asker.stdout, 'data')));
    const leases = openFileLeases(folder);
    let refused = 0;
    for (let i = 0; i < 300; i++) {
      const lease = await leases.take('watch');
      if (lease === null) refused++;
      else {
        expect((await leases.holderOf('watch'))?.pid).toBe(process.pid);
        await lease.release();
      }
    }
    for (const asker of askers) asker.stdin.end();
    await Promise.all(askers.map((asker) => once(asker, 'exit')));
    expect(refused).toBe(0);
  });

  it.skipIf(process.platform !== 'linux')('take one open file each, and one more for all', async () => {
    const leases = openFileLeases(folder);
    const openFiles = () => readdirSync('/proc/self/fd').length;
    const before = openFiles();
    const held = await Promise.all(Array.from({ length: 50 }, (_, i) => taken(leases, `org-${i}`)));
    expect(openFiles() - before).toBeLessThanOrEqual(51);
    await Promise.all(held.map((lease) => lease.release()));
    expect(openFiles()).toBe(before);
  });

  it('of a killed process are nobody’s, also where another process shows itself in its place', async () => {
    const leases = openFileLeases(folder);
    const { child } = await holdInChild('watch');
    child.kill('SIGKILL');
    await once(child, 'exit');
    await using other = await taken(leases, 'other');
    expect(readdirSync(folder).filter((name) => name.endsWith('.shown'))).toEqual(['process-1.shown']);
    expect((await leases.holderOf(other.name))?.pid).toBe(process.pid);
    expect(await leases.holderOf('watch')).toBeNull();
  });

  it('are free for whoever asks as soon as one of several is given back', async () => {
    const leases = openFileLeases(folder);
    const first = await taken(leases, 'first');
    await using second = await taken(leases, 'second');
    await first.release();
    expect(await leases.holderOf('first')).toBeNull();
    expect((await leases.holderOf(second.name))?.pid).toBe(process.pid);
  });

  it('are given back when the work fails', async () => {
    const leases = openFileLeases(folder);
    await expect(withLease(leases, 'drain', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await leases.holderOf('drain')).toBeNull();
    expect(await withLease(leases, 'drain', async ({ name }) => name)).toBe('drain');
  });

  it('make their folder and files private', async () => {
    const inner = join(folder, 'new', 'locks');
    await using lease = await taken(openFileLeases(inner));
    expect(lease.name).toBe('watch');
    expect(statSync(inner).mode & 0o777).toBe(0o700);
    for (const name of readdirSync(inner)) expect(statSync(join(inner, name)).mode & 0o077).toBe(0);
    expect(existsSync(join(inner, 'watch.lock'))).toBe(true);
  });

  it('say so when their folder cannot be used', async () => {
    const leases = openFileLeases('/dev/null/locks');
    const unusable = expect.objectContaining({ code: 'LOCKS_UNUSABLE' });
    await expect(leases.take('watch')).rejects.toEqual(unusable);
    await expect(leases.wait('watch')).rejects.toEqual(unusable);
    // Whoever only asks needs no folder: nobody can hold a lease there.
    expect(await leases.holderOf('watch')).toBeNull();
  });
});

describe('the fence on files', () => {
  const fenceFile = () => join(folder, 'watch.fence');
  const at = (now: number) => ({ ...systemClock, now: () => now });

  it('grows where the clock stands or was set back', async () => {
    const fences: number[] = [];
    for (const now of [5_000, 5_000, 4_000, 5_001]) {
      await using lease = await taken(openFileLeases(folder, { clock: at(now) }));
      fences.push(lease.fence);
    }
    expect(fences).toEqual([5_000, 5_001, 5_002, 5_003]);
  });

  it('is the time where the number was lost: deleted, emptied or cut off', async () => {
    const lose = [
      () => rmSync(fenceFile()),
      () => truncateSync(fenceFile()),
      () => truncateSync(fenceFile(), 4),
      () => writeFileSync(fenceFile(), 'not a number\n'),
    ];
    let now = 1_000;
    for (const [n, losing] of lose.entries()) {
      const former = await taken(openFileLeases(folder, { clock: at(now) }));
      await former.release();
      losing();
      now += 10;
      await using lease = await taken(openFileLeases(folder, { clock: at(now) }));
      expect([n, lease.fence]).toEqual([n, now]);
      now += 10;
    }
  });

  it('is on the disk in place of the last one, of the same length', async () => {
    const first = await taken(openFileLeases(folder));
    const { ino, size } = statSync(fenceFile());
    await first.release();
    await using second = await taken(openFileLeases(folder));
    expect(statSync(fenceFile())).toMatchObject({ ino, size });
    expect(Number(readFileSync(fenceFile(), 'utf8'))).toBe(second.fence);
  });

  it.skipIf(process.platform === 'win32')(
    'is never the same twice on a disk that takes no byte, nor after it',
    async () => {
      const before = await taken(openFileLeases(folder));
      await before.release();
      const full = async () => {
        const child = spawn(
          '/bin/sh',
          ['-c', 'ulimit -f 0; exec "$@"', 'sh', process.execPath, holderScript, folder, 'watch'],
          { stdio: ['pipe', 'pipe', 'inherit'] },
        );
        const fence = Number(await line(child));
        child.stdin.end();
        await once(child, 'exit');
        return fence;
      };
      const fences = [before.fence, await full(), await full()];
      await using after = await taken(openFileLeases(folder));
      fences.push(after.fence);
      expect(fences).toEqual([...new Set(fences)].sort((a, b) => a - b));
      expect(fences).not.toContain(Number.NaN);
    },
  );

  it.skipIf(process.platform === 'win32')(
    'is refused where it could be one that was given out: no byte goes to the disk and the clock was set back',
    async () => {
      const ahead = await taken(openFileLeases(folder, { clock: at(Date.now() + 3_600_000) }));
      await ahead.release();
      const child = spawn(
        '/bin/sh',
        ['-c', 'ulimit -f 0; exec "$@"', 'sh', process.execPath, holderScript, folder, 'watch'],
        { stdio: ['pipe', 'pipe', 'pipe'] },
      );
      let said = '';
      child.stderr.on('data', (text) => {
        said += text;
      });
      await once(child, 'close');
      expect(said).toContain('LOCKS_UNUSABLE');
    },
  );
});

describe('a lease on files is lost', () => {
  it('when its files are deleted under a halted process, which learns of it as soon as it goes on', async () => {
    const { child, fence } = await holdInChild('watch');
    child.kill('SIGSTOP');
    rmSync(folder, { recursive: true });
    await using lease = await taken(openFileLeases(folder));
    expect(lease.fence).toBeGreaterThan(fence);
    const said = line(child);
    child.kill('SIGCONT');
    expect(await said).toBe('LEASE_LOST');
    child.stdin.end();
    await once(child, 'exit');
    await lease.confirm();
    expect(await openFileLeases(folder).holderOf('watch')).toMatchObject({ pid: process.pid });
  });

  it('when its lock file is replaced', async () => {
    await using lease = await taken(openFileLeases(folder));
    rmSync(join(folder, 'watch.lock'));
    writeFileSync(join(folder, 'watch.lock'), '');
    await expect(lease.confirm()).rejects.toMatchObject({ code: 'LEASE_LOST', details: { lease: 'watch' } });
  });

  it('when the file system has dropped its lock, and the next holder has left its number', async () => {
    await using lease = await taken(openFileLeases(folder));
    await lease.confirm();
    writeFileSync(join(folder, 'watch.fence'), `${String(lease.fence + 1).padStart(16, '0')}\n`);
    await expect(lease.confirm()).rejects.toMatchObject({ code: 'LEASE_LOST' });
    expect(lease.lost.aborted).toBe(true);
  });
});

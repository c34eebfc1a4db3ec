import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';

/** Code that V8 has compiled is kept between starts, where only this user can put any. */

/** Without what names a folder for the tests. */
const { NODE_COMPILE_CACHE, NODE_DISABLE_COMPILE_CACHE, ...environment } = process.env;
const bin = new URL('../../bin/parahack-sync.js', import.meta.url).pathname;
let home: string;
let cache: string;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'parahack-sync-cache-'));
  cache = join(home, 'cache', 'parahack-sync');
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

function run(args: readonly string[], { input = '', debug = false, full = false } = {}) {
  const command = [process.execPath, bin, ...args];
  // A shell that lets its child write no byte into any file.
  const [program = '', ...words] = full ? ['sh', '-c', 'ulimit -f 0; exec "$0" "$@"', ...command] : command;
  const result = spawnSync(program, words, {
    input,
    encoding: 'utf8',
    env: {
      ...environment,
      XDG_CACHE_HOME: join(home, 'cache'),
      PARAHACK_SYNC_DATA_DIR: join(home, 'data'),
      ...(debug ? { NODE_DEBUG_NATIVE: 'COMPILE_CACHE' } : {}),
    },
  });
  return { code: result.status, stdout: result.stdout, stderr: result.stderr };
}

function kept(folder = cache): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

const isPosix = process.platform !== 'win32';
const onPosix = it.skipIf(!isPosix);

it('keeps compiled code in a folder of the user alone, and uses it', () => {
  expect(run(['--help']).code).toBe(0);
  expect(kept().length).toBeGreaterThan(0);
  if (isPosix) expect(statSync(cache).mode & 0o777).toBe(0o700);
  expect(run(['--help'], { debug: true }).stderr).toMatch(/run-cli-\S+ was accepted/);
});

it.skipIf(process.platform !== 'linux').each([
  ['the folder for caches is a relative one', { XDG_CACHE_HOME: 'rel', HOME: undefined }],
  ['there is no home', { XDG_CACHE_HOME: '', HOME: '' }],
  ['the home is a relative one', { XDG_CACHE_HOME: '', HOME: 'rel' }],
])('puts none into the working folder where %s', (_where, { XDG_CACHE_HOME, HOME }) => {
  const { status } = spawnSync(process.execPath, [bin, '--help'], {
    cwd: home,
    env: { ...environment, XDG_CACHE_HOME, HOME: HOME ?? join(home, 'user') },
  });
  expect(status).toBe(0);
  if (HOME !== undefined) expect(readdirSync(home)).toEqual([]);
  else expect(kept(join(home, 'user', '.cache', 'parahack-sync')).length).toBeGreaterThan(0);
});

const isRoot = process.getuid?.() === 0;

it.skipIf(!isRoot)(
  'starts as a user whom the system does not know, and says that the data has no place',
  ({ skip }) => {
    const run = (args: string[], folders: Record<string, string>) =>
      spawnSync(process.execPath, [bin, ...args], {
        cwd: '/',
        uid: 54_321,
        encoding: 'utf8',
        env: {
          ...environment,
          XDG_CACHE_HOME: '',
          XDG_DATA_HOME: '',
          PARAHACK_SYNC_DATA_DIR: '',
          ...folders,
        },
      });
    if (run(['--version'], { HOME: '/' }).status !== 0) skip('another user cannot read this checkout');
    expect(run(['--help'], { HOME: '' })).toMatchObject({ status: 0, stderr: '' });
    const refused = run(['status'], { HOME: '' });
    expect(refused.status).toBe(2);
    expect(refused.stderr).toMatch(
      /^Error: This user has no home folder[^\n]*\nHint: Name a folder: --data-dir/,
    );
  },
);

onPosix('touches no folder that others may write to', () => {
  mkdirSync(cache, { recursive: true });
  chmodSync(cache, 0o777);
  expect(run(['--help']).code).toBe(0);
  expect(kept()).toEqual([]);
});

it('starts where the folder cannot be made', () => {
  writeFileSync(join(home, 'cache'), 'a file');
  const { code, stdout, stderr } = run(['--help']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toContain('backfill');
});

it('starts from a damaged cache', () => {
  const before = run(['--help']).stdout;
  for (const file of kept()) writeFileSync(file, 'x'.repeat(5_000));
  expect(run(['--help'])).toEqual({ code: 0, stdout: before, stderr: '' });
});

onPosix('leaves nothing behind for ever where the disk is full or the process is killed', () => {
  const started = run(['--help'], { full: true });
  expect({ code: started.code, stderr: started.stderr }).toEqual({ code: 0, stderr: '' });
  const halfWritten = kept();
  expect(halfWritten.length).toBeGreaterThan(0);
  const [young, ...old] = halfWritten;
  const anHourAgo = new Date(Date.now() - 3_600_000);
  for (const file of old) utimesSync(file, anHourAgo, anHourAgo);
  expect(run(['--help']).stderr).toBe('');
  const left = kept();
  // What is as young as that may be another process's, which is just writing it.
  expect(left.filter((file) => halfWritten.includes(file))).toEqual([young]);
  expect(left.length).toBeGreaterThan(1);
});

it('is not thrown away by a push, which runs under other flags of V8', () => {
  for (let round = 0; round < 2; round++) {
    run(['status']);
    run(['push', '-', '--dry-run'], { input: '{"LastName":"A"}' });
  }
  const again = [
    run(['status'], { debug: true }),
    run(['push', '-', '--dry-run'], { input: '{"LastName":"A"}', debug: true }),
  ];
  for (const { stderr } of again) {
    expect(stderr).toContain('was accepted');
    expect(stderr).not.toContain('was rejected');
  }
});

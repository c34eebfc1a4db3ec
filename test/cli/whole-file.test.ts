import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { writerMark } from '../../src/base/writer-mark.ts';
import { openWholeFile } from '../../src/cli/whole-file.ts';
import { watchFolderSyncs } from '../support/folder-syncs.ts';
import { fakeApp } from './support/fake-app.ts';
import { json, runMain } from './support/run-main.ts';

let folder: string;
let printed = '';
const controller = () => new AbortController();
const options = (signal = controller().signal) => ({
  cwd: folder,
  signal,
  printData: async (text: string) => {
    printed += text;
  },
});
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'parahack-output-')));
  printed = '';
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

async function save(name: string, text = 'new'): Promise<void> {
  await using file = await openWholeFile(name, options());
  await file.write(text);
  await file.complete();
}
const modeOf = (name: string) => statSync(join(folder, name)).mode & 0o777;

describe('a regular file', () => {
  test('that is complete keeps its name, through a power cut too', async () => {
    const synced = await watchFolderSyncs(folder);
    await save('a');
    expect(synced).toEqual([['a']]);
  });

  test('that is new is for its owner alone, and there is nothing of it before it is complete', async () => {
    await using file = await openWholeFile('a', options());
    await file.write('one');
    expect(existsSync(join(folder, 'a'))).toBe(false);
    await file.complete();
    expect(readFileSync(join(folder, 'a'), 'utf8')).toBe('one');
    expect(modeOf('a')).toBe(0o600);
    expect(readdirSync(folder)).toEqual(['a']);
  });

  test('that is replaced keeps its mode, and stays whole until then', async () => {
    writeFileSync(join(folder, 'a'), 'old');
    chmodSync(join(folder, 'a'), 0o664);
    await using file = await openWholeFile('a', options());
    await file.write('new');
    expect(readFileSync(join(folder, 'a'), 'utf8')).toBe('old');
    await file.complete();
    expect(readFileSync(join(folder, 'a'), 'utf8')).toBe('new');
    expect(modeOf('a')).toBe(0o664);
  });

  test('that is left unfinished leaves the old one, and no draft', async () => {
    writeFileSync(join(folder, 'a'), 'old');
    {
      await using file = await openWholeFile('a', options());
      await file.write('half');
    }
    expect(readFileSync(join(folder, 'a'), 'utf8')).toBe('old');
    expect(readdirSync(folder)).toEqual(['a']);
  });

  test('behind a symbolic link is replaced, the link stays', async () => {
    mkdirSync(join(folder, 'deep'));
    writeFileSync(join(folder, 'deep', 'real'), 'old');
    symlinkSync('deep/real', join(folder, 'link'));
    symlinkSync('deep/new', join(folder, 'dangling'));
    symlinkSync('loop', join(folder, 'loop'));
    await save('link');
    await save('dangling');
    expect(lstatSync(join(folder, 'link')).isSymbolicLink()).toBe(true);
    expect(readFileSync(join(folder, 'deep', 'real'), 'utf8')).toBe('new');
    expect(readFileSync(join(folder, 'deep', 'new'), 'utf8')).toBe('new');
    expect(lstatSync(join(folder, 'dangling')).isSymbolicLink()).toBe(true);
    await expect(save('loop')).rejects.toMatchObject({ code: 'INVALID_INPUT' });
  });
});

describe('what is no regular file is written to, never replaced', () => {
  test('a device', async () => {
    await save('/dev/null');
    expect(statSync('/dev/null').isCharacterDevice()).toBe(true);
  });

  test('a device behind a link', async () => {
    symlinkSync('/dev/null', join(folder, 'nothing'));
    await save('nothing');
    expect(lstatSync(join(folder, 'nothing')).isSymbolicLink()).toBe(true);
    expect(statSync('/dev/null').isCharacterDevice()).toBe(true);
  });

  test('a named pipe, as soon as somebody reads it', async () => {
    execFileSync('mkfifo', [join(folder, 'pipe')]);
    const saved = save('pipe', 'x'.repeat(300_000));
    const read = await readFile(join(folder, 'pipe'), 'utf8');
    await saved;
    expect(read).toHaveLength(300_000);
    expect(statSync(join(folder, 'pipe')).isFIFO()).toBe(true);
    expect(readdirSync(folder)).toEqual(['pipe']);
  });

  test('a named pipe that nobody reads is waited for until the stop', async () => {
    execFileSync('mkfifo', [join(folder, 'pipe')]);
    const stop = controller();
    const opened = openWholeFile('pipe', options(stop.signal));
    setTimeout(() => stop.abort(), 50);
    await expect(opened).rejects.toMatchObject({ name: 'AbortError' });
  });

  test('standard output', async () => {
    await save('/dev/stdout');
    await save('/proc/self/fd/1');
    expect(printed).toBe('newnew');
  });
});

describe('an output that cannot be written is told before any work, with exit 2', () => {
  const app = fakeApp({}).app;
  test.each([['missing/a.csv'], ['.'], ['file/a.csv'], ['']])('--output %j', async (name) => {
    writeFileSync(join(folder, 'file'), '');
    const ran = await runMain(['contacts', 'export', '--output', name, '--json'], { app, cwd: folder });
    expect(ran.code).toBe(2);
    expect(json(ran.stdout)).toMatchObject({
      error: { code: 'INVALID_INPUT', message: /cannot be written/ },
    });
    expect(readdirSync(folder)).toEqual(['file']);
  });

  test.skipIf(process.getuid?.() === 0)('a file that may not be written, in a folder that may', async () => {
    writeFileSync(join(folder, 'a.csv'), 'old', { mode: 0o400 });
    const ran = await runMain(['contacts', 'export', '--output', 'a.csv'], { app, cwd: folder });
    expect(ran.code).toBe(2);
    expect(readFileSync(join(folder, 'a.csv'), 'utf8')).toBe('old');
  });
});

test('an export to - or /dev/stdout is the export itself, without a word more', async () => {
  const exported = () =>
    fakeApp({
      contacts: {
        export: async () => ({
          instanceUrl: 'https://acme.my.salesforce.com',
          columns: [{ name: 'Id', type: 'id' }],
          batches: (async function* () {
            yield [['003']];
          })(),
        }),
      },
    }).app;
  for (const name of ['-', '/dev/stdout']) {
    const { stdout } = await runMain(['contacts', 'export', '--output', name], { app: exported() });
    expect(stdout).toBe('Id\n003\n');
  }
});

describe('what a killed process left of a file', () => {
  const dead = 999_999_999;
  const hourMs = 3_600_000;
  const unique = '0a8f64dd-5a2c-4f6b-9d3e-2f1f0a2b3c4d';
  /** As another container names its files, whose process ids mean nothing here. */
  const elsewhere = (mark: string) => mark.replace(/-./, (text) => (text === '-0' ? '-1' : '-0'));

  function left(name: string, agoMs = 0): string {
    writeFileSync(join(folder, name), 'half');
    const time = new Date(Date.now() - agoMs);
    utimesSync(join(folder, name), time, time);
    return name;
  }
  const marked = (pid: number) => writerMark().replace(/^\d+/, String(pid));

  test('goes when the same file is written again', async () => {
    const gone = [
      left(`a.csv.${marked(dead)}-${unique}.part`),
      // Of the version before, which did not say whose it is.
      left(`a.csv.${unique}.part`, 3 * hourMs),
      left(`a.csv.${elsewhere(marked(dead))}-${unique}.part`, 3 * hourMs),
    ];
    await save('a.csv');
    expect(gone.filter((name) => existsSync(join(folder, name)))).toEqual([]);
    expect(readdirSync(folder)).toEqual(['a.csv']);
  });

  test('stays while its writer may live, and so does what only looks alike', async () => {
    const kept = [
      left(`a.csv.${marked(process.ppid)}-${unique}.part`, 48 * hourMs),
      left(`a.csv.${elsewhere(marked(dead))}-${unique}.part`, hourMs),
      left(`a.csv.${unique}.part`, hourMs),
      left(`b.csv.${marked(dead)}-${unique}.part`),
      left('a.csv.part', 48 * hourMs),
      left(`a.csv.${unique}`, 48 * hourMs),
      left(`a.csv.old.${unique}.part`, 48 * hourMs),
    ];
    await save('a.csv');
    expect(readdirSync(folder)).toEqual(['a.csv', ...kept].sort());
  });

  test('stays while another of this process is under way', async () => {
    await using first = await openWholeFile('a', options());
    await first.write('first');
    await save('a', 'second');
    await first.complete();
    expect(readdirSync(folder)).toEqual(['a']);
    expect(readFileSync(join(folder, 'a'), 'utf8')).toBe('first');
  });

  test.each([['n'.repeat(255)], ['é'.repeat(127)]])(
    'has room for its name however long %s is',
    async (name) => {
      await save(name);
      expect(readdirSync(folder)).toEqual([name]);
    },
  );
});

test('an export that was killed leaves nothing for good', async () => {
  const support = fileURLToPath(new URL('support/fake-main.ts', import.meta.url));
  const argv = ['contacts', 'export', '--output', join(folder, 'c.csv')];
  const child = spawn(process.execPath, [support, ...argv], {
    env: { ...process.env, PARAHACK_SYNC_DATA_DIR: folder },
    stdio: 'ignore',
  });
  const exited = once(child, 'exit');
  await vi.waitFor(() => expect(readdirSync(folder)).toHaveLength(1), { timeout: 60_000 });
  child.kill('SIGKILL');
  await exited;
  expect(readdirSync(folder)[0]).toMatch(/^c\.csv\..*\.part$/);
  await save('c.csv');
  expect(readdirSync(folder)).toEqual(['c.csv']);
});

describe.skipIf(!existsSync('/dev/full'))('what could not be written is told with its name', () => {
  test('of a device without room', async () => {
    await expect(save('/dev/full')).rejects.toMatchObject({
      code: 'DISK_FULL',
      message: '/dev/full could not be written (ENOSPC).',
      hint: 'Make room where it goes, or name another file.',
    });
  });

  test('of a named pipe whose reader went away', async () => {
    execFileSync('mkfifo', [join(folder, 'pipe')]);
    const reader = spawn('head', ['-c', '1', join(folder, 'pipe')], { stdio: 'ignore' });
    const gone = once(reader, 'close');
    await using file = await openWholeFile('pipe', options());
    await file.write('one');
    await gone;
    await expect(file.write('two')).rejects.toMatchObject({
      code: 'FILE_NOT_ACCESSIBLE',
      message: 'pipe could not be written (its reader is gone, EPIPE).',
    });
  });

  test('by an export', async () => {
    const { app } = fakeApp({
      contacts: {
        export: async () => ({
          instanceUrl: 'https://acme.my.salesforce.com',
          columns: [],
          batches: (async function* () {
            yield [[]];
          })(),
        }),
      },
    });
    const { code, stdout } = await runMain(['contacts', 'export', '--json', '--output', '/dev/full'], {
      app,
    });
    expect(code).toBe(1);
    expect(json(stdout)).toMatchObject({
      error: { code: 'DISK_FULL', message: '/dev/full could not be written (ENOSPC).' },
    });
  });
});

import { type ChildProcess, type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest';
import { json } from './support/run-main.ts';

const support = (name: string) => fileURLToPath(new URL(`support/${name}`, import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'parahack-process-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const running = new Set<ChildProcess>();
afterEach(() => {
  for (const child of running) child.kill('SIGKILL');
  running.clear();
});

interface Child {
  process: ChildProcessWithoutNullStreams;
  text: { stdout: string; stderr: string };
  /** Resolves when `what` has been written to one of the two. */
  says(what: string): Promise<void>;
  ends(): Promise<{ code: number | null; signal: string | null }>;
}

function start(argv: string[], env: Record<string, string> = {}): Child {
  const child = spawn(process.execPath, [support('fake-main.ts'), ...argv], {
    env: { ...process.env, PARAHACK_SYNC_DATA_DIR: folder, ...env },
  });
  running.add(child);
  const ended = once(child, 'close');
  const text = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => {
    text.stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    text.stderr += chunk;
  });
  return {
    process: child,
    text,
    async says(what) {
      while (!`${text.stdout}${text.stderr}`.includes(what)) {
        await Promise.race([once(child.stdout, 'data'), once(child.stderr, 'data')]);
      }
    },
    async ends() {
      const [code, signal] = await ended;
      return { code, signal };
    },
  };
}

describe.each([
  ['SIGINT', 130, 'INTERRUPTED'],
  ['SIGTERM', 143, 'TERMINATED'],
] as const)('%s', (signal, exitCode, errorCode) => {
  test('ends a watch gracefully with 0', async () => {
    const child = start(['watch', '--json']);
    await child.says('watch:start');
    child.process.kill(signal);
    expect(await child.ends()).toEqual({ code: 0, signal: null });
    expect(
      child.text.stdout
        .trimEnd()
        .split('\n')
        .map(json)
        .map(({ event }) => event),
    ).toEqual(['watch:start', 'watch:stop']);
    expect(child.text.stderr).toContain(`Stopping on ${signal}`);
  });

  test(`ends any other command with ${exitCode}, and says so`, async () => {
    const child = start(['status', '--json']);
    await child.says('ready');
    child.process.kill(signal);
    expect(await child.ends()).toEqual({ code: exitCode, signal: null });
    expect(json(child.text.stdout)).toMatchObject({ error: { code: errorCode } });
  });

  test.each([[['contacts', 'export']], [['contacts', 'list', '--json']]])(
    'ends %j at once though nobody reads its output any more',
    async (argv) => {
      const child = start(argv);
      await child.says('Id');
      child.process.stdout.pause();
      const exited = once(child.process, 'exit');
      child.process.kill(signal);
      expect(await exited).toEqual([exitCode, null]);
      expect(child.text.stderr).toContain(`Stopping on ${signal}`);
    },
  );

  test('ends a list into a file within a moment, and its JSON is one document that says so', async () => {
    const path = join(folder, `${signal}.json`);
    const file = openSync(path, 'w');
    const child = spawn(
      process.execPath,
      [support('fake-main.ts'), 'contacts', 'list', '--json', '--limit', '1000000'],
      { env: { ...process.env, PARAHACK_SYNC_DATA_DIR: folder }, stdio: ['ignore', file, 'ignore'] },
    );
    running.add(child);
    closeSync(file);
    const exited = once(child, 'exit');
    await vi.waitFor(() => expect(statSync(path).size).toBeGreaterThan(1_000_000), { timeout: 60_000 });
    child.kill(signal);
    const askedAt = performance.now();
    expect(await exited).toEqual([exitCode, null]);
    expect(performance.now() - askedAt).toBeLessThan(3_000);
    const document = json(readFileSync(path, 'utf8'));
    expect(Object.keys(document)).toEqual(['instanceUrl', 'total', 'coveredUntil', 'contacts', 'error']);
    expect(document).toMatchObject({ error: { code: errorCode } });
  });

  test('ends a list while it is read for its widths', async () => {
    const child = start(['contacts', 'list', '--limit', '1000000']);
    await child.says('reading');
    child.process.kill(signal);
    expect(await child.ends()).toEqual({ code: exitCode, signal: null });
    expect(child.text.stdout).toBe('');
  });

  test.each([
    [['completion', 'bash'], 0],
    [['orgs', '--unknown'], 2],
  ])(
    'leaves %j its exit code where the result was told and the process is about to go',
    async (argv, code) => {
      const child = start(argv, { LINGERS: '1' });
      await child.says('lingering');
      child.process.kill(signal);
      expect(await child.ends()).toEqual({ code, signal: null });
    },
  );

  test('ends an export into a file, which takes all that is written at once', async () => {
    const path = join(folder, `${signal}.csv`);
    const file = openSync(path, 'w');
    const child = spawn(process.execPath, [support('fake-main.ts'), 'contacts', 'export'], {
      env: { ...process.env, PARAHACK_SYNC_DATA_DIR: folder },
      stdio: ['ignore', file, 'ignore'],
    });
    running.add(child);
    closeSync(file);
    const exited = once(child, 'exit');
    await vi.waitFor(() => expect(statSync(path).size).toBeGreaterThan(0), { timeout: 60_000 });
    child.kill(signal);
    expect(await exited).toEqual([exitCode, null]);
  });

  test('a second one ends the process at once, whatever it is doing', async () => {
    const child = start(['watch'], { DEAF: '1' });
    await child.says('Watching');
    child.process.kill(signal);
    await child.says('Stopping');
    // One that comes too soon after the first is the first, handed on by a wrapper.
    const again = setInterval(() => child.process.kill(signal), 50);
    try {
      expect(await child.ends()).toEqual({ code: exitCode, signal: null });
    } finally {
      clearInterval(again);
    }
  });
});

test('the process goes by itself, before its listeners of signals do', () => {
  const { status, stderr } = spawnSync(process.execPath, [support('real-start.ts'), 'orgs', '--json'], {
    env: { ...process.env, PARAHACK_SYNC_DATA_DIR: folder },
    encoding: 'utf8',
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: 'listening for SIGTERM: 1\n' });
});

describe('SIGHUP, as when the terminal is closed', () => {
  // To the last: the process is told once more while it goes.
  test('ends a watch gracefully with 0, though the shell and the system both send it', async () => {
    const child = start(['watch', '--json']);
    await child.says('watch:start');
    const again = setInterval(() => child.process.kill('SIGHUP'));
    try {
      expect(await child.ends()).toEqual({ code: 0, signal: null });
    } finally {
      clearInterval(again);
    }
    expect(child.text.stdout).toContain('watch:stop');
  });

  test('ends any other command as SIGTERM does', async () => {
    const child = start(['status', '--json']);
    await child.says('ready');
    child.process.kill('SIGHUP');
    expect(await child.ends()).toEqual({ code: 143, signal: null });
    expect(json(child.text.stdout)).toMatchObject({ error: { code: 'TERMINATED', message: /SIGHUP/ } });
  });

  test('the second ends the process only where somebody else sent it', async () => {
    const child = start(['watch'], { DEAF: '1' });
    await child.says('Watching');
    child.process.kill('SIGHUP');
    await child.says('Stopping');
    child.process.kill('SIGTERM');
    expect(await child.ends()).toEqual({ code: 143, signal: null });
  });
});

test.each([[['contacts', 'export']], [['contacts', 'list', '--json', '--limit', '1000000']]])(
  'a reader that has seen enough ends %j quietly',
  async (argv) => {
    const child = start(argv);
    await child.says('Id');
    child.process.stdout.destroy();
    expect(await child.ends()).toEqual({ code: 0, signal: null });
    // The fake app's own word, which tells when it is read.
    expect(child.text.stderr.replace('reading\n', '')).toBe('');
  },
);

describe('a command loads only what it uses', () => {
  function run(argv: string[]): { modules: string[]; status: number | null; stderr: string } {
    const file = join(folder, 'modules.json');
    rmSync(file, { force: true });
    const { status, stderr } = spawnSync(
      process.execPath,
      ['--import', support('record-modules.ts'), support('real-main.ts'), ...argv],
      {
        env: { ...process.env, PARAHACK_SYNC_DATA_DIR: folder, MODULES_FILE: file },
        encoding: 'utf8',
      },
    );
    return { modules: JSON.parse(readFileSync(file, 'utf8')) as string[], status, stderr };
  }
  function modulesOf(...argv: string[]): string[] {
    const { modules, ...ended } = run(argv);
    expect(ended).toEqual({ status: 0, stderr: '' });
    return modules;
  }
  const packages = ['better-sqlite3', 'jsforce', 'keytar', 'undici', 'ora', 'csv-parse', 'open', 'pino'];
  const heavy = [
    ...packages.map((name) => `/node_modules/${name}/`),
    ...['compose/', 'usecases/', 'store/', 'salesforce/', 'emulator/'].map((path) => `/src/${path}`),
  ];

  test('["--version"], which needs no command line either', () => {
    const modules = modulesOf('--version');
    for (const path of ['/node_modules/', '/cli/commands/', ...heavy])
      expect(modules.filter((url) => url.includes(path))).toEqual([]);
  });

  test.each([[['--help']], [['push', '--help']], [['completion', 'bash']]])('%j', (argv) => {
    const modules = modulesOf(...argv);
    expect(modules.some((url) => url.includes('/commander/'))).toBe(true);
    for (const path of heavy) expect(modules.filter((url) => url.includes(path))).toEqual([]);
  });

  test('["orgs"], which calls nobody', () => {
    const modules = modulesOf('orgs', '--json');
    expect(modules.some((url) => url.includes('/src/wire/open-wire'))).toBe(true);
    expect(modules.filter((url) => /node_modules\/(undici|jsforce|p-retry|pino)\//.test(url))).toEqual([]);
  });

  test('["watch"], which needs pino for its JSON log alone', () => {
    const pinoOf = (...flags: string[]) => {
      const { modules, status } = run(['watch', '--once', ...flags]);
      // There is no org.
      expect(status).toBe(3);
      return modules.filter((url) => url.includes('/node_modules/pino/'));
    };
    expect(pinoOf()).toEqual([]);
    expect(pinoOf('--log-format', 'json')).not.toEqual([]);
  });
});

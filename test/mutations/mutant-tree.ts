import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';

export interface TestOutcome {
  /** From the tree's root. */
  file: string;
  /** With the names of what it stands in, as Vitest joins them. */
  name: string;
  status: string;
  durationMs: number;
}

export interface RunResult {
  tests: TestOutcome[];
  /** False where the run was stopped by its time. */
  ended: boolean;
  output: string;
}

export interface TestRun {
  files: readonly string[];
  /** Parts of names; none means every test of the files. */
  names: readonly string[];
  /** Whether `dist` is made first. */
  build: boolean;
  /** Stops at the first test that fails, or takes so long. */
  bailAfterMs?: number;
  timeoutMs: number;
}

/** What Vitest's JSON reporter writes, as far as it is read here. */
interface Report {
  testResults?: {
    name: string;
    assertionResults: { status: string; fullName: string; duration?: number | null }[];
  }[];
}

/** What tests need of the tree at `root`, in a folder of its own. */
export function copyTree(root: string): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'parahack-sync-mutant-')));
  const parts = [
    'src',
    'test',
    'bin',
    '.build',
    'docs',
    'README.md',
    'package.json',
    'tsconfig.json',
    'tsconfig.build.json',
    'vitest.config.ts',
  ];
  for (const part of parts) cpSync(join(root, part), join(folder, part), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  return folder;
}

export function runTests(tree: string, { files, names, build, bailAfterMs, timeoutMs }: TestRun): RunResult {
  if (build) buildUnchecked(tree);
  const report = join(tree, 'report.json');
  rmSync(report, { force: true });
  const pattern = names.map((name) => name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|');
  const args = [
    join(tree, 'node_modules/vitest/vitest.mjs'),
    'run',
    ...files,
    ...(pattern === '' ? [] : ['-t', pattern]),
    ...(bailAfterMs === undefined ? [] : ['--bail=1', `--testTimeout=${bailAfterMs}`]),
    '--reporter=json',
    `--outputFile=${report}`,
  ];
  const { stdout, stderr, error } = spawnSync(process.execPath, args, {
    cwd: tree,
    encoding: 'utf8',
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
    maxBuffer: 256 * 1024 * 1024,
  });
  const { testResults = [] } = existsSync(report) ? (JSON.parse(readFileSync(report, 'utf8')) as Report) : {};
  const tests = testResults.flatMap(({ name, assertionResults }) =>
    assertionResults.map(({ status, fullName, duration }) => ({
      file: relative(tree, name),
      name: fullName,
      status,
      durationMs: duration ?? 0,
    })),
  );
  return {
    tests,
    ended: (error as NodeJS.ErrnoException | undefined)?.code !== 'ETIMEDOUT',
    output: `${stdout}${stderr}`.slice(-2_000),
  };
}

export interface HistoriesResult {
  /** Null where it did not come to its end. */
  played: number | null;
  /** What the first bad history ended with; null where all ended well. */
  failure: string | null;
  output: string;
}

/** Plays histories of the model in the tree at `root` until one is bad; it is not shrunk. */
export function runHistories(
  tree: string,
  { histories, timeoutMs }: { histories: number; timeoutMs: number },
): HistoriesResult {
  const args = ['test/model/watch/run-histories.ts', '--runs', String(histories), '--first'];
  const { stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: tree,
    encoding: 'utf8',
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
    maxBuffer: 256 * 1024 * 1024,
  });
  const played = /^(\d+) histories/m.exec(stdout)?.[1];
  return {
    played: played === undefined ? null : Number(played),
    failure: /^(?:\w*Error|Crash): (.+(?:\n.+)?)/m.exec(stdout)?.[1]?.replace('\n', ' ') ?? null,
    output: `${stdout}${stderr}`.slice(-2_000),
  };
}

/** Unchecked: a planted fault may leave a name unused. */
function buildUnchecked(tree: string): void {
  const tsc = join(tree, 'node_modules/typescript/bin/tsc');
  execFileSync(process.execPath, [tsc, '-p', 'tsconfig.build.json', '--noCheck'], {
    cwd: tree,
    stdio: 'inherit',
  });
  execFileSync(process.execPath, ['.build/bundle.js'], { cwd: tree, stdio: 'inherit' });
}

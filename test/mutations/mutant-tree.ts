import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import type { Model } from './mutation.ts';

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

export interface BadHistory {
  /** Its file's name where it is kept, else its place among those of chance, from 1. */
  which: string;
  /** What it ended with. */
  failure: string;
  /** As `--history` plays it again. */
  history: string;
}

export interface HistoriesResult {
  /** False where it was stopped by its time, or ended otherwise than by histories. */
  ended: boolean;
  /** Those that are kept too. */
  played: number;
  /** The first that was bad; null where all ended well. */
  bad: BadHistory | null;
  output: string;
}

/** Plays what `args` of a model's `run-histories.ts` ask for in the tree at `root` until one is bad; it is not shrunk. */
export function runHistories(
  tree: string,
  model: Model,
  args: readonly string[],
  timeoutMs: number,
): HistoriesResult {
  const program = `test/model/${model}/run-histories.ts`;
  const { stdout, stderr, status } = spawnSync(process.execPath, [program, '--first', ...args], {
    cwd: tree,
    encoding: 'utf8',
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
    maxBuffer: 256 * 1024 * 1024,
  });
  const result = {
    played: Number([...stdout.matchAll(/^(\d+) histories/gm)].at(-1)?.[1] ?? 0),
    output: `${stdout}${stderr}`.slice(-2_000),
  };
  const history = /^History: (.+)$/m.exec(stdout)?.[1];
  if (status === 0) return { ...result, ended: true, bad: null };
  if (status !== 1 || history === undefined) return { ...result, ended: false, bad: null };
  const which = /^Bad: (.+)$/m.exec(stdout)?.[1] ?? '';
  const failure = /^(?:\w*Error|Crash): (.+(?:\n.+)?)/m.exec(stdout)?.[1]?.replace('\n', ' ') ?? '';
  return { ...result, ended: true, bad: { which, failure, history } };
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

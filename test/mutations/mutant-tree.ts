import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';

/** A test that a fault keeps from ending is stopped earlier than one that is merely slow. */
const mutantTestMs = 60_000;

export interface TestOutcome {
  /** From the tree's root. */
  file: string;
  /** With the names of what it stands in, as Vitest joins them. */
  name: string;
  status: string;
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
  bail?: boolean;
  timeoutMs: number;
}

/** What tests need of the tree at `root`, in a folder of its own. */
export function copyTree(root: string): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'parahack-sync-mutant-')));
  const parts = [
    'src',
    'test',
    'bin',
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

export function runTests(tree: string, { files, names, build, bail, timeoutMs }: TestRun): RunResult {
  if (build) buildUnchecked(tree);
  const report = join(tree, 'report.json');
  rmSync(report, { force: true });
  const pattern = names.map((name) => name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|');
  const args = [
    join(tree, 'node_modules/vitest/vitest.mjs'),
    'run',
    ...files,
    ...(pattern === '' ? [] : ['-t', pattern]),
    ...(bail === true ? ['--bail=1', `--testTimeout=${mutantTestMs}`] : []),
    '--reporter=json',
    `--outputFile=${report}`,
  ];
  const { stdout, stderr, signal } = spawnSync(process.execPath, args, {
    cwd: tree,
    encoding: 'utf8',
    timeout: timeoutMs,
    maxBuffer: 256 * 1024 * 1024,
  });
  const { testResults = [] } = existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : {};
  const tests = testResults.flatMap(
    ({
      name: file,
      assertionResults,
    }: {
      name: string;
      assertionResults: { status: string; fullName: string }[];
    }) =>
      assertionResults.map(({ status, fullName: name }) => ({ file: relative(tree, file), name, status })),
  );
  return { tests, ended: signal === null, output: `${stdout}${stderr}`.slice(-2_000) };
}

/** Unchecked: a planted fault may leave a name unused. */
function buildUnchecked(tree: string): void {
  const tsc = join(tree, 'node_modules/typescript/bin/tsc');
  execFileSync(process.execPath, [tsc, '-p', 'tsconfig.build.json', '--noCheck'], {
    cwd: tree,
    stdio: 'inherit',
  });
}

/**
 * Plants one fault at a time into a copy of the tree and expects the test that names it to turn red:
 * `run-mutations.ts [--pick COUNT --seed TEXT] [NAME…]`. Ends with 1 where a fault goes unnoticed, a patch no longer
 * applies, or a test is red without it.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Mutation, readMutations } from './mutation.ts';

const root = new URL('../..', import.meta.url).pathname;
/** Longer than any one test; a mutant that hangs is stopped by it and counts as noticed. */
const testMs = 300_000;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { pick: { type: 'string' }, seed: { type: 'string', default: '' } },
});
const all = readMutations(join(root, 'test/mutations'));
const chosen = choose(all, positionals);
const copy = copyTree();
let bad = 0;
try {
  const sound = new Map<string, string | null>();
  for (const mutation of chosen) {
    const key = `${mutation.testFile}\n${mutation.testName}`;
    if (!sound.has(key)) sound.set(key, faultWithout(mutation));
    const fault = sound.get(key) ?? null;
    const verdict = fault === null ? judge(mutation) : { caught: false, why: fault };
    if (!verdict.caught) bad++;
    process.stdout.write(`${verdict.caught ? 'caught' : 'NOT CAUGHT'}  ${mutation.name}: ${verdict.why}\n`);
  }
} finally {
  rmSync(copy, { recursive: true, force: true });
}
process.stdout.write(`mutations: ${chosen.length - bad} passed, ${bad} failed\n`);
process.exitCode = bad === 0 ? 0 : 1;

function choose(mutations: Mutation[], names: string[]): Mutation[] {
  const unknown = names.filter((name) => !mutations.some((own) => own.name === name));
  if (unknown.length > 0) throw new Error(`There is no mutation ${unknown.join(', ')}.`);
  if (names.length > 0) return mutations.filter(({ name }) => names.includes(name));
  if (values.pick === undefined) return mutations;
  const rank = ({ name }: Mutation) => createHash('sha256').update(`${values.seed}\n${name}`).digest('hex');
  return mutations.toSorted((a, b) => (rank(a) < rank(b) ? -1 : 1)).slice(0, Number(values.pick));
}

function copyTree(): string {
  const folder = mkdtempSync(join(tmpdir(), 'parahack-sync-mutant-'));
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

/** Why the test cannot judge: it is red, or missing, with the tree as it is. */
function faultWithout(mutation: Mutation): string | null {
  const { passed, failed, output } = runTest(mutation);
  if (failed.length > 0) return `its test is red without it: ${failed.join('; ')}\n${output}`;
  return passed === 0 ? `no test is called "${mutation.testName}" in ${mutation.testFile}\n${output}` : null;
}

function judge(mutation: Mutation): { caught: boolean; why: string } {
  const apply = (...flags: string[]) =>
    spawnSync('git', ['apply', ...flags, mutation.path], { cwd: copy, encoding: 'utf8' });
  const applied = apply();
  if (applied.status !== 0) {
    return { caught: false, why: `the patch no longer applies: ${applied.stderr.trim()}` };
  }
  const { passed, failed, hung, output } = runTest(mutation);
  const reverted = apply('--reverse');
  if (reverted.status !== 0) throw new Error(`${mutation.name} cannot be taken back: ${reverted.stderr}`);
  if (hung) return { caught: true, why: 'its test does not end' };
  if (failed.length > 0) return { caught: true, why: failed.join('; ') };
  return { caught: false, why: passed > 0 ? 'its test stays green' : `it does not run\n${output}` };
}

/** Unchecked: a planted fault may leave a name unused. */
function build(): void {
  execFileSync(
    process.execPath,
    [join(root, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.build.json', '--noCheck'],
    {
      cwd: copy,
      stdio: 'inherit',
    },
  );
}

function runTest({ testFile, testName, build: built }: Mutation) {
  if (built) build();
  const report = join(copy, 'report.json');
  rmSync(report, { force: true });
  const name = testName === null ? [] : ['-t', testName.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')];
  const args = [
    join(root, 'node_modules/vitest/vitest.mjs'),
    'run',
    testFile,
    ...name,
    '--reporter=json',
    `--outputFile=${report}`,
  ];
  const { stdout, stderr, signal } = spawnSync(process.execPath, args, {
    cwd: copy,
    encoding: 'utf8',
    timeout: testMs,
  });
  const result = existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : {};
  const failed: string[] = (result.testResults ?? []).flatMap(
    ({ assertionResults }: { assertionResults: { status: string; title: string }[] }) =>
      assertionResults.filter(({ status }) => status === 'failed').map(({ title }) => title),
  );
  return {
    passed: Number(result.numPassedTests ?? 0),
    failed,
    hung: signal !== null,
    output: `${stdout}${stderr}`.slice(-2_000),
  };
}

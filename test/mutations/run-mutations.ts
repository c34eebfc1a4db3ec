/**
 * Plants one fault at a time into a copy of the tree and expects the test that names it to turn red:
 * `run-mutations.ts [--pick COUNT --seed TEXT] [NAME…]`. Ends with 1 where a fault goes unnoticed, a patch no longer
 * applies, or a test is red without it.
 */
import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { copyTree, type RunResult, runTests } from './mutant-tree.ts';
import { type Mutation, readMutations } from './mutation.ts';
import { applyPatch } from './patch.ts';

const root = new URL('../..', import.meta.url).pathname;
/** Longer than any one test; a mutant that hangs is stopped by it and counts as noticed. */
const mutantMs = 300_000;
/** For all tests together, as they are without any fault. */
const soundMs = 3_600_000;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { pick: { type: 'string' }, seed: { type: 'string', default: '' } },
});
const startedAt = Date.now();
const chosen = choose(readMutations(join(root, 'test/mutations')), positionals);
const copy = copyTree(root);
let bad = 0;
try {
  const sound = runSound(chosen);
  say(`tests without a fault: ${sound.tests.filter(({ status }) => status === 'passed').length} passed`);
  for (const mutation of chosen) {
    const from = Date.now();
    const { caught, why } = judge(mutation, sound);
    if (!caught) bad++;
    say(`${caught ? 'caught' : 'NOT CAUGHT'}  ${mutation.name} (${seconds(from)} s): ${why}`);
  }
} finally {
  rmSync(copy, { recursive: true, force: true });
}
say(`mutations: ${chosen.length - bad} passed, ${bad} failed (${seconds(startedAt)} s)`);
process.exitCode = bad === 0 ? 0 : 1;

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

function seconds(from: number): number {
  return Math.round((Date.now() - from) / 1_000);
}

function choose(mutations: Mutation[], names: string[]): Mutation[] {
  const unknown = names.filter((name) => !mutations.some((own) => own.name === name));
  if (unknown.length > 0) throw new Error(`There is no mutation ${unknown.join(', ')}.`);
  if (names.length > 0) return mutations.filter(({ name }) => names.includes(name));
  if (values.pick === undefined) return mutations;
  const rank = ({ name }: Mutation) => createHash('sha256').update(`${values.seed}\n${name}`).digest('hex');
  return mutations.toSorted((a, b) => (rank(a) < rank(b) ? -1 : 1)).slice(0, Number(values.pick));
}

/** All named tests in one go, for starting Vitest costs more than most of them; whole files in another. */
function runSound(mutations: readonly Mutation[]): RunResult {
  const build = mutations.some((mutation) => mutation.build);
  const named = mutations.filter(({ testName }) => testName !== null);
  const whole = mutations.filter(({ testName }) => testName === null);
  const results: RunResult[] = [];
  for (const group of [named, whole]) {
    if (group.length === 0) continue;
    const files = [...new Set(group.map(({ testFile }) => testFile))];
    const names = group === named ? group.map(({ testName }) => testName ?? '') : [];
    results.push(runTests(copy, { files, names, build: build && results.length === 0, timeoutMs: soundMs }));
  }
  return {
    tests: results.flatMap(({ tests }) => tests),
    ended: true,
    output: results.map(({ output }) => output).join(''),
  };
}

function judge(mutation: Mutation, sound: RunResult): { caught: boolean; why: string } {
  const { testFile, testName, build } = mutation;
  const own = sound.tests.filter((test) => test.file === testFile && test.name.includes(testName ?? ''));
  const red = own.filter(({ status }) => status === 'failed');
  if (red.length > 0) {
    return {
      caught: false,
      why: `its test is red without it: ${red.map(({ name }) => name).join('; ')}\n${sound.output}`,
    };
  }
  if (!own.some(({ status }) => status === 'passed')) {
    return { caught: false, why: `no test of ${testFile} is called "${testName}"\n${sound.output}` };
  }
  let takeBack: () => void;
  try {
    takeBack = applyPatch(mutation.diff, copy);
  } catch (error) {
    return { caught: false, why: `the patch no longer applies: ${(error as Error).message}` };
  }
  const names = testName === null ? [] : [testName];
  const { tests, ended, output } = runTests(copy, {
    files: [testFile],
    names,
    build,
    bail: true,
    timeoutMs: mutantMs,
  });
  takeBack();
  if (!ended) return { caught: true, why: 'its test does not end' };
  const failed = tests.filter(({ status }) => status === 'failed');
  if (failed.length > 0) return { caught: true, why: failed.map(({ name }) => name).join('; ') };
  const ran = tests.some(({ status }) => status === 'passed');
  return { caught: false, why: ran ? 'its test stays green' : `it does not run\n${output}` };
}

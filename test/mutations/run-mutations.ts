/**
 * Plants one fault at a time into a copy of the tree and expects the test that names it to turn red:
 * `run-mutations.ts [--pick COUNT --seed TEXT] [--within SECONDS] [--model [--histories COUNT]] [NAME…]`. With `--model` those faults that
 * the model of the watch has to notice, each by histories alone, of which it gets the deep number. With `--within` no
 * other fault is begun once so many seconds have passed. Ends with 1 where a fault goes unnoticed, a patch no longer
 * applies, or a test is red without it.
 */
import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { copyTree, type RunResult, runHistories, runTests } from './mutant-tree.ts';
import { type Mutation, readMutations } from './mutation.ts';
import { applyPatch } from './patch.ts';

const root = new URL('../..', import.meta.url).pathname;
/** Longer than any one test; a mutant that hangs is stopped by it and counts as noticed. */
const mutantMs = 180_000;
/** A test may take this long under a fault, or five times what it took without. */
const leastTestMs = 20_000;
/** For all the tests of a file that are named, as they are without a fault. */
const soundMs = 1_200_000;
/** For all the histories that one fault gets. */
const historiesMs = 7_200_000;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    pick: { type: 'string' },
    seed: { type: 'string', default: '' },
    within: { type: 'string', default: 'Infinity' },
    model: { type: 'boolean', default: false },
    histories: { type: 'string', default: '2000' },
  },
});
const withinMs = Number(values.within) * 1_000;
if (!(withinMs > 0)) throw new Error('--within takes a number of seconds.');
const startedAt = Date.now();
const all = readMutations(join(root, 'test/mutations')).filter(({ model }) => model || !values.model);
const chosen = choose(all, positionals);
const copy = copyTree(root);
const sound = new Map<string, RunResult>();
let tried = 0;
let bad = 0;
try {
  for (const mutation of chosen) {
    const from = Date.now();
    if (tried > 0 && from - startedAt >= withinMs) break;
    tried++;
    const { caught, why } = values.model ? judgeByModel(mutation) : judge(mutation);
    if (!caught) bad++;
    say(`${caught ? 'caught' : 'NOT CAUGHT'}  ${mutation.name} (${seconds(from)} s): ${why}`);
  }
} finally {
  rmSync(copy, { recursive: true, force: true });
}
const left = chosen.slice(tried).map(({ name }) => name);
if (left.length > 0) say(`not tried within ${values.within} s: ${left.join(', ')}`);
say(`mutations: ${tried - bad} passed, ${bad} failed, ${left.length} not tried (${seconds(startedAt)} s)`);
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

/** The tests of one file, named by any of the chosen, as they are without a fault. */
function soundOf(testFile: string): RunResult {
  const known = sound.get(testFile);
  if (known !== undefined) return known;
  const own = chosen.filter((mutation) => mutation.testFile === testFile);
  const isWhole = own.some(({ testName }) => testName === null);
  const result = runTests(copy, {
    files: [testFile],
    names: isWhole ? [] : own.map(({ testName }) => testName ?? ''),
    build: own.some(({ build }) => build),
    timeoutMs: soundMs,
  });
  sound.set(testFile, result);
  return result;
}

function judgeByModel({ diff }: Mutation): { caught: boolean; why: string } {
  let takeBack: () => void;
  try {
    takeBack = applyPatch(diff, copy);
  } catch (error) {
    return { caught: false, why: `the patch no longer applies: ${(error as Error).message}` };
  }
  const { played, failure, output } = runHistories(copy, {
    histories: Number(values.histories),
    timeoutMs: historiesMs,
  });
  takeBack();
  if (played === null) return { caught: false, why: `the histories did not end\n${output}` };
  if (failure === null) return { caught: false, why: `${played} histories ended well` };
  return { caught: true, why: `history ${played}: ${failure}` };
}

function judge(mutation: Mutation): { caught: boolean; why: string } {
  const { testFile, testName, build } = mutation;
  const without = soundOf(testFile);
  const own = without.tests.filter(({ name }) => name.includes(testName ?? ''));
  const red = own.filter(({ status }) => status === 'failed');
  if (red.length > 0) {
    return {
      caught: false,
      why: `its test is red without it: ${red.map(({ name }) => name).join('; ')}\n${without.output}`,
    };
  }
  if (!own.some(({ status }) => status === 'passed')) {
    return { caught: false, why: `no test of ${testFile} is called "${testName}"\n${without.output}` };
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
    bailAfterMs: Math.round(Math.max(leastTestMs, 5 * Math.max(...own.map(({ durationMs }) => durationMs)))),
    timeoutMs: mutantMs,
  });
  takeBack();
  if (!ended) return { caught: true, why: 'its test does not end' };
  const failed = tests.filter(({ status }) => status === 'failed');
  if (failed.length > 0) return { caught: true, why: failed.map(({ name }) => name).join('; ') };
  const ran = tests.some(({ status }) => status === 'passed');
  return { caught: false, why: ran ? 'its test stays green' : `it does not run\n${output}` };
}

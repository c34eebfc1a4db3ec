/**
 * Plants one fault at a time into a copy of the tree and expects the test that names it to turn red:
 * `run-mutations.ts [--pick COUNT --seed TEXT] [--within SECONDS] [--model [--histories COUNT]] [NAME…]`. With `--model` those faults that
 * a model has to notice, or those that are named, each by histories alone: those that are kept, then as
 * many of chance as the common run plays, until one is bad that is good without the fault. With `--within` no other
 * fault is begun once so many seconds have passed. Ends with 1 where a fault goes unnoticed, a patch no longer applies,
 * or a test or history is red without it.
 */
import { createHash } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import * as usualPush from '../model/push/usual-run.ts';
import { ways } from '../model/push/ways.ts';
import * as usualTwoWay from '../model/two-way/usual-run.ts';
import * as usualWatch from '../model/watch/usual-run.ts';
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
/** What one history may take on a machine that is busy with others, many times what it takes by itself. */
const historyMs = 5_000;
/** For those that are kept, and for the program to begin. */
const keptMs = 300_000;

const usualOf = { watch: usualWatch, push: usualPush, 'two-way': usualTwoWay };
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    pick: { type: 'string' },
    seed: { type: 'string', default: '' },
    within: { type: 'string', default: 'Infinity' },
    model: { type: 'boolean', default: false },
    histories: { type: 'string' },
  },
});
const withinMs = Number(values.within) * 1_000;
if (!(withinMs > 0)) throw new Error('--within takes a number of seconds.');
const startedAt = Date.now();
const chosen = choose(readMutations(join(root, 'test/mutations')), positionals);
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
  const own = values.model ? mutations.filter(({ model }) => model !== null) : mutations;
  if (values.pick === undefined) return own;
  const rank = ({ name }: Mutation) => createHash('sha256').update(`${values.seed}\n${name}`).digest('hex');
  return own.toSorted((a, b) => (rank(a) < rank(b) ? -1 : 1)).slice(0, Number(values.pick));
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

function judgeByModel({ diff, model: named }: Mutation): { caught: boolean; why: string } {
  let takeBack: () => void;
  try {
    takeBack = applyPatch(diff, copy);
  } catch (error) {
    return { caught: false, why: `the patch no longer applies: ${(error as Error).message}` };
  }
  // A fault that is named on the command line and no model's is the watch's to notice.
  const model = named ?? 'watch';
  const { usualHistories, usualSeed } = usualOf[model];
  const histories = Number(values.histories ?? usualHistories);
  const inAll = model === 'push' ? histories * ways.length : histories;
  const args = ['--runs', String(histories), '--seed', String(usualSeed)];
  const { ended, played, bad, output } = runHistories(copy, model, args, keptMs + inAll * historyMs);
  takeBack();
  if (!ended) return { caught: false, why: `the histories did not end\n${output}` };
  if (bad === null) return { caught: false, why: `${played} histories ended well` };
  const { which, failure, history } = bad;
  const file = join(copy, 'history.json');
  writeFileSync(file, history);
  const without = runHistories(copy, model, ['--history', file], keptMs);
  if (!without.ended) return { caught: false, why: `${which} does not end without it\n${without.output}` };
  if (without.bad !== null)
    return { caught: false, why: `${which} is red without it: ${without.bad.failure}` };
  return { caught: true, why: `${which}: ${failure}` };
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

/**
 * Plays the histories that are kept, then many others, or one that was printed:
 * `run-histories.ts [--runs COUNT] [--seed SEED] [--first] [--keep FOLDER] [--path PATH --replay-path PATH] [--history FILE]`.
 * `--first`: the first bad one is told as it is, and not shrunk. `--keep`: each bad one is written there as it is and the
 * next is played, with a line for every hundred that says how many there were so far.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import fc from 'fast-check';
import { type History, histories, historyOf, play } from './history.ts';
import { keptHistories } from './kept-histories.ts';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '200' },
    seed: { type: 'string' },
    path: { type: 'string' },
    'replay-path': { type: 'string' },
    history: { type: 'string' },
    first: { type: 'boolean', default: false },
    keep: { type: 'string' },
  },
});
const tally = new Map<string, number>();
const startedAt = performance.now();
let played = 0;
let bad = 0;
if (values.history === undefined) {
  if (values.path !== undefined || (await areKeptGood())) await playMany();
} else await playOne(values.history);
say(
  [...tally]
    .toSorted()
    .map(([kind, count]) => `${kind} ${count}`)
    .join(', '),
);

async function playOne(file: string): Promise<void> {
  played++;
  try {
    await play(historyOf(JSON.parse(readFileSync(file, 'utf8'))), tally);
  } catch (error) {
    bad++;
    say((error as Error).message);
    process.exitCode = 1;
  }
  say(standing());
}

/** Those that are kept come first. */
async function areKeptGood(): Promise<boolean> {
  for (const { name, history } of keptHistories()) {
    played++;
    try {
      await play(history, tally);
    } catch (error) {
      bad++;
      say(`${standing()}\nBad: ${name}, which is kept\n${(error as Error).message}`);
      process.exitCode = 1;
      return false;
    }
  }
  return true;
}

async function playMany(): Promise<void> {
  const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed);
  const { path } = values;
  const property = fc.asyncProperty(histories({ replayPath: values['replay-path'] }), async (history) => {
    if (values.keep === undefined) await play(history, tally);
    else await playKept(history, { seed, folder: values.keep });
    played++;
    if (values.keep !== undefined && played % 100 === 0) say(`${standing()}, seed ${seed}`);
  });
  const details = await fc.check(property, {
    numRuns: Number(values.runs),
    seed,
    endOnFailure: values.first,
    ...(path === undefined ? {} : { path }),
  });
  say(`${standing()}, seed ${seed}`);
  if (bad > 0) process.exitCode = 1;
  if (!details.failed) return;
  say(`Bad: number ${details.numRuns} of chance`);
  say(`${(details.errorInstance as Error).message}\n${fc.defaultReportMessage(details)}`);
  process.exitCode = 1;
}

/** A bad one is written down with what was done, and is none of fast-check's. */
async function playKept(history: History, { seed, folder }: { seed: number; folder: string }): Promise<void> {
  try {
    await play(history, tally);
  } catch (error) {
    bad++;
    mkdirSync(folder, { recursive: true });
    const file = join(folder, `${seed}-${played}.txt`);
    writeFileSync(file, (error as Error).message);
    say(`Bad: ${file}`);
  }
}

function standing(): string {
  const eachMs = (performance.now() - startedAt) / Math.max(1, played);
  const { user, system } = process.cpuUsage();
  const cpuMs = (user + system) / 1_000 / Math.max(1, played);
  return `${played} histories, ${bad} bad, ${eachMs.toFixed()} ms each, ${cpuMs.toFixed()} ms of a processor`;
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

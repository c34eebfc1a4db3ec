/**
 * Plays the histories that are kept, then many others, or one that was printed:
 * `run-histories.ts [--runs COUNT] [--seed SEED] [--first] [--keep FOLDER] [--path PATH --replay-path PATH] [--history FILE [--shrink]]`.
 * `--first`: the first bad one is told as it is, and not shrunk. `--keep`: each bad one is written there as it is and the
 * next is played, with a line for every hundred that says how many there were so far. `--shrink`: the bad one of the file
 * is made as short as it goes while it is bad in the same way, and told.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import fc from 'fast-check';
import { type History, histories, historyOf, play } from './history.ts';
import { keptHistories } from './kept-histories.ts';
import { shrinkHistory } from './shrink-history.ts';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '200' },
    seed: { type: 'string' },
    path: { type: 'string' },
    'replay-path': { type: 'string' },
    history: { type: 'string' },
    shrink: { type: 'boolean', default: false },
    first: { type: 'boolean', default: false },
    keep: { type: 'string' },
  },
});
/** A history as JSON has it. */
type Told = Parameters<typeof historyOf>[0];

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
  const told: Told = JSON.parse(readFileSync(file, 'utf8'));
  const message = await faultOf(told);
  if (message !== null) {
    bad++;
    process.exitCode = 1;
    say(message);
    if (values.shrink) await shrink(told, message);
  }
  say(standing());
}

async function shrink(told: Told, message: string): Promise<void> {
  const kind = kindOf(message);
  const shortest = await shrinkHistory(told, async (shorter) => {
    const other = await faultOf(shorter);
    return other !== null && kindOf(other) === kind;
  });
  say(`\nShrunk:\n${await faultOf(shortest)}`);
}

/** What goes wrong in it; null where nothing does. */
async function faultOf(told: Told): Promise<string | null> {
  played++;
  try {
    await play(historyOf(structuredClone(told)), tally);
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}

/** The first thing that is wrong, whichever contact it is of. */
function kindOf(message: string): string {
  const [first = '', second = ''] = message.split('\n');
  return (first.endsWith(':') ? second : first).replace(/\b003\w+/, '');
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

/**
 * Plays the histories of pushing that are kept, then many others of each way of sending, or one that was printed:
 * `run-histories.ts [--way WAY] [--runs COUNT] [--seed SEED] [--first] [--keep FOLDER] [--history FILE [--shrink]]`. `--runs`: of
 * each way. `--first`: ends with the first bad one, which is told as it is, and not shrunk. `--keep`: each bad one is
 * written there as it is and the next is played. `--shrink`: the bad one of the file is made as short as it goes while it
 * is bad in the same way, and told.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import fc from 'fast-check';
import { shrinkHistory } from '../watch/shrink-history.ts';
import { type History, histories, historyOf, play } from './history.ts';
import { keptHistories } from './kept-histories.ts';
import { type Way, ways } from './ways.ts';

const { values } = parseArgs({
  options: {
    way: { type: 'string' },
    runs: { type: 'string', default: '100' },
    seed: { type: 'string' },
    history: { type: 'string' },
    shrink: { type: 'boolean', default: false },
    first: { type: 'boolean', default: false },
    keep: { type: 'string' },
  },
});
const tally = new Map<string, number>();
const startedAt = performance.now();
let played = 0;
let bad = 0;
const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed);
if (values.history !== undefined) await playOne(values.history);
else if (await areKeptGood())
  for (const way of chosenWays()) if (!(await isWayGood(way)) && values.first) break;
if (bad > 0) process.exitCode = 1;
say(
  [...tally]
    .toSorted()
    .map(([kind, count]) => `${kind} ${count}`)
    .join(', '),
);

function chosenWays(): readonly Way[] {
  const chosen = ways.filter((way) => values.way === undefined || way === values.way);
  if (chosen.length === 0) throw new Error(`--way is one of ${ways.join(', ')}.`);
  return chosen;
}

async function playOne(file: string): Promise<void> {
  const told = JSON.parse(readFileSync(file, 'utf8')) as Parameters<typeof historyOf>[0];
  const message = await faultOf(historyOf(told));
  say(message === null ? standing() : `${message}\n${standing()}`);
  if (message === null || !values.shrink) return;
  const shortest = await shrinkHistory(told, async (shorter) => {
    const other = await faultOf(historyOf(shorter));
    return other !== null && kindOf(other) === kindOf(message);
  });
  say(`\nShrunk:\n${await faultOf(historyOf(shortest))}`);
}

/** The first thing that is wrong, whichever contact and entry it is of. */
function kindOf(message: string): string {
  const [first = '', second = ''] = message.split('\n');
  return (first.endsWith(':') ? second : first).replaceAll(/\b(003\w+|[TE]\d+|[\da-f-]{36}|\d+)\b/g, '');
}

/** What goes wrong in it; null where nothing does. */
async function faultOf(history: History): Promise<string | null> {
  played++;
  try {
    await play(history, tally);
    return null;
  } catch (error) {
    bad++;
    return (error as Error).message;
  }
}

/** Those that are kept come first. */
async function areKeptGood(): Promise<boolean> {
  for (const { name, history } of keptHistories()) {
    const message = await faultOf(history);
    if (message === null) continue;
    say(`${standing()}\nBad: ${name}, which is kept\n${message}`);
    return false;
  }
  return true;
}

async function isWayGood(way: Way): Promise<boolean> {
  const badBefore = bad;
  const property = fc.asyncProperty(histories(way), async (history) => {
    const message = await faultOf(history);
    if (message === null) return;
    if (values.keep === undefined) throw new Error(message);
    mkdirSync(values.keep, { recursive: true });
    const file = join(values.keep, `${way}-${seed}-${played}.txt`);
    writeFileSync(file, message);
    say(`Bad: ${file}: ${message.split('\n').slice(0, 2).join(' ')}`);
  });
  // Else each way would meet the same steps.
  const own = seed + ways.indexOf(way);
  const details = await fc.check(property, {
    numRuns: Number(values.runs),
    seed: own,
    endOnFailure: values.first,
  });
  say(`${standing()}, seed ${seed}, up to ${way}`);
  if (!details.failed) return bad === badBefore;
  say(`Bad: number ${details.numRuns} of ${way}`);
  say(`${(details.errorInstance as Error).message}\n${fc.defaultReportMessage(details)}`);
  return false;
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

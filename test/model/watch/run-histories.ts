/**
 * Plays many histories, or one that was printed:
 * `run-histories.ts [--runs COUNT] [--seed SEED] [--first] [--path PATH --replay-path PATH] [--history FILE]`.
 * `--first`: the first bad one is told as it is, and not shrunk.
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import fc from 'fast-check';
import { histories, historyOf, play } from './history.ts';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '200' },
    seed: { type: 'string' },
    path: { type: 'string' },
    'replay-path': { type: 'string' },
    history: { type: 'string' },
    first: { type: 'boolean', default: false },
  },
});
const tally = new Map<string, number>();
const startedAt = performance.now();
let played = 0;
if (values.history === undefined) await playMany();
else await play(historyOf(JSON.parse(readFileSync(values.history, 'utf8'))), tally);
say(
  [...tally]
    .toSorted()
    .map(([kind, count]) => `${kind} ${count}`)
    .join(', '),
);

async function playMany(): Promise<void> {
  const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed);
  const { path } = values;
  const property = fc.asyncProperty(histories({ replayPath: values['replay-path'] }), async (history) => {
    played++;
    await play(history, tally);
  });
  const details = await fc.check(property, {
    numRuns: Number(values.runs),
    seed,
    endOnFailure: values.first,
    ...(path === undefined ? {} : { path }),
  });
  const eachMs = (performance.now() - startedAt) / played;
  const { user, system } = process.cpuUsage();
  const cpuMs = (user + system) / 1_000 / played;
  say(`${played} histories, ${eachMs.toFixed()} ms each, ${cpuMs.toFixed()} ms of a processor, seed ${seed}`);
  if (!details.failed) return;
  say(`${(details.errorInstance as Error).message}\n${fc.defaultReportMessage(details)}`);
  process.exitCode = 1;
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

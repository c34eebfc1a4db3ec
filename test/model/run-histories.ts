import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import fc from 'fast-check';
import { shrinkHistory } from './watch/shrink-history.ts';

/** What there is to play. `Told`: a history as JSON has it. */
export interface Model<History, Told> {
  histories(options: { replayPath?: string | undefined }): fc.Arbitrary<History>;
  historyOf(told: Told): History;
  /** Throws with what is wrong and all that was done; `tally` gets how often each thing was. */
  play(history: History, tally: Map<string, number>): Promise<void>;
  keptHistories(): { name: string; history: History }[];
}

const options = {
  runs: { type: 'string', default: '200' },
  seed: { type: 'string' },
  path: { type: 'string' },
  'replay-path': { type: 'string' },
  history: { type: 'string' },
  shrink: { type: 'boolean', default: false },
  first: { type: 'boolean', default: false },
  keep: { type: 'string' },
} as const;

/**
 * Plays the histories that are kept, then many others, or one that was printed:
 * `[--runs COUNT] [--seed SEED] [--first] [--keep FOLDER] [--path PATH --replay-path PATH] [--history FILE [--shrink]]`.
 * `--first`: the first bad one is told as it is, and not shrunk. `--keep`: each bad one is written there as it is and the
 * next is played, with a line for every hundred that says how many there were so far. SIGINT ends it at once, with the
 * counts so far. `--shrink`: the bad one of the file is made as short as it goes while it is bad in the same way, and
 * told. The exit code is 1 where one was bad.
 */
export async function runHistories<History, Told>(model: Model<History, Told>): Promise<void> {
  const { values } = parseArgs({ options });
  const run = new Run(model);
  process.once('SIGINT', () => run.interrupt());
  if (values.history !== undefined) await run.one(values.history, values.shrink);
  else if (values.path !== undefined || (await run.areKeptGood()))
    await run.many({
      runs: Number(values.runs),
      seed: values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed),
      path: values.path,
      replayPath: values['replay-path'],
      isFirstTold: values.first,
      folder: values.keep ?? null,
    });
  run.tellTally();
}

interface Many {
  runs: number;
  seed: number;
  path: string | undefined;
  replayPath: string | undefined;
  isFirstTold: boolean;
  folder: string | null;
}

class Run<History, Told> {
  readonly #model: Model<History, Told>;
  readonly #tally = new Map<string, number>();
  readonly #startedAt = performance.now();
  #played = 0;
  #bad = 0;

  constructor(model: Model<History, Told>) {
    this.#model = model;
  }

  async one(file: string, shrink: boolean): Promise<void> {
    const told = JSON.parse(readFileSync(file, 'utf8')) as Told;
    const message = await this.#faultOfTold(told);
    if (message !== null) {
      say(message);
      if (shrink) await this.#shrink(told, message);
    }
    say(this.#standing);
  }

  /** Those that are kept come first. */
  async areKeptGood(): Promise<boolean> {
    for (const { name, history } of this.#model.keptHistories()) {
      const message = await this.#faultOf(history);
      if (message === null) continue;
      say(`${this.#standing}\nBad: ${name}, which is kept\n${message}`);
      return false;
    }
    return true;
  }

  async many({ runs, seed, path, replayPath, isFirstTold, folder }: Many): Promise<void> {
    const property = fc.asyncProperty(this.#model.histories({ replayPath }), async (history) => {
      const message = await this.#faultOf(history);
      if (message !== null && folder === null) throw new Error(message);
      if (message !== null && folder !== null)
        this.#keep(message, join(folder, `${seed}-${this.#played}.txt`));
      if (folder !== null && this.#played % 100 === 0) say(`${this.#standing}, seed ${seed}`);
    });
    const details = await fc.check(property, {
      numRuns: runs,
      seed,
      endOnFailure: isFirstTold,
      ...(path === undefined ? {} : { path }),
    });
    say(`${this.#standing}, seed ${seed}`);
    if (!details.failed) return;
    say(`Bad: number ${details.numRuns} of chance`);
    say(`${(details.errorInstance as Error).message}\n${fc.defaultReportMessage(details)}`);
  }

  interrupt(): void {
    say(this.#standing);
    this.tellTally();
    process.exit(130);
  }

  tellTally(): void {
    const counts = [...this.#tally].toSorted().map(([kind, count]) => `${kind} ${count}`);
    say(counts.join(', '));
  }

  /** What goes wrong in it; null where nothing does. */
  async #faultOf(history: History): Promise<string | null> {
    this.#played++;
    try {
      await this.#model.play(history, this.#tally);
      return null;
    } catch (error) {
      this.#bad++;
      process.exitCode = 1;
      return (error as Error).message;
    }
  }

  #faultOfTold(told: Told): Promise<string | null> {
    return this.#faultOf(this.#model.historyOf(structuredClone(told)));
  }

  async #shrink(told: Told, message: string): Promise<void> {
    const kind = kindOf(message);
    const shortest = await shrinkHistory(told, async (shorter) => {
      const other = await this.#faultOfTold(shorter);
      return other !== null && kindOf(other) === kind;
    });
    say(`\nShrunk:\n${await this.#faultOfTold(shortest)}`);
  }

  #keep(message: string, file: string): void {
    mkdirSync(join(file, '..'), { recursive: true });
    writeFileSync(file, message);
    say(`Bad: ${file}: ${firstOf(message)}`);
  }

  get #standing(): string {
    const eachMs = (performance.now() - this.#startedAt) / Math.max(1, this.#played);
    const { user, system } = process.cpuUsage();
    const cpuMs = (user + system) / 1_000 / Math.max(1, this.#played);
    return `${this.#played} histories, ${this.#bad} bad, ${eachMs.toFixed()} ms each, ${cpuMs.toFixed()} ms of a processor`;
  }
}

/** The first thing that is wrong. */
function firstOf(message: string): string {
  const [first = '', second = ''] = message.split('\n');
  return first.endsWith(':') ? second : first;
}

/** The same, whichever contact, entry and value it is of. */
function kindOf(message: string): string {
  return firstOf(message).replaceAll(/\b(003\w+|[A-Za-z]?\d+|key-\d+|[\da-f-]{36})\b/g, '');
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

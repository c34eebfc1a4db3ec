import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export interface WatchEvent {
  event?: string;
  at: string;
  instanceUrl?: string;
  coveredUntil?: string;
  retryInMs?: number | null;
  error?: { code: string; message: string };
}

/**
 * What a fault may be called. All pass by themselves; whatever else is told is a fault of the watch. An answer that is
 * no JSON though it says 200 is a SALESFORCE_ERROR; API_BUDGET_EXHAUSTED follows a refusal for the day.
 */
const passing = new Set([
  'NETWORK_UNREACHABLE',
  'TIMEOUT',
  'ORG_UNAVAILABLE',
  'QUERY_TIMEOUT',
  'REFUSED_FOR_NOW',
  'REQUEST_LIMIT_EXCEEDED',
  'API_BUDGET_EXHAUSTED',
  'PAGE_INCOMPLETE',
  'BULK_JOB_INCOMPLETE',
  'SALESFORCE_ERROR',
]);

/** A watch in a process of its own; all it writes is kept in files, its counts and latest cycles here. */
export class WatchUnderSoak {
  readonly process: ChildProcess;
  readonly failures = new Map<string, number>();
  readonly problems: string[] = [];
  /** By org: complete cycles, and up to when the latest covers, in ms since 1970. */
  readonly cycles = new Map<string, { count: number; coveredUntil: number; at: number }>();
  readonly firstCopies = new Set<string>();
  logLines = 0;
  logBytes = 0;
  #isAsked = false;

  constructor(bin: string, env: NodeJS.ProcessEnv, folder: string) {
    const args = [bin, 'watch', '--interval', '30s', '--log-format', 'json'];
    this.process = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#follow('stdout', join(folder, 'events.ndjson'), (line) => this.#note(JSON.parse(line)));
    this.#follow('stderr', join(folder, 'stderr.txt'), (line) => {
      if (/unhandled|uncaught|^\s+at |MaxListeners/i.test(line)) this.problems.push(`stderr: ${line}`);
    });
    this.process.once('exit', (code, signal) => {
      if (!this.#isAsked) this.problems.push(`The watch ended by itself: ${code ?? signal}.`);
    });
  }

  get pid(): number {
    return this.process.pid as number;
  }

  get hasEnded(): boolean {
    return this.process.exitCode !== null || this.process.signalCode !== null;
  }

  async stop(): Promise<void> {
    if (this.hasEnded) return;
    this.#isAsked = true;
    const end = once(this.process, 'exit');
    this.process.kill('SIGTERM');
    const [code, signal] = await end;
    if (code !== 0) this.problems.push(`The watch ended with ${code ?? signal} after SIGTERM.`);
  }

  #follow(name: 'stdout' | 'stderr', file: string, take: (line: string) => void): void {
    const kept = createWriteStream(file);
    createInterface({ input: this.process[name] as NodeJS.ReadableStream }).on('line', (line) => {
      kept.write(`${line}\n`);
      this.logLines++;
      this.logBytes += Buffer.byteLength(line) + 1;
      take(line);
    });
  }

  #note({ event, at, instanceUrl = '', coveredUntil, retryInMs, error }: WatchEvent): void {
    if (event === 'backfill:complete') this.firstCopies.add(instanceUrl);
    if (event === 'cycle:complete') {
      const count = (this.cycles.get(instanceUrl)?.count ?? 0) + 1;
      this.cycles.set(instanceUrl, {
        count,
        coveredUntil: Date.parse(coveredUntil ?? ''),
        at: Date.parse(at),
      });
    }
    // Messages stand among the events, and their `error` is no failure of an org.
    if (event === undefined || error === undefined) return;
    this.failures.set(error.code, (this.failures.get(error.code) ?? 0) + 1);
    if (!passing.has(error.code) || retryInMs === null)
      this.problems.push(`${event} at ${at}, ${instanceUrl}: ${error.code}: ${error.message}`);
  }
}

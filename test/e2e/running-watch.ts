import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { vi } from 'vitest';
import type { Cli } from './cli.ts';

export interface WatchLine {
  event?: string;
  level: string;
  /** ISO. */
  at: string;
  suspendedMs?: number;
  error?: { code: string; message: string };
}

/** A watch of the built command line, and what it has logged until now. */
export class RunningWatch {
  readonly child: ChildProcess;
  readonly lines: WatchLine[] = [];

  /** Its least interval is thirty seconds. */
  constructor(cli: Cli, env: NodeJS.ProcessEnv = {}) {
    this.child = cli.start(['watch', '--interval', '30s', '--log-format', 'json'], { env });
    this.child.stderr?.resume();
    const lines = createInterface({ input: this.child.stdout as NodeJS.ReadableStream });
    lines.on('line', (line) => this.lines.push(JSON.parse(line)));
  }

  linesOf(event: string): WatchLine[] {
    return this.lines.filter((line) => line.event === event);
  }

  /** Until it has logged so many of them since it began. */
  async until(event: string, count: number, timeoutMs = 60_000): Promise<void> {
    const look = () => {
      if (this.linesOf(event).length >= count) return;
      throw new Error(`No ${count} lines of ${event}: ${JSON.stringify(this.lines)}`);
    };
    await vi.waitFor(look, { timeout: timeoutMs, interval: 50 });
  }

  /** Told to end; the exit code. */
  async end(): Promise<number | null> {
    const exit = once(this.child, 'exit');
    this.child.kill('SIGTERM');
    const [code] = await exit;
    return code;
  }
}

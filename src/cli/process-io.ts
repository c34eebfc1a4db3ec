import type { CliIo } from './cli-io.ts';
import { lastingSignals } from './lasting-signals.ts';

/** The real process, with `overrides` in place of its parts. */
export function processIo(overrides: Pick<CliIo, 'loadApp'> & Partial<CliIo>): CliIo {
  return {
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    cwd: process.cwd(),
    now: Date.now,
    signals: lastingSignals(process, endAsItStands),
    exit: (code) => process.exit(code),
    ...overrides,
  };
}

/** With the exit code that is set by then. */
function endAsItStands(): void {
  process.exit();
}

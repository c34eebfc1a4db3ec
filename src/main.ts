import type { CliIo } from './cli/cli-io.ts';
import { processIo } from './cli/process-io.ts';
import { runCli } from './cli/run-cli.ts';

/** argv without node and script → exit code (0 to 6, 130, 143). `io` replaces parts of the real process. */
export function main(argv: readonly string[], io: Partial<CliIo> = {}): Promise<number> {
  return runCli(argv, processIo(io));
}

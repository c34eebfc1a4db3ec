import type { CliIo } from './cli/cli-io.ts';
import { asksVersionOnly, printVersion } from './cli/print-version.ts';
import { processIo } from './cli/process-io.ts';

/** argv without node and script → exit code (0 to 6, 130, 143). `io` replaces parts of the real process. */
export async function main(argv: readonly string[], io: Partial<CliIo> = {}): Promise<number> {
  const all = processIo({
    loadApp: async () => (await import('./compose/create-app.ts')).createApp,
    ...io,
  });
  if (asksVersionOnly(argv)) {
    try {
      await printVersion(all);
      return 0;
    } catch {
      // The whole command line says what is wrong with the output.
    }
  }
  const { runCli } = await import('./cli/run-cli.ts');
  return runCli(argv, all);
}

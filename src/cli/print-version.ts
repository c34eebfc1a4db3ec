import type { CliIo } from './cli-io.ts';
import { createOutputStream } from './output-stream.ts';
import { packageVersion } from './version.ts';

/** Whether `argv` asks for nothing but the version, as scripts do before they begin. */
export function asksVersionOnly(argv: readonly string[]): boolean {
  return argv.length === 1 && (argv[0] === '--version' || argv[0] === '-V');
}

/** Prints the version without loading the commands; rejects where stdout takes nothing. */
export async function printVersion(io: CliIo): Promise<void> {
  using stdout = createOutputStream(io.stdout, { ink: { apply: (text) => text } });
  await stdout.write(`${packageVersion()}\n`);
}

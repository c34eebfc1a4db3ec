import type { Invocation } from '../invocation.ts';

/** Asks on the terminal; only `y` or `yes` is a yes. */
export async function askYesNo({ io, messages, signal }: Invocation, question: string): Promise<boolean> {
  messages.fail([`${question} [y/N]`]);
  const { createInterface } = await import('node:readline/promises');
  const lines = createInterface({ input: io.stdin, terminal: false });
  try {
    return /^\s*y(es)?\s*$/i.test(await lines.question('', { signal }));
  } finally {
    lines.close();
    io.stdin.pause();
  }
}

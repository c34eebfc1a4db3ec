import type { Stats } from 'node:fs';
import { fstatSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { AppError } from '../../base/errors.ts';
import type { CliIo } from '../cli-io.ts';

export interface Inputs {
  /** As given; `-`, or none: standard input. */
  files: readonly string[];
  /** `--map` as given; those that are no file are passed over. */
  maps: readonly string[];
}

/**
 * Refuses an output that would replace what is read, under whatever name (a link, another folder, standard input).
 * Throws AppError `INVALID_INPUT`.
 */
export async function keepInputs(
  flag: string,
  output: string,
  { files, maps }: Inputs,
  io: Pick<CliIo, 'stdin' | 'cwd'>,
): Promise<void> {
  const target = await found(output, io.cwd);
  if (!target?.isFile()) return;
  for (const name of [...(files.length === 0 ? ['-'] : files), ...maps]) {
    const input = name === '-' ? foundStdin(io.stdin) : await found(name, io.cwd);
    if (input === null || input.ino !== target.ino || input.dev !== target.dev) continue;
    throw new AppError(
      'INVALID_INPUT',
      `${flag} ${output} is ${name === '-' ? 'standard input' : 'an input'} too, and would be replaced.`,
      { hint: 'Give another file; the input stays as it is.', details: { source: name } },
    );
  }
}

const found = (name: string, cwd: string): Promise<Stats | null> =>
  stat(resolve(cwd, name)).catch(() => null);

function foundStdin(stdin: CliIo['stdin'] & { fd?: number }): Stats | null {
  try {
    return stdin.fd === undefined ? null : fstatSync(stdin.fd);
  } catch {
    // Closed: then nothing is read from it.
    return null;
  }
}

import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { throwIfAborted } from '../../base/abort.ts';
import { AppError, systemCodeOf } from '../../base/errors.ts';
import type { CliIo } from '../cli-io.ts';

/** The bytes of a file, or of standard input for `-`. Throws AppError `INVALID_INPUT` or an AbortError. */
export async function readInput(
  source: string,
  { stdin, cwd }: Pick<CliIo, 'stdin' | 'cwd'>,
  { signal }: { signal: AbortSignal },
): Promise<Uint8Array> {
  if (source === '-') return readAll(stdin, signal);
  try {
    return await readFile(resolve(cwd, source), { signal });
  } catch (error) {
    throwIfAborted(signal);
    const code = systemCodeOf(error);
    const reason = (code && reasons[code]) ?? 'cannot be read';
    throw new AppError('INVALID_INPUT', `${source} ${reason}.`, {
      hint: 'Check the file name; a single - reads standard input.',
      details: { source },
      cause: error,
    });
  }
}

const reasons: Record<string, string> = {
  ENOENT: 'does not exist',
  EISDIR: 'is a folder',
  EACCES: 'may not be read',
  ERR_FS_FILE_TOO_LARGE: 'is too large to be read at once; split it',
};

async function readAll(stdin: CliIo['stdin'], signal: AbortSignal): Promise<Uint8Array> {
  throwIfAborted(signal);
  const onAbort = () => stdin.destroy(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await buffer(stdin);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

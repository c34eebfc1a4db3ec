import { randomUUID } from 'node:crypto';
import { open, rename, rm, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { AppError, systemCodeOf } from '../base/errors.ts';

/** A file under way: it takes its name with `complete`, and without it leaves nothing behind. */
export interface WholeFile extends AsyncDisposable {
  write(text: string): Promise<void>;
  complete(): Promise<void>;
}

/**
 * Opens a file that takes its name only when it is complete, so that nobody reads half of it. Only its owner may
 * read it: it holds people's data. What is no regular file (`/dev/null`, a pipe) is written to as it is. Throws
 * AppError `FILE_NOT_ACCESSIBLE`.
 */
export async function openWholeFile(name: string, cwd: string): Promise<WholeFile> {
  const path = resolve(cwd, name);
  const inPlace = await isSpecial(path, name);
  const draft = inPlace ? path : `${path}.${randomUUID()}.part`;
  const file = await open(draft, inPlace ? 'w' : 'wx', 0o600).catch((error: unknown) => {
    throw notWriteable(name, error);
  });
  let isOpen = true;
  return {
    async write(text) {
      await file.appendFile(text);
    },
    async complete() {
      await file.close();
      if (!inPlace) await rename(draft, path);
      isOpen = false;
    },
    async [Symbol.asyncDispose]() {
      if (!isOpen) return;
      isOpen = false;
      await file.close().catch(() => {});
      if (!inPlace) await rm(draft, { force: true });
    },
  };
}

/** Runs `fill` with a writer of such a file and completes it. Throws AppError `FILE_NOT_ACCESSIBLE`. */
export async function writeWholeFile<T>(
  name: string,
  cwd: string,
  fill: (write: (text: string) => Promise<void>) => Promise<T>,
): Promise<T> {
  await using file = await openWholeFile(name, cwd);
  const result = await fill((text) => file.write(text));
  await file.complete();
  return result;
}

async function isSpecial(path: string, name: string): Promise<boolean> {
  const known = await stat(path).catch(() => null);
  if (known?.isDirectory()) throw notWriteable(name, Object.assign(new Error(), { code: 'EISDIR' }));
  return known !== null && !known.isFile();
}

function notWriteable(name: string, cause: unknown): AppError {
  const code = systemCodeOf(cause) ?? 'unknown';
  return new AppError('FILE_NOT_ACCESSIBLE', `${name} cannot be written (${code}).`, {
    hint: 'Check that its folder exists and that you may write there.',
    cause,
  });
}

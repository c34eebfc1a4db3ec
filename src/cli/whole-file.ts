import { randomUUID } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { AppError, systemCodeOf } from '../base/errors.ts';

/**
 * Runs `fill` with a writer of a file that takes its name only when it is complete, so that nobody reads half of
 * it. Only its owner may read it: it holds people's data. Throws AppError `FILE_NOT_ACCESSIBLE`.
 */
export async function writeWholeFile<T>(
  name: string,
  cwd: string,
  fill: (write: (text: string) => Promise<void>) => Promise<T>,
): Promise<T> {
  const path = resolve(cwd, name);
  const draft = `${path}.${randomUUID()}.part`;
  const file = await open(draft, 'wx', 0o600).catch((error: unknown) => {
    throw new AppError(
      'FILE_NOT_ACCESSIBLE',
      `${name} cannot be written (${systemCodeOf(error) ?? 'unknown'}).`,
      {
        hint: 'Check that its folder exists and that you may write there.',
        cause: error,
      },
    );
  });
  try {
    const result = await fill(async (text) => {
      await file.appendFile(text);
    });
    await file.close();
    await rename(draft, path);
    return result;
  } catch (error) {
    await file.close().catch(() => {});
    await rm(draft, { force: true });
    throw error;
  }
}

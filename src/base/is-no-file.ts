import { statSync } from 'node:fs';

/** Whether something else than a file lies at `path`, a folder for one; false where that cannot be told. */
export function isNoFile(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isFile() === false;
  } catch {
    return false;
  }
}

import { statSync } from 'node:fs';

/** What is read of files. One is opened only where it was written since it was looked at last. */
export class FileLooks<T> {
  readonly #read: (path: string) => T;
  /** By path. */
  readonly #seen = new Map<string, { stamp: string; value: T }>();

  constructor(read: (path: string) => T) {
    this.#read = read;
  }

  /** Null where nothing lies there. Throws what reading it does. */
  at(path: string): T | null {
    // Before it is read: what is written meanwhile is seen by the next look.
    const stamp = stampOf(path);
    if (stamp === null) return null;
    const seen = this.#seen.get(path);
    if (seen?.stamp === stamp) return seen.value;
    const value = this.#read(path);
    this.#seen.set(path, { stamp, value });
    return value;
  }
}

/** Another one after each write to the file or its log; null where there is no file. */
function stampOf(path: string): string | null {
  const [file, log] = [path, `${path}-wal`].map((one) => {
    const stats = statSync(one, { bigint: true, throwIfNoEntry: false });
    return stats === undefined ? null : `${stats.ino}:${stats.size}:${stats.mtimeNs}`;
  });
  return file == null ? null : `${file} ${log ?? ''}`;
}

import { closeSync, constants, openSync, readSync } from 'node:fs';

/** The first bytes of a file, fewer where it is shorter; null where it cannot be read. */
export function fileHead(path: string, bytes: number): Buffer | null {
  try {
    // Opening a pipe would wait for its writer.
    const file = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    try {
      const head = Buffer.alloc(bytes);
      return head.subarray(0, readSync(file, head, 0, bytes, 0));
    } finally {
      closeSync(file);
    }
  } catch {
    return null;
  }
}

/**
 * Whether a head of at least 110 bytes is that of a file that was only begun: empty, or an SQLite database whose
 * tables are not there yet, or still in its write-ahead log (https://www.sqlite.org/fileformat2.html).
 */
export function isBegun(head: Buffer): boolean {
  if (head.length === 0) return true;
  const tables = 103;
  return (
    head.length >= 110 &&
    head.toString('latin1', 0, 16) === 'SQLite format 3\0' &&
    head.readUInt16BE(tables) === 0
  );
}

import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { open } from 'node:fs/promises';

/** Rows of one block: what is rendered at a time, and what is searched through for a row in its middle. */
export const BLOCK_ROWS = 500;
const READ_BYTES = 1 << 20;

/**
 * Rows of CSV in a file, readable from any row on. It is written once, block by block, and knows where each block
 * starts; a row inside a block is found by its quotes.
 */
export class BulkSpool {
  readonly path: string;
  readonly #rowStarts: number[] = [];
  readonly #byteStarts: number[] = [];
  readonly #lineEnding: Buffer;
  #writing: number | undefined;
  #rows = 0;
  #bytes = 0;
  #users = 0;
  #unwanted = false;

  constructor(path: string, lineEnding: string) {
    this.path = path;
    this.#lineEnding = Buffer.from(lineEnding);
    this.#writing = openSync(path, 'w');
  }

  get rows(): number {
    return this.#rows;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get inUse(): boolean {
    return this.#users > 0;
  }

  /** Appends lines without the last one's ending. */
  append(rows: number, lines: Buffer): void {
    if (rows === 0) return;
    this.#rowStarts.push(this.#rows);
    this.#byteStarts.push(this.#bytes);
    const file = this.#writing!;
    writeSync(file, lines);
    writeSync(file, this.#lineEnding);
    this.#rows += rows;
    this.#bytes += lines.length + this.#lineEnding.length;
  }

  finish(): void {
    if (this.#writing !== undefined) closeSync(this.#writing);
    this.#writing = undefined;
  }

  retain(): void {
    this.#users++;
  }

  release(): void {
    this.#users--;
    if (this.#unwanted) this.drop();
  }

  /** Removes the file as soon as nobody uses it; whoever writes it uses it too. */
  drop(): void {
    this.#unwanted = true;
    if (this.#users > 0) return;
    this.finish();
    rmSync(this.path, { force: true });
  }

  async *read(offset: number, count: number): AsyncIterable<Buffer> {
    const end = Math.min(this.#rows, offset + count);
    if (offset >= end) return;
    this.retain();
    try {
      const file = await open(this.path, 'r');
      try {
        const last = await this.#byteOf(file, end);
        for (let at = await this.#byteOf(file, offset); at < last; ) {
          const block = Buffer.allocUnsafe(Math.min(READ_BYTES, last - at));
          const { bytesRead } = await file.read(block, 0, block.length, at);
          if (bytesRead === 0) throw new Error(`The spooled result ${this.path} ends too early.`);
          at += bytesRead;
          yield block.subarray(0, bytesRead);
        }
      } finally {
        await file.close();
      }
    } finally {
      this.release();
    }
  }

  async #byteOf(file: Awaited<ReturnType<typeof open>>, row: number): Promise<number> {
    if (row >= this.#rows) return this.#bytes;
    const block = this.#blockOf(row);
    const start = this.#byteStarts[block]!;
    const skip = row - this.#rowStarts[block]!;
    if (skip === 0) return start;
    const length = (this.#byteStarts[block + 1] ?? this.#bytes) - start;
    const bytes = Buffer.allocUnsafe(length);
    await file.read(bytes, 0, length, start);
    return start + afterLines(bytes, skip);
  }

  #blockOf(row: number): number {
    let low = 0;
    let high = this.#rowStarts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#rowStarts[middle]! <= row) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

/** The offset after so many lines; a line break between quotes is part of a value. */
function afterLines(bytes: Buffer, lines: number): number {
  let quoted = false;
  let left = lines;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === 0x22) quoted = !quoted;
    else if (byte === 0x0a && !quoted && --left === 0) return at + 1;
  }
  return bytes.length;
}

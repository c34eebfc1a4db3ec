/** As many as answers are usually under way at once. */
const mostKept = 2;
/** A retrieval of 2,000 rows with many fields; whatever is larger is rare, and not kept. */
const mostBytes = 8 * 2 ** 20;

export interface LentBytes {
  bytes: Uint8Array;
  /** They may be overwritten from here on. */
  giveBack(): void;
}

/**
 * Memory for the bytes of one answer after the other. A fresh megabyte costs more than what is written into it: the
 * system hands it out page by page, and clears each one.
 */
export class SpareBytes {
  #spare: Buffer[] = [];

  /** The parts of a text in UTF-8, one behind the other. */
  lend(parts: readonly string[]): LentBytes {
    const size = parts.reduce((sum, part) => sum + Buffer.byteLength(part), 0);
    const memory = this.#take(size);
    let at = 0;
    for (const part of parts) at += memory.write(part, at);
    return { bytes: memory.subarray(0, size), giveBack: () => this.#keep(memory) };
  }

  #take(size: number): Buffer {
    const found = this.#spare.findIndex(({ length }) => length >= size);
    return found < 0 ? Buffer.allocUnsafeSlow(size) : (this.#spare.splice(found, 1)[0] as Buffer);
  }

  #keep(memory: Buffer): void {
    if (memory.length > mostBytes || this.#spare.includes(memory)) return;
    this.#spare = [...this.#spare, memory].toSorted((a, b) => b.length - a.length).slice(0, mostKept);
  }
}

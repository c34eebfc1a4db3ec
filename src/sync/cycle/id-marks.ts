const bytesOfMark = 8;

/**
 * A set of record ids, or of ids with more behind them, that takes eight bytes for each: up to 600,000 may stand in a window for hours, and as strings
 * they would take fifteen times that. Two ids have one mark in a case of some 10^15; what is wrongly taken for known
 * there is read before the cursor passes it all the same.
 */
export class IdMarks {
  readonly #sorted: Float64Array;

  private constructor(sorted: Float64Array) {
    this.#sorted = sorted;
  }

  static of(ids: readonly string[]): IdMarks {
    const marks = new Float64Array(ids.length);
    for (const [i, id] of ids.entries()) marks[i] = markOf(id);
    return new IdMarks(marks.sort());
  }

  /** Null where `text` was not written by `toText`. */
  static parse(text: unknown): IdMarks | null {
    if (typeof text !== 'string') return null;
    const bytes = Buffer.from(text, 'base64');
    if (bytes.length % bytesOfMark !== 0 || bytes.toString('base64') !== text) return null;
    const marks = new Float64Array(bytes.length / bytesOfMark);
    for (let i = 0; i < marks.length; i++) marks[i] = bytes.readDoubleLE(i * bytesOfMark);
    for (let i = 0; i < marks.length; i++) if (!((marks[i - 1] ?? 0) <= marks[i]!)) return null;
    return new IdMarks(marks);
  }

  get size(): number {
    return this.#sorted.length;
  }

  has(id: string): boolean {
    const marks = this.#sorted;
    const mark = markOf(id);
    let low = 0;
    let high = marks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (marks[middle]! < mark) low = middle + 1;
      else high = middle;
    }
    return marks[low] === mark;
  }

  toText(): string {
    const bytes = Buffer.alloc(this.#sorted.length * bytesOfMark);
    for (let i = 0; i < this.#sorted.length; i++) bytes.writeDoubleLE(this.#sorted[i]!, i * bytesOfMark);
    return bytes.toString('base64');
  }
}

/** 53 bits of two FNV-1a hashes (offset basis and prime of the 32-bit form, the second begun elsewhere). */
function markOf(id: string): number {
  let a = 0x811c9dc5;
  let b = 0x050c5d1f;
  for (let i = 0; i < id.length; i++) {
    const code = id.charCodeAt(i);
    a = Math.imul(a ^ code, 0x01000193);
    b = Math.imul(b ^ (code + i), 0x01000193);
  }
  return (a >>> 0) * 0x200000 + (b >>> 11);
}

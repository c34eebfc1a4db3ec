/**
 * Two buffers that all pages of a thread share, since each block is parsed in one go: allocated anew for each
 * block, they would be megabytes of garbage that wait for a collection.
 */
export class SharedBuffers {
  #input = new Uint8Array(0);
  #output = new Uint8Array(0);

  /** `rest` and `block` one behind the other; valid until the next call. The length is that of both. */
  join(rest: Uint8Array, block: Uint8Array): Uint8Array {
    const length = rest.length + block.length;
    if (this.#input.length < length) this.#input = new Uint8Array(roomy(length));
    this.#input.set(rest);
    this.#input.set(block, rest.length);
    return this.#input.subarray(0, length);
  }

  /** At least `length` bytes to write a row to; valid until the next call. */
  output(length: number): Uint8Array {
    if (this.#output.length < length) this.#output = new Uint8Array(roomy(length));
    return this.#output;
  }
}

/** A block is 1 MB at most, and what was left of the one before is seldom more than a row. */
function roomy(length: number): number {
  return Math.max(length, 1_280 * 1_024);
}

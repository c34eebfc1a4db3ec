import { CsvParser } from './csv-parser.ts';
import { JsonParser } from './json-parser.ts';
import { incomplete, malformed } from './page-faults.ts';
import type { PageParser, PageShape } from './page-parser.ts';
import type { SharedBuffers } from './shared-buffers.ts';

export interface PageHead {
  format: 'csv' | 'query' | 'collection';
  fields: readonly string[];
  expectedRows: number | null;
  /** More rows than that are not what was asked for. */
  mostRows?: number;
  /** Of a collection: the Ids asked for, in order. */
  ids?: readonly string[];
}

/** A contact's texts hold 1.6 million characters at most, and JSON escapes one of them by six bytes. */
const mostRowBytes = 16 * 1024 * 1024;

/** Feeds blocks of any size to a parser, keeps the unfinished row between them, and checks the counts. */
export class PageReader {
  readonly parser: PageParser;
  readonly #head: PageHead;
  readonly #buffers: SharedBuffers;
  /** The bytes of a row that is not all there yet. */
  #rest: Uint8Array = new Uint8Array(0);
  /** Blocks behind it that are not looked at yet. */
  #held: Uint8Array[] = [];
  #heldBytes = 0;

  constructor(head: PageHead, shape: PageShape, buffers: SharedBuffers) {
    for (const needed of ['Id', 'SystemModstamp']) {
      if (!head.fields.includes(needed)) throw new Error(`A page without ${needed} cannot be merged.`);
    }
    this.#head = head;
    this.#buffers = buffers;
    this.parser = head.format === 'csv' ? new CsvParser(shape) : new JsonParser(head.format, shape, head.ids);
  }

  add(block: Uint8Array): void {
    if (this.#rest.length > block.length || this.#held.length > 0) {
      this.#hold(block);
      return;
    }
    this.#parse(this.#rest.length === 0 ? block : this.#buffers.join(this.#rest, block), false);
  }

  /** A row longer than blocks is not read over again with each of them, but whenever its bytes have doubled. */
  #hold(block: Uint8Array): void {
    this.#held.push(block.slice());
    this.#heldBytes += block.length;
    if (this.#heldBytes >= this.#rest.length) this.#parse(this.#takeHeld(), false);
  }

  #takeHeld(): Uint8Array {
    const joined = Buffer.concat([this.#rest, ...this.#held]);
    this.#held = [];
    this.#heldBytes = 0;
    return joined;
  }

  /** Reads what is left; throws AppError `PAGE_INCOMPLETE` where the page is not what its answer said. */
  end(): void {
    this.#parse(this.#takeHeld(), true);
    this.parser.finish();
    const { expectedRows, format } = this.#head;
    const { rows, absent, done, totalSize } = this.parser;
    if (expectedRows !== null && rows + absent !== expectedRows) {
      throw incomplete(`it holds ${rows + absent} rows where ${expectedRows} were announced`, {
        expected: expectedRows,
        rows: rows + absent,
      });
    }
    if (format === 'query' && totalSize === null) throw incomplete('it says no totalSize');
    if (format === 'query' && done && rows !== totalSize) {
      throw incomplete(`it holds ${rows} rows where totalSize is ${totalSize}`, {
        expected: totalSize,
        rows,
      });
    }
  }

  #parse(bytes: Uint8Array, last: boolean): void {
    const used = this.parser.parse(bytes, bytes.length, last);
    // An unclosed quote would be read on, and over again with each block, as long as the body comes.
    if (bytes.length - used > mostRowBytes) throw malformed('a row has no end');
    const { rows, absent } = this.parser;
    const { expectedRows, mostRows } = this.#head;
    if (rows + absent > (expectedRows ?? Number.POSITIVE_INFINITY)) {
      throw incomplete(`it holds more than the ${expectedRows} rows that were announced`);
    }
    if (rows > (mostRows ?? Number.POSITIVE_INFINITY))
      throw malformed('it holds more rows than were asked for');
    // A copy, for the block is given back and the buffer is used again.
    this.#rest = Uint8Array.prototype.slice.call(bytes, used);
  }
}

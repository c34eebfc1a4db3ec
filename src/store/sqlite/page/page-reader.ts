import { CsvParser } from './csv-parser.ts';
import { JsonParser } from './json-parser.ts';
import { incomplete } from './page-faults.ts';
import type { PageParser, PageShape } from './page-parser.ts';
import type { Scratch } from './scratch.ts';

export interface PageHead {
  format: 'csv' | 'query' | 'collection';
  fields: readonly string[];
  expectedRows: number | null;
}

/** Feeds blocks of any size to a parser, keeps the unfinished row between them, and checks the counts. */
export class PageReader {
  readonly parser: PageParser;
  readonly #head: PageHead;
  readonly #scratch: Scratch;
  /** The bytes of a row that is not all there yet. */
  #rest: Uint8Array = new Uint8Array(0);

  constructor(head: PageHead, shape: PageShape, scratch: Scratch) {
    for (const needed of ['Id', 'SystemModstamp']) {
      if (!head.fields.includes(needed)) throw new Error(`A page without ${needed} cannot be merged.`);
    }
    this.#head = head;
    this.#scratch = scratch;
    this.parser = head.format === 'csv' ? new CsvParser(shape) : new JsonParser(head.format, shape);
  }

  add(block: Uint8Array): void {
    this.#parse(this.#rest.length === 0 ? block : this.#scratch.join(this.#rest, block), false);
  }

  /** Reads what is left; throws AppError `PAGE_INCOMPLETE` where the page is not what its answer said. */
  end(): void {
    this.#parse(this.#rest, true);
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
    // A copy, for the block is given back and the scratch is used again.
    this.#rest = bytes.slice(used);
  }
}

import {
  closeBrace,
  colon,
  comma,
  copyString,
  openBrace,
  openBracket,
  quote,
  scalarEnd,
  skipSpace,
  skipString,
  skipValue,
} from './json-scan.ts';
import { incomplete, unexpectedColumn } from './page-faults.ts';
import type { RowRecord } from './row-record.ts';

const letterN = 110;

/**
 * Reads one record object of a query or collection answer into a row. Salesforce writes a record's members
 * in the order asked for, so the next key is guessed and only compared; `attributes` and nested objects
 * (relationships, compound fields) are skipped.
 */
export class JsonRecordReader {
  readonly #keys: Uint8Array[];
  readonly #byName: Map<string, number>;
  readonly #copied = { end: 0 };

  constructor(columns: readonly string[]) {
    this.#keys = columns.map((name) => new TextEncoder().encode(name));
    this.#byName = new Map(columns.map((name, i) => [name, i]));
  }

  /** `start` is at the opening brace. Returns the position behind the closing one, or -1. */
  read(bytes: Uint8Array, start: number, end: number, record: RowRecord): number {
    record.begin();
    let guess = 0;
    let at = skipSpace(bytes, start + 1, end);
    if (bytes[at] === closeBrace && at < end) return at + 1;
    for (;;) {
      if (at >= end) return -1;
      if (bytes[at] !== quote) throw incomplete('its JSON has no key where one belongs');
      const keyStart = at + 1;
      let column = guess;
      let keyEnd = this.#matches(bytes, keyStart, end, guess);
      if (keyEnd < 0) {
        keyEnd = skipString(bytes, keyStart, end);
        if (keyEnd < 0) return -1;
        column = this.#columnOf(bytes, keyStart, keyEnd - 1);
      }
      at = skipSpace(bytes, keyEnd, end);
      if (at >= end) return -1;
      if (bytes[at] !== colon) throw incomplete('its JSON has no colon behind a key');
      at = skipSpace(bytes, at + 1, end);
      at = this.#readValue(bytes, at, end, record, column, keyStart, keyEnd - 1);
      if (at < 0) return -1;
      if (column >= 0) guess = column + 1;
      at = skipSpace(bytes, at, end);
      if (at >= end) return -1;
      if (bytes[at] === closeBrace) return at + 1;
      if (bytes[at] !== comma) throw incomplete('its JSON has no comma between two members');
      at = skipSpace(bytes, at + 1, end);
    }
  }

  #readValue(
    bytes: Uint8Array,
    start: number,
    end: number,
    record: RowRecord,
    column: number,
    keyStart: number,
    keyEnd: number,
  ): number {
    if (start >= end) return -1;
    const first = bytes[start]!;
    if (first === openBrace || first === openBracket) return skipValue(bytes, start, end);
    if (column < 0) {
      if (first === letterN) return scalarEnd(bytes, start, end);
      const name = new TextDecoder().decode(bytes.subarray(keyStart, keyEnd));
      throw unexpectedColumn(name, 'holds');
    }
    const from = record.end;
    if (first === quote) {
      const behind = copyString(bytes, start + 1, end, record.bytes, from, this.#copied);
      if (behind >= 0) record.close(column, from, this.#copied.end);
      return behind;
    }
    const behind = scalarEnd(bytes, start, end);
    if (behind < 0 || first === letterN) return behind;
    const out = record.bytes;
    let to = from;
    for (let at = start; at < behind; at++) out[to++] = bytes[at]!;
    record.close(column, from, to);
    return behind;
  }

  /** Where the key at `start` is that of column `guess`: the position behind its closing quote, else -1. */
  #matches(bytes: Uint8Array, start: number, end: number, guess: number): number {
    const key = this.#keys[guess];
    if (key === undefined) return -1;
    const length = key.length;
    if (start + length >= end || bytes[start + length] !== quote) return -1;
    for (let i = 0; i < length; i++) {
      if (bytes[start + i] !== key[i]) return -1;
    }
    return start + length + 1;
  }

  #columnOf(bytes: Uint8Array, start: number, end: number): number {
    return this.#byName.get(new TextDecoder().decode(bytes.subarray(start, end))) ?? -1;
  }
}

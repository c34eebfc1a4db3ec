import type { CellSink } from './cell-sink.ts';
import {
  backslash,
  closeBrace,
  colon,
  comma,
  copyString,
  isNull,
  openBrace,
  openBracket,
  quote,
  scalarEnd,
  skipSpace,
  skipString,
  skipValue,
} from './json-scan.ts';
import { incomplete, notOfItsType, unexpectedColumn } from './page-faults.ts';

/** Each record begins with it. */
const attributesKey = new TextEncoder().encode('"attributes":');

const letterN = 110;

/**
 * Reads one record object of a query or collection answer into a row. Salesforce writes a record's members
 * in the order asked for and without spaces, so the next member's `"Name":` is guessed and only compared;
 * `attributes` and nested objects (relationships, compound fields) are skipped where they are no column's.
 */
export class JsonRecordReader {
  readonly #names: readonly string[];
  /** `"Name":` of each column. */
  readonly #keys: Uint8Array[];
  readonly #byName: Map<string, number>;
  readonly #copied = { end: 0 };
  /** The column that the member at hand belongs to; -1 for one that is not asked for. */
  #column = 0;

  constructor(columns: readonly string[]) {
    this.#names = columns;
    this.#keys = columns.map((name) => new TextEncoder().encode(`"${name}":`));
    this.#byName = new Map(columns.map((name, i) => [name, i]));
  }

  /** `start` is at the opening brace. Returns the position behind the closing one, or -1. */
  read(bytes: Uint8Array, start: number, end: number, sink: CellSink): number {
    sink.begin();
    this.#column = -1;
    let guess = 0;
    let at = skipSpace(bytes, start + 1, end);
    if (at < end && bytes[at] === closeBrace) return at + 1;
    for (;;) {
      const value = this.#findValue(bytes, at, end, guess);
      if (value < 0 || value >= end) return -1;
      at = this.#readValue(bytes, value, end, sink);
      if (at < 0) return -1;
      if (this.#column >= 0) guess = this.#column + 1;
      if (at < end && bytes[at]! <= 32) at = skipSpace(bytes, at, end);
      if (at >= end) return -1;
      const separator = bytes[at];
      if (separator === closeBrace) return at + 1;
      if (separator !== comma) throw incomplete('its JSON has no comma between two members');
      at++;
    }
  }

  /** Reads a member's key into `#column` and returns where its value begins, or -1. */
  #findValue(bytes: Uint8Array, at: number, end: number, guess: number): number {
    const key = this.#keys[guess];
    if (key !== undefined) {
      const value = behind(key, bytes, at, end);
      if (value > 0) {
        this.#column = guess;
        return value;
      }
    }
    const value = behind(attributesKey, bytes, at, end);
    if (value < 0 || bytes[value] !== openBrace) return this.#readKey(bytes, at, end);
    this.#column = -1;
    return value;
  }

  /** Any key, spaces and all: returns where its value begins, or -1. */
  #readKey(bytes: Uint8Array, start: number, end: number): number {
    let at = skipSpace(bytes, start, end);
    if (at >= end) return -1;
    if (bytes[at] !== quote) throw incomplete('its JSON has no key where one belongs');
    const keyStart = at + 1;
    const keyEnd = skipString(bytes, keyStart, end);
    if (keyEnd < 0) return -1;
    at = skipSpace(bytes, keyEnd, end);
    if (at >= end) return -1;
    if (bytes[at] !== colon) throw incomplete('its JSON has no colon behind a key');
    at = skipSpace(bytes, at + 1, end);
    if (at >= end) return -1;
    const name = new TextDecoder().decode(bytes.subarray(keyStart, keyEnd - 1));
    this.#column = this.#byName.get(name) ?? -1;
    const first = bytes[at];
    const isPlain = first !== openBrace && first !== openBracket && first !== letterN;
    if (this.#column < 0 && isPlain) throw unexpectedColumn(name, 'holds');
    return at;
  }

  /** Returns the position behind the value, or -1. */
  #readValue(bytes: Uint8Array, start: number, end: number, sink: CellSink): number {
    const first = bytes[start]!;
    if (first === quote) {
      const from = sink.end;
      const next = copyPlain(bytes, start + 1, end, sink.bytes, from);
      if (next >= end) return -1;
      if (bytes[next] === quote) {
        sink.close(this.#column, from, from + (next - start - 1));
        return next + 1;
      }
      const closed = copyString(bytes, start + 1, end, sink.bytes, from, this.#copied);
      if (closed >= 0) sink.close(this.#column, from, this.#copied.end);
      return closed;
    }
    if (first === letterN) {
      if (isNull(bytes, start, end)) return start + 4;
      return this.#refuse(bytes, start, scalarEnd(bytes, start, end));
    }
    if (first === openBrace || first === openBracket)
      return this.#refuse(bytes, start, skipValue(bytes, start, end));
    const behindScalar = scalarEnd(bytes, start, end);
    if (behindScalar < 0) return -1;
    const from = sink.end;
    // Byte by byte, for a view would be an object for each cell.
    for (let i = start; i < behindScalar; i++) sink.bytes[from + i - start] = bytes[i]!;
    sink.close(this.#column, from, from + (behindScalar - start));
    return behindScalar;
  }

  /**
   * Behind a value that no cell can hold, and that may be left out only where it is no column's. `to`: where it ends, -1
   * while it is not whole.
   */
  #refuse(bytes: Uint8Array, from: number, to: number): number {
    const name = this.#names[this.#column];
    if (name === undefined || to < 0) return to;
    throw notOfItsType(name, bytes, from, to);
  }
}

/** Where `key` stands at `at`: the position behind it, else -1. */
function behind(key: Uint8Array, bytes: Uint8Array, at: number, end: number): number {
  const length = key.length;
  if (at + length > end) return -1;
  for (let i = 0; i < length; i++) {
    if (bytes[at + i] !== key[i]) return -1;
  }
  return at + length;
}

/** Copies up to the next quote or backslash; returns its position, or `end`. */
function copyPlain(bytes: Uint8Array, start: number, end: number, out: Uint8Array, to: number): number {
  let at = start;
  let p = to;
  while (at < end) {
    const byte = bytes[at]!;
    if (byte === quote || byte === backslash) break;
    out[p++] = byte;
    at++;
  }
  return at;
}

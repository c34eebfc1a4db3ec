import { isDate, isRecordId, mostCellBytes, normalizeTime } from './cell-form.ts';
import type { CellKind } from './cell-kind.ts';
import type { CellSink } from './cell-sink.ts';
import { malformed, notOfItsType } from './page-faults.ts';

/** Texts and times as text, booleans as 0 and 1. */
export type PlainCell = string | 0 | 1 | null;

/** Keeps a byte order mark: it is part of the text. */
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** Keeps a page's rows as plain values, an object for each: for stores that hold no more than a test does. */
export class PlainRows implements CellSink {
  readonly rows: PlainCell[][] = [];
  bytes = new Uint8Array(0);
  end = 0;
  readonly #kinds: readonly CellKind[];
  readonly #names: readonly string[];
  #row: PlainCell[] = [];
  #fault: Error | null = null;

  constructor(kinds: readonly CellKind[], names: readonly string[]) {
    this.#kinds = kinds;
    this.#names = names;
  }

  reserve(inputBytes: number): void {
    const room = inputBytes + 64 + 4 * this.#kinds.length;
    if (this.bytes.length < room) this.bytes = new Uint8Array(room);
  }

  begin(): void {
    this.end = 0;
    this.#row = this.#kinds.map(() => null);
    this.#fault = null;
  }

  close(column: number, from: number, to: number): void {
    this.end = to;
    this.#row[column] = to === from ? null : this.#valueOf(column, from, to);
  }

  isNull(column: number): boolean {
    return this.#row[column] === null;
  }

  isTrue(column: number): boolean {
    return this.#row[column] === 1;
  }

  holds(column: number, text: string): boolean {
    return this.#row[column] === text;
  }

  finish(): void {
    if (this.#fault !== null) throw this.#fault;
    this.rows.push(this.#row);
  }

  #valueOf(column: number, from: number, to: number): PlainCell {
    const { bytes } = this;
    const kind = this.#kinds[column];
    if (kind === 'boolean') {
      const first = String.fromCharCode(bytes[from]!).toLowerCase();
      if (!'tf01'.includes(first)) this.#refuse(column, from, to);
      return first === 't' || first === '1' ? 1 : 0;
    }
    let end = to;
    if (kind === 'datetime') end = normalizeTime(bytes, from, to);
    else if (kind === 'id' && !isRecordId(bytes, from, to)) end = -1;
    else if (kind === 'date' && !isDate(bytes, from, to)) end = -1;
    if (end < 0) {
      this.#refuse(column, from, to);
      end = to;
    }
    if (end - from > mostCellBytes) this.#fault ??= malformed(`a cell of ${this.#names[column]} is too long`);
    this.end = end;
    return decoder.decode(bytes.subarray(from, end));
  }

  #refuse(column: number, from: number, to: number): void {
    this.#fault ??= notOfItsType(this.#names[column] ?? `column ${column + 1}`, this.bytes, from, to);
  }
}

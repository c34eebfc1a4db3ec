import { isDate, isRecordId, mostCellBytes, normalizeTime } from '../../page/cell-form.ts';
import type { CellKind } from '../../page/cell-kind.ts';
import type { CellSink } from '../../page/cell-sink.ts';
import { malformed, notOfItsType } from '../../page/page-faults.ts';
import type { SharedBuffers } from '../../page/shared-buffers.ts';
import { writeVarintBefore } from './sqlite-varint.ts';

const kindCodes: Record<CellKind, number> = { text: 0, boolean: 1, datetime: 2, date: 3, id: 4 };

const serialNull = 0;
const serialZero = 8;
const serialOne = 9;
/** Serial type of a text of n bytes is 13 + 2n (SQLite file format, section 2.1). */
const serialText = 13;

const lowerF = 102;
const lowerT = 116;

/** Takes each finished row before the next one begins. */
export interface RecordTarget {
  add(record: RowRecord): void;
}

/**
 * Builds one row at a time in SQLite's record format, straight from the bytes that came off the wire: a
 * cell's bytes are UTF-8 there and here, so no string is ever made of them.
 */
export class RowRecord implements CellSink {
  bytes: Uint8Array;
  end = 0;
  readonly columns: number;
  /** The cells' serial types of the row under way. */
  readonly #types: Int32Array;
  readonly #kinds: Uint8Array;
  /** For the words of a fault. */
  readonly #names: readonly string[];
  readonly #target: RecordTarget;
  readonly #buffers: SharedBuffers;
  readonly #headerRoom: number;
  /** Where each cell's bytes lie, for a row whose cells did not come in the columns' order. */
  readonly #froms: Int32Array;
  readonly #ends: Int32Array;
  #lastColumn = -1;
  #inOrder = true;
  /** Told when the row is whole: cells that stand in the wrong columns are a row cut short, not this. */
  #fault: Error | null = null;
  start = 0;

  constructor(
    kinds: readonly CellKind[],
    target: RecordTarget,
    buffers: SharedBuffers,
    names: readonly string[] = [],
  ) {
    this.#target = target;
    this.#buffers = buffers;
    this.#names = names;
    this.columns = kinds.length;
    this.#kinds = Uint8Array.from(kinds, (kind) => kindCodes[kind]);
    this.#types = new Int32Array(kinds.length);
    this.#froms = new Int32Array(kinds.length);
    this.#ends = new Int32Array(kinds.length);
    // A serial type of a cell below 1 GB takes 5 bytes at most, and so does the header's own length.
    this.#headerRoom = 5 * kinds.length + 8;
    this.bytes = buffers.output(this.#headerRoom);
  }

  reserve(inputBytes: number): void {
    this.bytes = this.#buffers.output(this.#headerRoom + inputBytes + 64 + 4 * this.columns);
  }

  begin(): void {
    this.end = this.#headerRoom;
    this.#fault = null;
    this.#types.fill(serialNull);
    this.#lastColumn = -1;
    this.#inOrder = true;
  }

  close(column: number, from: number, to: number): void {
    // Most cells are texts, and this way short enough for V8 to put it into its callers.
    if (this.#kinds[column] !== 0 && to !== from) {
      this.#closeTyped(column, from, to);
      return;
    }
    this.#types[column] = to === from ? serialNull : serialText + 2 * (to - from);
    this.#place(column, from, to);
  }

  #place(column: number, from: number, end: number): void {
    this.end = end;
    if (column <= this.#lastColumn) this.#inOrder = false;
    this.#lastColumn = column;
    this.#froms[column] = from;
    this.#ends[column] = end;
  }

  #closeTyped(column: number, from: number, to: number): void {
    const kind = this.#kinds[column];
    if (kind === 1) {
      const first = this.bytes[from]! | 32;
      // 0 and 1 have the bit already.
      const isTrue = first === lowerT || first === 49;
      if (!isTrue && first !== lowerF && first !== 48) this.#fault ??= this.#notOfItsType(column, from, to);
      this.#types[column] = isTrue ? serialOne : serialZero;
      this.#place(column, from, from);
      return;
    }
    let end = to;
    if (kind === 2) end = normalizeTime(this.bytes, from, to);
    else if (!(kind === 4 ? isRecordId(this.bytes, from, to) : isDate(this.bytes, from, to))) end = -1;
    if (end < 0) {
      this.#fault ??= this.#notOfItsType(column, from, to);
      end = to;
    }
    this.#types[column] = serialText + 2 * (end - from);
    this.#place(column, from, end);
  }

  #name(column: number): string {
    return this.#names[column] ?? `column ${column + 1}`;
  }

  #notOfItsType(column: number, from: number, to: number): Error {
    return notOfItsType(this.#name(column), this.bytes, from, to);
  }

  holds(column: number, text: string): boolean {
    const from = this.#froms[column]!;
    if (this.#types[column] !== serialText + 2 * text.length) return false;
    for (let i = 0; i < text.length; i++) if (this.bytes[from + i] !== text.charCodeAt(i)) return false;
    return true;
  }

  isNull(column: number): boolean {
    return this.#types[column] === serialNull;
  }

  isTrue(column: number): boolean {
    return this.#types[column] === serialOne;
  }

  /** Writes the header before the cells; the finished record is `bytes[start, end)`. */
  finish(): void {
    if (this.#fault !== null) throw this.#fault;
    if (this.end - this.#headerRoom > mostCellBytes) this.#assertCellLengths();
    if (!this.#inOrder) this.#sortCells();
    const { bytes } = this;
    const types = this.#types;
    let p = this.#headerRoom;
    for (let i = types.length - 1; i >= 0; i--) {
      const type = types[i]!;
      if (type < 128) bytes[--p] = type;
      else p = writeVarintBefore(bytes, p, type);
    }
    const cells = this.#headerRoom - p;
    // The header's length counts its own varint.
    const length = cells + (cells + 1 < 128 ? 1 : cells + 2 < 16_384 ? 2 : 3);
    this.start = writeVarintBefore(bytes, p, length);
    this.#target.add(this);
  }

  #assertCellLengths(): void {
    for (let column = 0; column < this.columns; column++) {
      if (this.#ends[column]! - this.#froms[column]! <= mostCellBytes || this.#types[column]! < serialText)
        continue;
      throw malformed(`a cell of ${this.#name(column)} is too long`);
    }
  }

  /** JSON names its members, so they may come in any order, while a record's cells have none but their own. */
  #sortCells(): void {
    const cells = this.bytes.slice(this.#headerRoom, this.end);
    let to = this.#headerRoom;
    for (let i = 0; i < this.columns; i++) {
      if (this.#types[i]! < serialText) continue;
      const from = this.#froms[i]! - this.#headerRoom;
      const cell = cells.subarray(from, this.#ends[i]! - this.#headerRoom);
      this.bytes.set(cell, to);
      to += cell.length;
    }
    this.end = to;
  }
}

import type { CellSink } from './cell-sink.ts';
import { incomplete, unexpectedColumn } from './page-faults.ts';
import type { PageParser, PageShape } from './page-parser.ts';

const quote = 34;
const comma = 44;
const lineFeed = 10;
const carriageReturn = 13;

/**
 * A bulk result page: RFC 4180 with LF or CRLF and a header line that names the columns (Bulk API 2.0,
 * "Get Results for a Query Job"). An empty cell is null.
 */
export class CsvParser implements PageParser {
  columns: readonly string[] = [];
  rows = 0;
  readonly absent = 0;
  dead = 0;
  readonly done = true;
  readonly totalSize = null;
  readonly #shape: PageShape;
  #sink: CellSink | null = null;
  #required: number[] = [];
  #deletedColumn = -1;

  constructor(shape: PageShape) {
    this.#shape = shape;
  }

  parse(bytes: Uint8Array, end: number, last: boolean): number {
    let at = 0;
    if (this.#sink === null) {
      at = this.#readHeader(bytes, end, last);
      if (this.#sink === null) return at;
    }
    const sink: CellSink = this.#sink;
    sink.reserve(end - at);
    for (;;) {
      const next = readRow(bytes, at, end, last, sink, this.columns.length);
      if (next < 0) return at;
      for (const column of this.#required) {
        if (sink.isNull(column)) throw incomplete(`row ${this.rows + 1} has no ${this.columns[column]}`);
      }
      if (this.#deletedColumn >= 0 && sink.isTrue(this.#deletedColumn)) this.dead++;
      sink.finish();
      this.rows++;
      at = next;
    }
  }

  finish(): void {
    // A job without rows may answer with an empty body; then there are the columns that were asked for.
    if (this.#sink === null) this.#open(this.#shape.fields);
  }

  #readHeader(bytes: Uint8Array, end: number, last: boolean): number {
    const lineEnd = bytes.subarray(0, end).indexOf(lineFeed);
    if (lineEnd < 0 && !last) return 0;
    const stop = lineEnd < 0 ? end : lineEnd;
    let line = new TextDecoder().decode(bytes.subarray(0, stop)).trimEnd();
    if (line.startsWith('\uFEFF')) line = line.slice(1);
    if (line === '') {
      if (lineEnd >= 0 && end > lineEnd + 1) throw incomplete('its header line is empty');
      return end;
    }
    const names = line.split(',').map((name) => name.replace(/^"(.*)"$/, '$1'));
    for (const name of names) {
      if (this.#shape.kindOf(name) === undefined) throw unexpectedColumn(name, 'holds');
    }
    for (const field of this.#shape.fields) {
      if (!names.includes(field)) throw unexpectedColumn(field, 'lacks');
    }
    if (new Set(names).size !== names.length) throw incomplete('its header line names a column twice');
    this.#open(names);
    return lineEnd < 0 ? end : lineEnd + 1;
  }

  #open(names: readonly string[]): void {
    this.columns = names;
    this.#sink = this.#shape.openSink(names);
    this.#required = [names.indexOf('Id'), names.indexOf('SystemModstamp')];
    this.#deletedColumn = names.indexOf('IsDeleted');
  }
}

/** Returns where the next row begins, or -1 where this one is not all there. */
function readRow(
  bytes: Uint8Array,
  start: number,
  end: number,
  last: boolean,
  sink: CellSink,
  columns: number,
): number {
  if (start >= end) return -1;
  sink.begin();
  const out = sink.bytes;
  let at = start;
  let column = 0;
  for (;;) {
    // More than half of a contact's cells are empty: null already, and nothing to close. The row's last cell and what
    // may be cut off take the long way.
    while (
      at + 2 < end &&
      column + 1 < columns &&
      bytes[at] === quote &&
      bytes[at + 1] === quote &&
      bytes[at + 2] === comma
    ) {
      at += 3;
      column++;
    }
    let to = sink.end;
    const from = to;
    if (bytes[at] === quote && at < end) {
      at++;
      for (;;) {
        if (at >= end) {
          if (last) throw incomplete('it ends in the middle of a row');
          return -1;
        }
        const byte = bytes[at++]!;
        if (byte !== quote) out[to++] = byte;
        else if (at < end && bytes[at] === quote) {
          out[to++] = quote;
          at++;
        } else break;
      }
    } else {
      while (at < end) {
        const byte = bytes[at]!;
        if (byte === comma || byte === lineFeed || byte === carriageReturn) break;
        out[to++] = byte;
        at++;
      }
    }
    if (column >= columns) throw incomplete(`a row has more than ${columns} cells`);
    // The byte after a cell decides whether a quote was its end, so it must be there, or nothing more come.
    if (at >= end) {
      if (!last) return -1;
      sink.close(column, from, to);
      if (column + 1 !== columns) throw incomplete('it ends in the middle of a row');
      return end;
    }
    sink.close(column++, from, to);
    const separator = bytes[at];
    if (separator === comma) {
      at++;
      continue;
    }
    if (separator === carriageReturn) {
      if (at + 1 >= end && !last) return -1;
      if (bytes[at + 1] === lineFeed) at++;
    } else if (separator !== lineFeed) throw incomplete('a quoted cell is followed by other text');
    if (column !== columns) throw incomplete(`a row has ${column} cells where ${columns} were announced`);
    return at + 1;
  }
}

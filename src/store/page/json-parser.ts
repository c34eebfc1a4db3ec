import type { CellSink } from './cell-sink.ts';
import { JsonRecordReader } from './json-record.ts';
import {
  closeBrace,
  closeBracket,
  colon,
  comma,
  isNull,
  openBrace,
  openBracket,
  quote,
  scalarEnd,
  skipSpace,
  skipString,
  skipValue,
} from './json-scan.ts';
import { incomplete, malformed, unexpectedColumn } from './page-faults.ts';
import type { PageParser, PageShape } from './page-parser.ts';

const letterN = 110;

/** `start`: before the first byte. `outer`: among the answer's own members. `rows`: in the array. */
type Place = 'start' | 'outer' | 'rows' | 'end';

/**
 * A REST query answer (`{totalSize,done,nextRecordsUrl?,records:[…]}`) or a collections retrieve answer (an
 * array, `null` for an id that is not there), read while it arrives.
 */
export class JsonParser implements PageParser {
  readonly columns: readonly string[];
  rows = 0;
  absent = 0;
  dead = 0;
  done = true;
  totalSize: number | null = null;
  #place: Place = 'start';
  #sawRecords = false;
  readonly #format: 'query' | 'collection';
  readonly #reader: JsonRecordReader;
  readonly #sink: CellSink;
  readonly #required: readonly number[];
  readonly #deletedColumn: number;
  readonly #ids: readonly string[] | undefined;

  constructor(format: 'query' | 'collection', shape: PageShape, ids?: readonly string[]) {
    this.#ids = ids;
    for (const field of shape.fields) {
      if (shape.kindOf(field) === undefined) throw unexpectedColumn(field, 'was asked for');
    }
    this.#format = format;
    this.columns = shape.fields;
    this.#reader = new JsonRecordReader(shape.fields);
    this.#sink = shape.openSink(shape.fields);
    this.#required = [shape.fields.indexOf('Id'), shape.fields.indexOf('SystemModstamp')];
    this.#deletedColumn = shape.fields.indexOf('IsDeleted');
  }

  parse(bytes: Uint8Array, end: number): number {
    this.#sink.reserve(end);
    let at = 0;
    for (;;) {
      const next = this.#step(bytes, skipSpace(bytes, at, end), end);
      if (next < 0) return at;
      at = next;
    }
  }

  finish(): void {
    if (this.#place !== 'end') throw incomplete('its JSON ends in the middle');
    if (this.#format === 'query' && !this.#sawRecords) throw incomplete('it holds no records member');
  }

  #step(bytes: Uint8Array, at: number, end: number): number {
    if (at >= end) return -1;
    switch (this.#place) {
      case 'start':
        return this.#open(bytes[at]!, at);
      case 'outer':
        return this.#readMember(bytes, at, end);
      case 'rows':
        return this.#readItem(bytes, at, end);
      case 'end':
        throw incomplete('something follows its JSON');
    }
  }

  #open(byte: number, at: number): number {
    if (byte !== (this.#format === 'query' ? openBrace : openBracket)) {
      throw incomplete('it is not the JSON that was expected');
    }
    this.#place = this.#format === 'query' ? 'outer' : 'rows';
    return at + 1;
  }

  #readMember(bytes: Uint8Array, start: number, end: number): number {
    const first = bytes[start]!;
    if (first === comma) return start + 1;
    if (first === closeBrace) {
      this.#place = 'end';
      return start + 1;
    }
    if (first !== quote) throw incomplete('its JSON has no key where one belongs');
    const keyEnd = skipString(bytes, start + 1, end);
    if (keyEnd < 0) return -1;
    const key = new TextDecoder().decode(bytes.subarray(start + 1, keyEnd - 1));
    let at = skipSpace(bytes, keyEnd, end);
    if (at >= end) return -1;
    if (bytes[at] !== colon) throw incomplete('its JSON has no colon behind a key');
    at = skipSpace(bytes, at + 1, end);
    if (at >= end) return -1;
    if (key === 'records' && bytes[at] === openBracket) {
      this.#place = 'rows';
      this.#sawRecords = true;
      return at + 1;
    }
    if (key !== 'totalSize' && key !== 'done') return skipValue(bytes, at, end);
    const valueEnd = scalarEnd(bytes, at, end);
    if (valueEnd < 0) return -1;
    const value = new TextDecoder().decode(bytes.subarray(at, valueEnd));
    if (key === 'done') {
      if (value !== 'true' && value !== 'false') throw malformed(`done is ${value.slice(0, 40)}`);
      this.done = value === 'true';
    } else if (/^\d{1,10}$/.test(value)) this.totalSize = Number(value);
    else throw malformed(`totalSize is ${value.slice(0, 40)}`);
    return valueEnd;
  }

  #readItem(bytes: Uint8Array, at: number, end: number): number {
    const first = bytes[at]!;
    if (first === comma) return at + 1;
    if (first === closeBracket) {
      this.#place = this.#format === 'query' ? 'outer' : 'end';
      return at + 1;
    }
    if (first === letterN) {
      const behind = scalarEnd(bytes, at, end);
      if (behind < 0) return -1;
      if (behind !== at + 4 || !isNull(bytes, at, end))
        throw incomplete('its rows hold something that is no record');
      this.absent++;
      return behind;
    }
    if (first !== openBrace) throw incomplete('its rows hold something that is no record');
    const sink = this.#sink;
    const behind = this.#reader.read(bytes, at, end, sink);
    if (behind < 0) return -1;
    for (const column of this.#required) {
      if (sink.isNull(column)) throw incomplete(`row ${this.rows + 1} has no ${this.columns[column]}`);
    }
    const asked = this.#ids?.[this.rows + this.absent];
    // Another contact in its place would pass for it, and the one asked for would be missed.
    if (asked !== undefined && !sink.holds(this.#required[0]!, asked)) {
      throw malformed(`row ${this.rows + this.absent + 1} is another contact than the one asked for`);
    }
    if (this.#deletedColumn >= 0 && sink.isTrue(this.#deletedColumn)) this.dead++;
    sink.finish();
    this.rows++;
    return behind;
  }
}

import type { AppError } from '../../base/errors.ts';
import { inputFault } from './input-fault.ts';
import { lineBreaksIn } from './line-count.ts';

export interface CsvRow {
  cells: string[];
  /** Line on which it begins, from 1. */
  line: number;
}

export interface CsvReaderOptions {
  source: string;
  delimiter: string;
  /** Line of the first piece, from 1. */
  line: number;
}

/**
 * Far above the longest field of Salesforce (131,072 characters), so that only a quote that was not closed comes
 * here, and before it fills the memory.
 */
export const longestCell = 10_000_000;

/** A cell of no more characters is not waited for longer than it takes. */
const usualCell = 256 * 1024;

const quote = 34;
const space = 32;
const tab = 9;
const lineFeed = 10;
const carriageReturn = 13;

/** No object of Salesforce has a tenth of it in fields. */
const mostCells = 10_000;

/**
 * CSV (RFC 4180) as people have it: `\r\n`, `\n` and `\r` end a row, mixed too; blanks around a quoted cell are
 * no part of it; a quote within a cell that is not quoted is a character like others. Ours rather than csv-parse,
 * which counts `\r\n` in quotes as two lines and knows neither where an open quote began nor a bound for it.
 */
export class CsvReader {
  readonly #source: string;
  readonly #delimiter: string;
  readonly #delimiterCode: number;
  #text = '';
  /** Pieces that a long cell has still to be looked for its end in. */
  #held: string[] = [];
  #heldLength = 0;
  /** No more text will come. */
  #last = false;
  #nextMark: (from: number) => number = () => 0;
  /** Where the cell under way begins, and the line of that place. */
  #cellStart = 0;
  #line: number;
  #rowLine: number;
  #cells: string[] = [];
  /** Where the cell's opening quote is (-1 where it has none), and where to look on for the closing one. */
  #open = -1;
  #lookFrom = 0;

  constructor({ source, delimiter, line }: CsvReaderOptions) {
    this.#source = source;
    this.#delimiter = delimiter;
    this.#delimiterCode = delimiter.charCodeAt(0);
    this.#line = line;
    this.#rowLine = line;
  }

  /** The rows that `piece` completes; the last piece ends the last row. Throws `INVALID_INPUT`. */
  read(piece: string, last: boolean): CsvRow[] {
    this.#held.push(piece);
    this.#heldLength += piece.length;
    // Whoever looks into a text that has grown copies all of it.
    const begun = this.#text.length - (this.#open >= 0 ? this.#open : this.#cellStart);
    const isLong = this.#heldLength < begun / 4 - usualCell;
    if (isLong && !last) return [];
    this.#text = this.#text.slice(this.#cellStart) + this.#held.join('');
    this.#held = [];
    this.#heldLength = 0;
    this.#last = last;
    if (this.#open >= 0) this.#open -= this.#cellStart;
    this.#lookFrom -= this.#cellStart;
    this.#cellStart = 0;
    this.#nextMark = createFinder(this.#text, this.#delimiter);
    const rows: CsvRow[] = [];
    // A line end at the end of the text begins no row, a delimiter there begins a cell.
    while (this.#cellStart < this.#text.length || (last && this.#cells.length > 0)) {
      const cell = this.#nextCell();
      if (cell === null) break;
      this.#addCell(cell.text);
      const code = this.#text.charCodeAt(cell.end);
      const isPair = code === carriageReturn && this.#text.charCodeAt(cell.end + 1) === lineFeed;
      this.#cellStart = Math.min(cell.end + (isPair ? 2 : 1), this.#text.length);
      if (code !== this.#delimiterCode) rows.push(this.#endRow());
    }
    return rows;
  }

  #nextCell(): Cell | null {
    if (this.#open < 0) {
      const at = this.#skipBlanks(this.#cellStart);
      if (at === this.#text.length && !this.#last) return null;
      if (this.#text.charCodeAt(at) === quote) {
        this.#open = at;
        this.#lookFrom = at + 1;
      }
    }
    return this.#open >= 0 ? this.#quotedCell() : this.#plainCell();
  }

  #plainCell(): Cell | null {
    const end = this.#nextMark(this.#cellStart);
    this.#refuseLong(end - this.#cellStart, 'this cell is longer than', endIt);
    return this.#isCut(end) ? null : { text: this.#text.slice(this.#cellStart, end), end };
  }

  #quotedCell(): Cell | null {
    const close = this.#closingQuote();
    if (close < 0) {
      if (this.#last) throw this.#fault(this.#line, 'the quote that opens here is never closed', closeIt);
      this.#refuseLong(
        this.#text.length - this.#open,
        'the quote that opens here is not closed within',
        closeIt,
      );
      return null;
    }
    const end = this.#skipBlanks(close + 1);
    if (this.#isCut(end)) return null;
    const raw = this.#text.slice(this.#open + 1, close);
    const breaks = lineBreaksIn(raw);
    if (end < this.#text.length && !this.#endsCell(this.#text.charCodeAt(end))) {
      const opened = breaks === 0 ? '' : ` (its quote opened on line ${this.#line})`;
      throw this.#fault(
        this.#line + breaks,
        `text follows the quote that closes a cell${opened}`,
        'A quote within a quoted cell is doubled: "the ""old"" one".',
      );
    }
    this.#line += breaks;
    this.#open = -1;
    return { text: raw.includes('"') ? raw.replaceAll('""', '"') : raw, end };
  }

  /** -1 where it is still to come. */
  #closingQuote(): number {
    const text = this.#text;
    for (;;) {
      const at = text.indexOf('"', this.#lookFrom);
      this.#lookFrom = at < 0 ? text.length : at;
      // What follows a quote at the end of the piece decides whether it is one of a pair.
      if (at < 0 || (at + 1 === text.length && !this.#last)) return -1;
      if (text.charCodeAt(at + 1) !== quote) return at;
      this.#lookFrom = at + 2;
    }
  }

  #skipBlanks(from: number): number {
    let at = from;
    for (; at < this.#text.length; at++) {
      const code = this.#text.charCodeAt(at);
      if ((code !== space && code !== tab) || code === this.#delimiterCode) break;
    }
    return at;
  }

  /** Whether more text may still change what ends at `end`: a `\r` may be the first half of a line end. */
  #isCut(end: number): boolean {
    if (this.#last) return false;
    const length = this.#text.length;
    return end === length || (end + 1 === length && this.#text.charCodeAt(end) === carriageReturn);
  }

  #endsCell(code: number): boolean {
    return code === this.#delimiterCode || code === lineFeed || code === carriageReturn;
  }

  #addCell(cell: string): void {
    if (this.#cells.length === mostCells) {
      const reason = `a row has more than ${mostCells.toLocaleString('en-US')} cells`;
      throw inputFault(
        { source: this.#source, line: this.#rowLine },
        reason,
        'End each record with a line end.',
      );
    }
    this.#cells.push(cell);
  }

  #endRow(): CsvRow {
    const row = { cells: this.#cells, line: this.#rowLine };
    this.#cells = [];
    this.#line++;
    this.#rowLine = this.#line;
    return row;
  }

  #refuseLong(length: number, what: string, hint: string): void {
    if (length <= longestCell) return;
    throw this.#fault(this.#line, `${what} ${longestCell.toLocaleString('en-US')} characters`, hint);
  }

  #fault(line: number, reason: string, hint: string): AppError {
    return inputFault({ source: this.#source, line, column: this.#cells.length + 1 }, reason, hint);
  }
}

interface Cell {
  text: string;
  /** Where the delimiter or line end after it stands. */
  end: number;
}

const closeIt = 'Close the quote, or double it where the cell is to hold one.';
const endIt =
  'No field of Salesforce is as long: end each record with a line end, and look at the delimiter.';

/** The next delimiter or line end at or after a place that only moves on; the text's length where there is none. */
function createFinder(text: string, delimiter: string): (from: number) => number {
  const marks = [delimiter, '\n', '\r'];
  const found = marks.map(() => -1);
  return (from) => {
    let nearest = text.length;
    for (let mark = 0; mark < marks.length; mark++) {
      if (found[mark]! < from) {
        const at = text.indexOf(marks[mark]!, from);
        found[mark] = at < 0 ? text.length : at;
      }
      if (found[mark]! < nearest) nearest = found[mark]!;
    }
    return nearest;
  };
}

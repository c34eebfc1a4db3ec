import { inputFault } from './input-fault.ts';
import { lineBreaksIn } from './line-count.ts';

export interface CsvRow {
  cells: string[];
  /** Line on which it begins, from 1. */
  line: number;
}

/** Reads pieces of text and answers the rows that they complete; the last piece ends the last row. */
export type CsvReader = (piece: string, last: boolean) => CsvRow[];

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
 * Throws `INVALID_INPUT`.
 */
export function createCsvReader({ source, delimiter, line: firstLine }: CsvReaderOptions): CsvReader {
  const delimiterCode = delimiter.charCodeAt(0);
  let text = '';
  let last = false;
  /** Where the cell under way begins, and the line of that place. */
  let cellStart = 0;
  let line = firstLine;
  let rowLine = firstLine;
  let cells: string[] = [];
  /** Where the cell's opening quote is (-1 where it has none), and where to look on for the closing one. */
  let open = -1;
  let lookFrom = 0;
  let nextMark = createFinder('', delimiter);

  const skipBlanks = (from: number): number => {
    let at = from;
    for (; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if ((code !== space && code !== tab) || code === delimiterCode) break;
    }
    return at;
  };
  const endsCell = (code: number) => code === delimiterCode || code === lineFeed || code === carriageReturn;
  const fault = (faultLine: number, reason: string, hint: string) =>
    inputFault({ source, line: faultLine, column: cells.length + 1 }, reason, hint);
  const refuseLong = (length: number) => {
    if (length <= longestCell) return;
    const most = `${longestCell.toLocaleString('en-US')} characters`;
    const reason =
      open >= 0
        ? `the quote that opens here is not closed within ${most}`
        : `this cell is longer than ${most}`;
    throw fault(line, reason, closeIt);
  };

  /** The quote that closes the cell, or -1 where it is still to come. */
  const closingQuote = (): number => {
    for (;;) {
      const at = text.indexOf('"', lookFrom);
      if (at < 0) {
        lookFrom = text.length;
        return -1;
      }
      lookFrom = at;
      // What follows a quote at the end of the piece decides whether it is one of a pair.
      if (at + 1 === text.length && !last) return -1;
      if (text.charCodeAt(at + 1) !== quote) return at;
      lookFrom = at + 2;
    }
  };

  /** The quoted cell and where it ends, or null where its end is still to come. */
  const quotedCell = (): { cell: string; end: number } | null => {
    const close = closingQuote();
    if (close < 0) {
      if (last) throw fault(line, 'the quote that opens here is never closed', closeIt);
      refuseLong(text.length - open);
      return null;
    }
    const end = skipBlanks(close + 1);
    if (isCut(end)) return null;
    const raw = text.slice(open + 1, close);
    const breaks = lineBreaksIn(raw);
    if (end < text.length && !endsCell(text.charCodeAt(end))) {
      throw fault(
        line + breaks,
        `text follows the quote that closes a cell${breaks === 0 ? '' : ` (its quote opened on line ${line})`}`,
        'A quote within a quoted cell is doubled: "the ""old"" one".',
      );
    }
    line += breaks;
    open = -1;
    return { cell: raw.includes('"') ? raw.replaceAll('""', '"') : raw, end };
  };

  const plainCell = (): { cell: string; end: number } | null => {
    const end = nextMark(cellStart);
    refuseLong(end - cellStart);
    return isCut(end) ? null : { cell: text.slice(cellStart, end), end };
  };

  /** Whether more text may still change what ends at `end`: a `\r` may be the first half of a line end. */
  const isCut = (end: number): boolean =>
    !last && (end === text.length || (end + 1 === text.length && text.charCodeAt(end) === carriageReturn));

  const nextCell = (): { cell: string; end: number } | null => {
    if (open < 0) {
      const at = skipBlanks(cellStart);
      if (at === text.length && !last) return null;
      if (text.charCodeAt(at) === quote) {
        open = at;
        lookFrom = at + 1;
      }
    }
    return open >= 0 ? quotedCell() : plainCell();
  };

  const addCell = (cell: string) => {
    if (cells.length === mostCells) {
      const reason = `a row has more than ${mostCells.toLocaleString('en-US')} cells`;
      throw inputFault({ source, line: rowLine }, reason, 'End each record with a line end.');
    }
    cells.push(cell);
  };
  const endRow = (): CsvRow => {
    const row = { cells, line: rowLine };
    cells = [];
    line++;
    rowLine = line;
    return row;
  };

  return (piece, isLast) => {
    text = text.slice(cellStart) + piece;
    last = isLast;
    if (open >= 0) open -= cellStart;
    lookFrom -= cellStart;
    cellStart = 0;
    nextMark = createFinder(text, delimiter);
    const rows: CsvRow[] = [];
    // A line end at the end of the text begins no row, a delimiter there begins a cell.
    while (cellStart < text.length || (last && cells.length > 0)) {
      const next = nextCell();
      if (next === null) break;
      addCell(next.cell);
      const code = text.charCodeAt(next.end);
      const lineEnd = code === carriageReturn && text.charCodeAt(next.end + 1) === lineFeed ? 2 : 1;
      cellStart = Math.min(next.end + lineEnd, text.length);
      if (code !== delimiterCode) rows.push(endRow());
    }
    return rows;
  };
}

const closeIt = 'Close the quote, or double it where the cell is to hold one.';

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

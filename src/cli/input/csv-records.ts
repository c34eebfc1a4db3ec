import { CsvError, parse } from 'csv-parse/sync';
import type { PushRecord } from '../../app/contract/push.ts';
import { AppError } from '../../base/errors.ts';
import { ownRejectColumns } from './reject-columns.ts';

/**
 * Records of a CSV text with a header line of field names; comma, semicolon or tab, as the header has it. As in
 * Bulk API 2.0, an empty cell leaves its field alone and `#N/A` clears it. Throws AppError `INVALID_INPUT`.
 */
export function parseCsvRecords(text: string, source: string): PushRecord[] {
  const [header, ...rows] = parseRows(text, source);
  if (header === undefined) return [];
  const names = header.record.map((name) => name.trim());
  checkHeader(names, source);
  return rows.map(({ record, line }, index) => ({
    source,
    index,
    line,
    fields: Object.fromEntries(fieldsOf(names, record)),
    untyped: true,
  }));
}

function* fieldsOf(names: readonly string[], cells: readonly string[]): Generator<[string, string | null]> {
  for (const [at, name] of names.entries()) {
    const cell = cells[at] ?? '';
    if (cell === '' || ownRejectColumns.some((own) => own === name)) continue;
    yield [name, cell === '#N/A' ? null : cell];
  }
}

interface CsvRow {
  record: string[];
  /** Line on which the row begins, from 1. */
  line: number;
}

function parseRows(text: string, source: string): CsvRow[] {
  try {
    const rows = parse(text, {
      delimiter: delimiterOf(text),
      bom: true,
      info: true,
      skip_empty_lines: true,
    }) as unknown as { record: string[]; info: { lines: number } }[];
    // csv-parse tells the line on which a row ends.
    return rows.map(({ record, info }) => ({ record, line: info.lines - lineBreaksIn(record) }));
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const line = typeof error.lines === 'number' ? error.lines : null;
    throw new AppError(
      'INVALID_INPUT',
      `${source}${line === null ? '' : `, line ${line}`}: ${reasonOf(error)}.`,
      {
        hint: 'Nothing was sent. Mend the input; CSV has a header line of field names and as many cells in each row.',
        details: { source, line },
        cause: error,
      },
    );
  }
}

function lineBreaksIn(cells: readonly string[]): number {
  return cells.reduce((sum, cell) => sum + (cell.match(/\r\n|\n|\r/g)?.length ?? 0), 0);
}

function reasonOf(error: CsvError): string {
  switch (error.code) {
    case 'CSV_RECORD_INCONSISTENT_FIELDS_LENGTH':
    case 'CSV_RECORD_INCONSISTENT_COLUMNS':
      return 'the row has another number of cells than the header';
    case 'CSV_QUOTE_NOT_CLOSED':
      return 'a quoted cell does not end';
    case 'CSV_INVALID_CLOSING_QUOTE':
    case 'INVALID_OPENING_QUOTE':
      return 'a quote stands inside a cell that is not quoted, or text follows a closing quote';
    default:
      return error.message.replace(/\.$/, '');
  }
}

/** Spreadsheets of countries with a decimal comma write semicolons. */
function delimiterOf(text: string): string {
  const header = text.slice(0, text.search(/\r|\n|$/));
  if (header.includes(',')) return ',';
  return [';', '\t'].find((candidate) => header.includes(candidate)) ?? ',';
}

function checkHeader(names: readonly string[], source: string): void {
  const empty = names.indexOf('');
  const twice = names.find(
    (name, at) => names.findIndex((n) => n.toLowerCase() === name.toLowerCase()) !== at,
  );
  const problem =
    empty >= 0
      ? `column ${empty + 1} has no name`
      : twice === undefined
        ? null
        : `column "${twice}" is there twice`;
  if (problem === null) return;
  throw new AppError('INVALID_INPUT', `${source}, line 1: ${problem}.`, {
    hint: 'Nothing was sent. The first line names a field of Contact for each column, as FirstName,LastName,Email.',
    details: { source, line: 1 },
  });
}

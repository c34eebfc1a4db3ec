import type { PushRecord, RecordNote } from '../../contract/push.ts';
import { type CsvColumn, csvColumns } from './csv-columns.ts';
import { csvDialect } from './csv-delimiter.ts';
import { CsvReader, type CsvRow } from './csv-rows.ts';
import { inputFault } from './input-fault.ts';
import { lineBreaksIn } from './line-count.ts';
import { otherObject, twoValues } from './record-notes.ts';
import type { RecordsOptions } from './records-options.ts';
import { takeOwnColumn } from './reject-columns.ts';
import { setMember } from './set-member.ts';
import { asFooter } from './table-footer.ts';

/**
 * Records of a CSV text with a header line. As in Bulk API 2.0, an empty cell leaves its field alone and `#N/A`
 * clears it. Rows of empty cells are skipped and counted. Throws AppError `INVALID_INPUT`.
 */
export async function* csvRecords(
  texts: AsyncIterable<string>,
  options: RecordsOptions,
): AsyncGenerator<PushRecord[], void, undefined> {
  const table = createTable(options);
  let head = '';
  let reader: CsvReader | null = null;
  const rowsOf = (text: string, last: boolean): CsvRow[] => {
    if (reader !== null) return reader.read(text, last);
    head += text;
    const dialect = csvDialect(head, last);
    if (dialect === null) return [];
    const { delimiter, skip } = dialect;
    const line = 1 + lineBreaksIn(head.slice(0, skip));
    reader = new CsvReader({ source: options.source, delimiter, line });
    table.decimalComma = delimiter === ';';
    options.notes.form.semicolons ||= table.decimalComma;
    return reader.read(head.slice(skip), last);
  };
  for await (const text of texts) yield table.take(rowsOf(text, false));
  yield table.take(rowsOf('', true));
  table.end();
}

const equals = 61;
const hash = 35;

function createTable({ source, map, notes }: RecordsOptions): {
  decimalComma: boolean;
  take(rows: CsvRow[]): PushRecord[];
  end(): void;
} {
  let columns: CsvColumn[] | null = null;
  let names: readonly string[] = [];
  let header: CsvRow = { cells: [], line: 1 };
  const formulas: { cells: number; first: { line: number; text: string } | null } = { cells: 0, first: null };
  let index = 0;
  let blank = 0;
  /** Rejects files have no line under their table. */
  let isRejects = false;
  let last: PushRecord | null = null;
  const recordOf = (own: readonly CsvColumn[], row: CsvRow): PushRecord | null => {
    if (isBlank(row.cells)) {
      // A line without a character is no record in anybody's CSV.
      if (row.cells.length > 1 || row.cells[0] !== '') blank++;
      return null;
    }
    checkLength(row, header, index, source);
    if (index === 0) refuseRule(row, source);
    const record: PushRecord = { source, index, line: row.line, fields: {}, untyped: true };
    const { faults, odd } = takeCells(record, row, own);
    if (map.fields.size > 0) record.mapped = map.fields;
    if (table.decimalComma) record.decimalComma = true;
    record.header = names;
    if (faults.length > 0) record.faults = faults;
    if (odd.length > 0) {
      formulas.first ??= { line: row.line, text: row.cells[odd[0]!]!.trim().slice(0, 40) };
      formulas.cells += odd.length;
    }
    index++;
    last = isRejects ? null : record;
    return record;
  };
  const table = {
    decimalComma: false,
    take(rows: CsvRow[]) {
      const records: PushRecord[] = [];
      for (const row of rows) {
        if (columns === null) {
          if (isBlank(row.cells)) continue;
          columns = csvColumns(row.cells, row.line, source, map);
          header = row;
          isRejects = columns.some(({ kind }) => kind === 'own');
          notes.form.mapped ||= columns.some((column) => column.kind === 'own' && column.name === '_mapped');
          names = columns.flatMap((column) => (column.kind === 'field' ? [column.name] : []));
          continue;
        }
        const record = recordOf(columns, row);
        if (record !== null) records.push(record);
      }
      return records;
    },
    end() {
      const unnamed = columns?.filter(({ kind }) => kind === 'unnamed').length ?? 0;
      notes.blankRecords(source, blank);
      notes.unnamedColumns(source, unnamed);
      if (formulas.first !== null) notes.formulas(source, formulas.cells, formulas.first);
      if (last !== null) lookForFooter(last, notes);
      if (index === 0 && columns !== null) {
        const isKnown = columns.some((column) => column.kind !== 'unnamed' && !isOfItsName(column));
        notes.headerOnly({ source, line: header.line, names, isKnown });
      }
    },
  };
  return table;
}

/** A last record that says the number of those above it is none; another may be somebody's name. */
function lookForFooter({ source, index, line, fields }: PushRecord, notes: RecordsOptions['notes']): void {
  const [text, ...others] = Object.values(fields);
  if (typeof text !== 'string' || others.length > 0 || index === 0) return;
  const footer = asFooter(text);
  if (footer === null) return;
  if (footer.counts !== index) {
    notes.footer(source, line ?? 0, text.trim());
    return;
  }
  throw inputFault(
    { source, line: line ?? 0, index },
    `"${text.trim()}" counts the records above it, and is none itself`,
    'Take the row out.',
  );
}

/** Whether a column stands for a field of the very name that the header has. */
function isOfItsName(column: CsvColumn): boolean {
  return column.kind === 'field' && !column.mapped;
}

function isBlank(cells: readonly string[]): boolean {
  for (const cell of cells) if (cell !== '' && cell.trim() !== '') return false;
  return true;
}

/** Cells beyond the header are ignored where they are empty, as columns without a name are. */
function checkLength({ cells, line }: CsvRow, header: CsvRow, index: number, source: string): void {
  const columns = header.cells.length;
  if (cells.length === columns || (cells.length > columns && isBlank(cells.slice(columns)))) return;
  // A title or a comment above the header, or a delimiter that is not seen.
  const lone = columns === 1 ? ` (line ${header.line}: "${header.cells[0]!.trim().slice(0, 40)}")` : '';
  throw inputFault(
    { source, line, index },
    `the row has ${cells.length} ${cells.length === 1 ? 'cell' : 'cells'}, the header${lone} has ${columns}`,
    `${lone === '' ? '' : 'Take out what stands above the header line. '}Give each row a cell for each column (a report's last lines are no records); a cell that holds the delimiter, a quote or a line end stands in quotes.`,
  );
}

/** Under the header of a Markdown table, and of what database shells print, is a line of dashes, no contact. */
function refuseRule({ cells, line }: CsvRow, source: string): void {
  const own = cells.filter((cell) => cell.trim() !== '');
  if (!own.every((cell) => /^\s*:?[-+]{2,}:?\s*$/.test(cell))) return;
  throw inputFault(
    { source, line },
    'this row is a line of dashes under the header, and no record',
    'Take the row out, or export the table as CSV.',
  );
}

/**
 * `="0170123"`, which keeps zeros in Excel, and what a formula that failed left behind. No text that anybody meant,
 * and yet one that Salesforce takes: it is told and passed on.
 */
function isSpreadsheets(cell: string): boolean {
  const first = cell.charCodeAt(0);
  if (first !== equals && first !== hash) return false;
  return /^(=".*"|#(REF!|NAME\?|VALUE!|DIV\/0!|NUM!|NULL!|SPILL!|n\/a|NV|BEZUG!|WERT!|ZAHL!))\s*$/i.test(
    cell,
  );
}

/** Whether a cell of this text clears its field. */
export function clearsField(cell: string): boolean {
  return cell.length < 20 && cell.trim() === '#N/A';
}

/** Puts the cells into the record. `faults`: what is wrong with it; `odd`: places of cells that are a spreadsheet's. */
function takeCells(
  record: PushRecord,
  { cells, line }: CsvRow,
  columns: readonly CsvColumn[],
): { faults: RecordNote[]; odd: number[] } {
  const { fields, source, index } = record;
  const faults: RecordNote[] = [];
  const odd: number[] = [];
  for (let at = 0; at < columns.length; at++) {
    const cell = cells[at]!;
    // A blank says as little as nothing: in NDJSON, where a rejects file may carry it, it would clear the field.
    if (cell === '' || cell.trim() === '') continue;
    const column = columns[at]!;
    switch (column.kind) {
      case 'field': {
        const value = clearsField(cell) ? null : cell;
        if (value !== null && isSpreadsheets(cell)) odd.push(at);
        if (!Object.hasOwn(fields, column.name)) setMember(fields, column.name, value);
        else if (fields[column.name] !== value) faults.push(twoValues(column.name));
        break;
      }
      case 'unnamed':
        throw inputFault(
          { source, line, column: at + 1, index },
          `"${cell.slice(0, 40)}" stands in a column without a name`,
          'Name the column in the header, or empty it.',
        );
      case 'object': {
        const other = otherObject(cell.trim().replace(/^\[(.*)\]$/, '$1'), column.name);
        if (other !== null) faults.push(other);
        break;
      }
      case 'address':
        record.readFrom = { name: column.name, url: cell.trim() };
        break;
      case 'own':
        takeOwnColumn(record, column.name, cell, faults);
        break;
      case 'dropped':
        break;
    }
  }
  return { faults, odd };
}

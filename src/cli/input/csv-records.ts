import type { PushRecord, RecordNote } from '../../app/contract/push.ts';
import { type CsvColumn, csvColumns } from './csv-columns.ts';
import { csvDialect } from './csv-delimiter.ts';
import { CsvReader, type CsvRow } from './csv-rows.ts';
import { inputFault } from './input-fault.ts';
import { lineBreaksIn } from './line-count.ts';
import { otherObject, twoValues } from './record-notes.ts';
import type { RecordsOptions } from './records-options.ts';
import { setMember } from './set-member.ts';

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
    return reader.read(head.slice(skip), last);
  };
  for await (const text of texts) yield table.take(rowsOf(text, false));
  yield table.take(rowsOf('', true));
  table.end();
}

function createTable({ source, map, notes }: RecordsOptions): {
  take(rows: CsvRow[]): PushRecord[];
  end(): void;
} {
  let columns: CsvColumn[] | null = null;
  let index = 0;
  let blank = 0;
  const recordOf = (own: readonly CsvColumn[], row: CsvRow): PushRecord | null => {
    if (isBlank(row.cells)) {
      // A line without a character is no record in anybody's CSV.
      if (row.cells.length > 1 || row.cells[0] !== '') blank++;
      return null;
    }
    checkLength(row, own.length, index, source);
    const { fields, faults } = fieldsOf(row, own, { source, index });
    const record: PushRecord = { source, index, line: row.line, fields, untyped: true };
    if (faults.length > 0) record.faults = faults;
    index++;
    return record;
  };
  return {
    take(rows) {
      const records: PushRecord[] = [];
      for (const row of rows) {
        if (columns === null) {
          if (!isBlank(row.cells)) columns = csvColumns(row.cells, row.line, source, map);
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
      if (index === 0) notes.headerOnly(source);
    },
  };
}

function isBlank(cells: readonly string[]): boolean {
  for (const cell of cells) if (cell !== '' && cell.trim() !== '') return false;
  return true;
}

/** Cells beyond the header are ignored where they are empty, as columns without a name are. */
function checkLength({ cells, line }: CsvRow, columns: number, index: number, source: string): void {
  if (cells.length === columns || (cells.length > columns && isBlank(cells.slice(columns)))) return;
  throw inputFault(
    { source, line, index },
    `the row has ${cells.length} ${cells.length === 1 ? 'cell' : 'cells'}, the header has ${columns}`,
    "Give each row a cell for each column (a report's last lines are no records); a cell that holds the delimiter, a quote or a line end stands in quotes.",
  );
}

function fieldsOf(
  { cells, line }: CsvRow,
  columns: readonly CsvColumn[],
  { source, index }: { source: string; index: number },
): { fields: Record<string, unknown>; faults: RecordNote[] } {
  const fields: Record<string, unknown> = {};
  const faults: RecordNote[] = [];
  for (let at = 0; at < columns.length; at++) {
    const cell = cells[at]!;
    // A blank says as little as nothing: in NDJSON, where a rejects file may carry it, it would clear the field.
    if (cell === '' || cell.trim() === '') continue;
    const column = columns[at]!;
    switch (column.kind) {
      case 'field': {
        const value = cell.length < 20 && cell.trim() === '#N/A' ? null : cell;
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
      case 'dropped':
        break;
    }
  }
  return { fields, faults };
}

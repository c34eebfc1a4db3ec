import { dataInHeader } from './data-in-header.ts';
import type { HeaderMap } from './header-map.ts';
import { inputFault } from './input-fault.ts';
import { type OwnRejectColumn, ownRejectColumn } from './reject-columns.ts';

/** What a column of a CSV is to the push. */
export type CsvColumn =
  | { kind: 'field'; name: string; mapped: boolean }
  /** Holds the object's name, as other tools export it: to be checked, no value. */
  | { kind: 'object'; name: string }
  /** Holds the address of the record that a row was read from. */
  | { kind: 'address'; name: string }
  /** Without a name: to be empty in every row. */
  | { kind: 'unnamed' }
  /** A rejects file has added it. */
  | { kind: 'own'; name: OwnRejectColumn }
  | { kind: 'dropped' };

/** Characters without width, which copies from web pages and second byte order marks bring. */
const unseen = /[\u200b\u2060\ufeff]/g;

/** Control characters but those of lines and tabs, which a quoted name may hold. */
const notOfText = /(?![\t\n\r])\p{Cc}/u;

/** A question of a form may be a header; a longer one is a row of data, or an open quote. */
const longestName = 1_000;

/** The columns by the header's cells. Throws `INVALID_INPUT` where a name is there twice. */
export function csvColumns(
  header: readonly string[],
  line: number,
  source: string,
  map: HeaderMap,
): CsvColumn[] {
  const names = header.map((cell) => cell.replace(unseen, '').trim());
  const long = names.findIndex((name) => name.length > longestName);
  if (long >= 0) {
    throw inputFault(
      { source, line, column: long + 1 },
      `the column's name has more than ${longestName.toLocaleString('en-US')} characters`,
      'The first line names a field of Contact for each column, as FirstName,LastName,Email.',
    );
  }
  const odd = names.findIndex((name) => notOfText.test(name));
  if (odd >= 0) {
    throw inputFault(
      { source, line, column: odd + 1 },
      "the column's name holds a control character, so that this is no header line",
      'The first line names a field of Contact for each column, as FirstName,LastName,Email.',
    );
  }
  const all = new Set(names);
  const columns = names.map((name) => columnOf(name, all, map));
  const isHeader = columns.some(
    ({ kind, ...column }) => kind === 'own' || ('mapped' in column && column.mapped),
  );
  const value = isHeader ? null : dataInHeader(names);
  if (value !== null) {
    throw inputFault(
      { source, line },
      `the first line has to be a header of field names, and "${value.slice(0, 40)}" looks like a value`,
      'Put a line above it that names a field of Contact for each column, as FirstName,LastName,Email; --map reads other names.',
    );
  }
  const firsts = new Map<string, number>();
  return columns.map((column, at) => {
    if (column.kind !== 'field') return column;
    const first = firsts.get(column.name.toLowerCase());
    if (first === undefined) {
      firsts.set(column.name.toLowerCase(), at);
      return column;
    }
    const former = columns[first] as typeof column;
    // Two headers that --map reads as one field are looked at row by row.
    if (column.mapped || former.mapped) return { ...column, name: former.name };
    throw inputFault(
      { source, line, column: at + 1 },
      `the column "${column.name}" is there twice, first as column ${first + 1}`,
      'Take one of them out, or name it otherwise.',
    );
  });
}

/** Whether a header cell of this name stands for a field of just this name, whatever `--map` says. */
export function isFieldHeader(name: string): boolean {
  if (name.length > longestName || notOfText.test(name) || name.replace(unseen, '').trim() !== name)
    return false;
  return name !== '' && ownRejectColumn(name) === null && foreignColumn(name) === null;
}

function columnOf(name: string, all: ReadonlySet<string>, map: HeaderMap): CsvColumn {
  if (name === '') return { kind: 'unnamed' };
  if (all.has('_mapped') && map.isTarget(name)) return { kind: 'field', name, mapped: true };
  const entry = map.entryOf(name, all);
  if (entry !== null) {
    return entry.field === null ? { kind: 'dropped' } : { kind: 'field', name: entry.field, mapped: true };
  }
  const own = ownRejectColumn(name);
  if (own !== null) return { kind: 'own', name: own };
  return foreignColumn(name) ?? { kind: 'field', name, mapped: false };
}

/** What other tools write beside the fields. */
function foreignColumn(name: string): CsvColumn | null {
  // Salesforce Inspector writes [Contact] under "_", converters of JSON write attributes.type.
  if (name === '_' || name === 'attributes.type') return { kind: 'object', name };
  return name === 'attributes.url' ? { kind: 'address', name } : null;
}

import type { HeaderMap } from './header-map.ts';
import { inputFault } from './input-fault.ts';
import { ownRejectColumns } from './reject-columns.ts';

/** What a column of a CSV is to the push. */
export type CsvColumn =
  | { kind: 'field'; name: string; mapped: boolean }
  /** Holds the object's name, as other tools export it: to be checked, no value. */
  | { kind: 'object'; name: string }
  /** Without a name: to be empty in every row. */
  | { kind: 'unnamed' }
  | { kind: 'dropped' };

/** Characters without width, which copies from web pages and second byte order marks bring. */
const unseen = /[\u200b\u2060\ufeff]/g;

/** The columns by the header's cells. Throws `INVALID_INPUT` where a name is there twice. */
export function csvColumns(
  header: readonly string[],
  line: number,
  source: string,
  map: HeaderMap,
): CsvColumn[] {
  const names = header.map((cell) => cell.replace(unseen, '').trim());
  const columns = names.map((name): CsvColumn => {
    if (name === '') return { kind: 'unnamed' };
    const entry = map.entryOf(name);
    if (entry !== null) {
      return entry.field === null ? { kind: 'dropped' } : { kind: 'field', name: entry.field, mapped: true };
    }
    if (ownRejectColumns.some((own) => own === name)) return { kind: 'dropped' };
    // Salesforce Inspector writes [Contact] under "_", converters of JSON write attributes.type.
    if (name === '_' || name === 'attributes.type') return { kind: 'object', name };
    if (name === 'attributes.url') return { kind: 'dropped' };
    return { kind: 'field', name, mapped: false };
  });
  for (const [at, column] of columns.entries()) {
    if (column.kind !== 'field') continue;
    const same = (other: CsvColumn) =>
      other.kind === 'field' && other.name.toLowerCase() === column.name.toLowerCase();
    const first = columns.findIndex(same);
    // Two headers that are read as one field are looked at row by row.
    if (first === at || columns.some((other) => same(other) && other.kind === 'field' && other.mapped))
      continue;
    throw inputFault(
      { source, line, column: at + 1 },
      `the column "${column.name}" is there twice, first as column ${first + 1}`,
      `Take one of them out, or drop it: --map '${names[at]}='.`,
    );
  }
  return columns;
}

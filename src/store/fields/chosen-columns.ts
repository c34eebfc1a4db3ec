import { AppError } from '../../base/errors.ts';
import type { ContactSelection, ReaderColumn } from '../../sync/ports/contact-reader.ts';

/** The mirror's own columns that live contacts have beside the fields, and those that a tombstone has. */
export const ownColumns = { live: ['_key', '_state', '_error'], gone: ['_key'] } as const;

/** The chosen columns, in the order given and spelt as the mirror has them. Throws AppError `INVALID_INPUT`. */
export function chosenColumns(
  columns: readonly ReaderColumn[],
  fields: readonly string[] | undefined,
  own: readonly string[] = ownColumns.live,
): ReaderColumn[] {
  if (fields === undefined) return [...columns];
  return fields.map((field) => columnOf([...columns, ...textColumns(own)], field, '--fields'));
}

/** The column that is sorted by, spelt as the mirror has it. Throws AppError `INVALID_INPUT`. */
export function sortColumn(columns: readonly ReaderColumn[], field: string, own: readonly string[]): string {
  return columnOf([...columns, ...textColumns(own)], field, '--sort').name;
}

export function textColumns(names: readonly string[]): ReaderColumn[] {
  return names.map((name) => ({ name, type: 'string' }));
}

function columnOf(columns: readonly ReaderColumn[], field: string, flag: string): ReaderColumn {
  const wanted = field.toLowerCase();
  const found = columns.find(({ name }) => name.toLowerCase() === wanted);
  if (found !== undefined) return found;
  throw new AppError('INVALID_INPUT', `${flag}: the mirror has no field ${field}.`, {
    hint: 'Its fields are the columns of its view `contacts`; `parahack-sync contacts export | head -1` lists them.',
    details: { flag, field },
  });
}

/**
 * Refuses a field that `--fields` left out of the copy; `outdated` in lower case. Throws AppError `INVALID_INPUT`.
 */
export function refuseOutdated(
  outdated: ReadonlySet<string>,
  { fields = [], sort }: Pick<ContactSelection, 'fields' | 'sort'>,
): void {
  const asked = fields.map((field) => ({ flag: '--fields', field }));
  if (sort !== undefined) asked.push({ flag: '--sort', field: sort.field });
  const found = asked.find(({ field }) => outdated.has(field.toLowerCase()));
  if (found === undefined) return;
  throw new AppError(
    'INVALID_INPUT',
    `${found.flag}: the mirror no longer keeps the field ${found.field} up to date.`,
    {
      hint: '--fields of `backfill` left it out. `parahack-sync backfill --fresh` without --fields takes all that can be read.',
      details: found,
    },
  );
}

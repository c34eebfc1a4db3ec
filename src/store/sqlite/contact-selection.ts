import { AppError, messageOf, systemCodeOf } from '../../base/errors.ts';
import type { Connection } from '../../sqlite/connection.ts';
import type { ContactSelection } from '../../sync/ports/contact-reader.ts';
import { quoteName } from './contact-schema.ts';

interface Column {
  name: string;
  type: string;
}

/** Those that the view `contacts` has beside the fields, and those that a tombstone has. */
export const ownColumns = { live: ['_key', '_state', '_error'], gone: ['_key'] } as const;

/** The chosen columns, in the order given and spelt as the mirror has them. Throws AppError `INVALID_INPUT`. */
export function chosenColumns(
  columns: readonly Column[],
  fields: readonly string[] | undefined,
  own: readonly string[] = ownColumns.live,
): Column[] {
  if (fields === undefined) return [...columns];
  return fields.map((field) => columnOf([...columns, ...textColumns(own)], field, '--fields'));
}

export function orderOf(
  columns: readonly Column[],
  sort: ContactSelection['sort'],
  own: readonly string[] = ownColumns.live,
): string | null {
  if (sort === undefined) return null;
  const name = quoteName(columnOf([...columns, ...textColumns(own)], sort.field, '--sort').name);
  // Contacts without a value come last either way, and equal ones in the order of their Ids.
  return `${name} IS NULL, ${name}${sort.descending ? ' DESC' : ''}, Id`;
}

function textColumns(names: readonly string[]): Column[] {
  return names.map((name) => ({ name, type: 'string' }));
}

function columnOf(columns: readonly Column[], field: string, flag: string): Column {
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
      hint: '`backfill --fields` left it out. `backfill --fresh` without --fields takes all that can be read.',
      details: found,
    },
  );
}

/**
 * Checks that `where` is one expression and nothing else. The connection can only read, so that no condition changes
 * anything; this keeps a second statement, or a query of another shape, from being taken for a condition. Throws
 * AppError `INVALID_INPUT`.
 */
export function checkCondition(db: Connection, where: string): void {
  if (where.trim() === '') throw conditionFault('it is empty');
  // The line feeds end a comment in it. Alone it must be an expression, as in the second form where it is a term.
  for (const sql of [
    `SELECT (\n${where}\n) FROM contacts LIMIT 0`,
    `SELECT 1 FROM contacts WHERE CASE WHEN (\n${where}\n) THEN 1 END LIMIT 0`,
  ]) {
    const statement = prepared(db, sql);
    if (statement.columns().length !== 1 || !statement.readonly)
      throw conditionFault('it is more than a condition');
  }
}

function prepared(db: Connection, sql: string): ReturnType<Connection['prepare']> {
  try {
    const statement = db.prepare(sql);
    // Values would have to be bound, and there are none.
    statement.all();
    return statement;
  } catch (error) {
    throw conditionFaultOf(error) ?? error;
  }
}

/** An error that a condition brings about, as when it is evaluated; null for any other. */
export function conditionFaultOf(error: unknown): AppError | null {
  const code = systemCodeOf(error) ?? '';
  const ours =
    error instanceof RangeError ||
    error instanceof TypeError ||
    ['SQLITE_ERROR', 'SQLITE_TOOBIG', 'SQLITE_MISMATCH'].includes(code);
  return ours ? conditionFault(messageOf(error), error) : null;
}

function conditionFault(why: string, cause?: unknown): AppError {
  return new AppError('INVALID_INPUT', `--where is no condition that SQLite takes: ${why}.`, {
    hint: `It is one SQL expression over the view contacts, such as "LastName = 'Ng' and Email like '%@acme.com'"; text stands in single quotes.`,
    details: { flag: '--where' },
    cause,
  });
}

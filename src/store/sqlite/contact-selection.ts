import { AppError, messageOf, systemCodeOf } from '../../base/errors.ts';
import type { Connection } from '../../sqlite/connection.ts';
import type { ContactSelection, ReaderColumn } from '../../sync/ports/contact-reader.ts';
import { sortColumn } from '../fields/chosen-columns.ts';
import { quoteName } from './quote-name.ts';

export function orderOf(
  columns: readonly ReaderColumn[],
  sort: ContactSelection['sort'],
  own: readonly string[],
): string | null {
  if (sort === undefined) return null;
  const name = quoteName(sortColumn(columns, sort.field, own));
  return `${name} IS NULL, ${name}${sort.descending ? ' DESC' : ''}, Id`;
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

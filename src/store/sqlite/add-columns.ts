import type { Connection } from '../../sqlite/connection.ts';
import { quoteName } from './quote-name.ts';
import { schemaParts } from './schema-parts.ts';

/** A column's name and its SQL type. */
export interface NewColumn {
  name: string;
  type: string;
}

/**
 * Adds columns at the end of a table. SQLite reads the whole schema anew for each that is added, so a table that is empty is
 * made again with all of them at once: the 800 fields of a wide org take some milliseconds in place of half a second. The
 * caller holds the transaction.
 */
export function addColumns(db: Connection, table: string, columns: readonly NewColumn[]): void {
  if (columns.length === 0) return;
  const added = columns.map(({ name, type }) => `${quoteName(name)} ${type}`);
  if (added.length === 1 || db.prepare(`SELECT 1 FROM main.${table} LIMIT 1`).get() !== undefined) {
    for (const column of added) db.exec(`ALTER TABLE main.${table} ADD COLUMN ${column}`);
    return;
  }
  const former = db
    .prepare("SELECT sql FROM main.sqlite_schema WHERE type = 'table' AND name = ?")
    .pluck()
    .get(table) as string;
  // They go with their table.
  const parts = schemaParts(db).filter((part) => part.table === table && part.type !== 'view');
  const end = former.lastIndexOf(')');
  db.exec(`DROP TABLE main.${table}`);
  db.exec(`${former.slice(0, end)}, ${added.join(', ')}${former.slice(end)}`);
  for (const { sql } of parts) db.exec(sql);
}

import type { Connection } from '../../sqlite/connection.ts';
import { quoteName } from './quote-name.ts';
import { makeAgain, type SchemaPart, schemaParts } from './schema-parts.ts';

/**
 * Puts an empty column of another type in the place of one. SQLite drops none that an index names, nor any where some
 * view or trigger of the file names what is not there, be it of people and about something else. So these are away
 * meanwhile, and come back as they were. The caller holds the transaction.
 */
export function replaceColumn(db: Connection, table: string, name: string, type: string): void {
  const isInTheWay = (part: SchemaPart) =>
    part.type !== 'index' || (part.table === table && names(part.sql, name));
  const parts = schemaParts(db).filter(isInTheWay);
  // A view takes its triggers along.
  for (const part of parts.toReversed()) db.exec(`DROP ${part.type} main.${quoteName(part.name)}`);
  db.exec(`ALTER TABLE main.${table} DROP COLUMN ${quoteName(name)}`);
  db.exec(`ALTER TABLE main.${table} ADD COLUMN ${quoteName(name)} ${type}`);
  makeAgain(db, parts);
}

/**
 * Whether the SQL has the word, in whatever case. An index names columns in expressions and conditions too, of which
 * SQLite tells nothing; one that has the word for something else is made again for nothing.
 */
function names(sql: string, column: string): boolean {
  return sql
    .toLowerCase()
    .split(/[^\w$]+/)
    .includes(column.toLowerCase());
}

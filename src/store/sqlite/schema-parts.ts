import { systemCodeOf } from '../../base/errors.ts';
import type { Connection } from '../../sqlite/connection.ts';

/** A view, index or trigger, be it this tool's or of the people whose mirror it is. */
export interface SchemaPart {
  type: 'view' | 'index' | 'trigger';
  name: string;
  /** The table or view that it is of; a view is of itself. */
  table: string;
  sql: string;
}

/** In an order in which they can be made: triggers may be of views. Indices that SQLite makes by itself are left out. */
export function schemaParts(db: Connection): SchemaPart[] {
  return db
    .prepare(
      `SELECT type, name, lower(tbl_name) AS "table", sql FROM main.sqlite_schema
       WHERE type IN ('view', 'index', 'trigger') AND sql IS NOT NULL ORDER BY type = 'trigger', rowid`,
    )
    .all() as SchemaPart[];
}

/**
 * Makes them as they were. One that SQLite does not take any more, since its column is gone or its values are to differ
 * and do not, is left out. The caller holds the transaction.
 */
export function makeAgain(db: Connection, parts: readonly SchemaPart[]): void {
  for (const { sql } of parts) {
    try {
      db.exec(sql);
    } catch (error) {
      // These undo the one statement; a full disk, say, undoes the transaction.
      if (!/^SQLITE_(ERROR|CONSTRAINT)/.test(systemCodeOf(error) ?? '')) throw error;
    }
  }
}

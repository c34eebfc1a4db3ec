import type { Connection, Statement } from '../../sqlite/connection.ts';

/** A page's work takes about a dozen; more pile up only where pages of ever other fields are read. */
const mostStatements = 64;

const statements = new WeakMap<Connection, Map<string, Statement>>();

/**
 * For what is run once a page: the same statement for the same text. One that is made anew holds its SQLite
 * memory until a full garbage collection, of which a first copy sees few. SQLite itself prepares a kept one
 * again where the schema has changed. The modes `pluck` and `raw` stay set, so that a text must be read one way.
 */
export function prepared(db: Connection, sql: string): Statement {
  let known = statements.get(db);
  if (known === undefined) {
    known = new Map();
    statements.set(db, known);
  }
  let statement = known.get(sql);
  if (statement === undefined) {
    if (known.size >= mostStatements) known.clear();
    statement = db.prepare<unknown[]>(sql);
    known.set(sql, statement);
  }
  return statement;
}

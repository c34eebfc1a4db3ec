import type Database from 'better-sqlite3';

interface Kept {
  schema: unknown;
  statements: Map<string, Database.Statement>;
}

const kept = new WeakMap<Database.Database, Kept>();

/** The same statement for the same text while the schema is the same: each look would pay for what the view is made of. */
export function keptStatement(db: Database.Database, sql: string): Database.Statement {
  const schema = db.pragma('schema_version', { simple: true });
  let known = kept.get(db);
  if (known === undefined || known.schema !== schema) {
    known = { schema, statements: new Map() };
    kept.set(db, known);
  }
  const statement = known.statements.get(sql) ?? db.prepare(sql);
  known.statements.set(sql, statement);
  return statement;
}

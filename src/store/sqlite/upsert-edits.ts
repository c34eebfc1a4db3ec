import type { Connection } from '../../sqlite/connection.ts';
import { ensureLookup, hasColumn } from './contact-lookup.ts';
import { quoteName } from './quote-name.ts';

/**
 * Which upserts meet a contact that the mirror has, so that they are edits and no creations: how many, and a query for
 * their keys. Without a column for the field that cannot be told, and each may be one. The caller holds the transaction.
 */
export function upsertsThatEdit(
  db: Connection,
  object: string,
  table: 'staging.entry' | 'main.outbox',
  where = 'true',
): { count: number; keys: string } {
  const upserts = `op = 'create' AND upsert_field IS NOT NULL AND ${where}`;
  const fields = db
    .prepare(`SELECT DISTINCT upsert_field FROM ${table} WHERE ${upserts}`)
    .pluck()
    .all() as string[];
  const count = (sql: string) => db.prepare(`SELECT count(*) FROM (${sql})`).pluck().get() as number;
  let total = 0;
  const queries = ['SELECT NULL WHERE false'];
  for (const field of fields) {
    const name = `'${field.replaceAll("'", "''")}'`;
    const ofField = `${upserts} AND upsert_field = ${name}`;
    const isKnown = hasColumn(db, object, field);
    if (isKnown) ensureLookup(db, object, field);
    const query = isKnown
      ? `SELECT key FROM ${table} WHERE ${ofField} AND EXISTS (SELECT 1 FROM main.contact c
           WHERE c.${quoteName(field)} = changes ->> ${name} COLLATE NOCASE AND c._gone IS NULL)`
      : `SELECT key FROM ${table} WHERE ${ofField}`;
    // However many they are, each edits a contact of its own.
    const most = isKnown ? Number.POSITIVE_INFINITY : count('SELECT 1 FROM main.contact WHERE _gone IS NULL');
    total += Math.min(count(query), most);
    queries.push(query);
  }
  return { count: total, keys: queries.join(' UNION ALL ') };
}

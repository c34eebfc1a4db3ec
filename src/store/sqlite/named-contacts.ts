import type { Connection } from '../../sqlite/connection.ts';
import { ensureLookup, hasColumn } from './contact-lookup.ts';
import { quoteName } from './quote-name.ts';
import { sqlText } from './sql-text.ts';

/**
 * SQL: the table `named` (`entry`, `contact`) of what the entries name their contacts by: an Id, and for an upsert its value, and
 * the Id of the contact that the mirror has by it, or that another open entry gives it to. `entries`: a condition over rows of
 * `main.outbox`. The caller holds the transaction.
 */
export function contactsNamed(db: Connection, object: string, entries: string): string {
  const fields = db
    .prepare(`SELECT DISTINCT upsert_field FROM main.outbox WHERE upsert_field IS NOT NULL AND (${entries})`)
    .pluck()
    .all() as string[];
  const named = [
    `SELECT seq AS entry, contact_id AS contact FROM main.outbox WHERE contact_id IS NOT NULL AND (${entries})`,
    ...fields.flatMap((field, nth) => byValue(db, object, { field, nth, entries })),
  ];
  return [
    ...fields.map((field, nth) => givers(object, field, nth)),
    `named AS MATERIALIZED (${named.join(' UNION ')})`,
  ].join(', ');
}

function byValue(
  db: Connection,
  object: string,
  { field, nth, entries }: { field: string; nth: number; entries: string },
): string[] {
  const value = valueIn('o', field);
  const upserts = `o.upsert_field = ${sqlText(field)} AND o.seq IN (SELECT seq FROM main.outbox WHERE ${entries})`;
  const isKnown = hasColumn(db, object, field);
  if (isKnown) ensureLookup(db, object, field);
  const ofMirror = `SELECT o.seq, c.Id FROM main.outbox o CROSS JOIN main.contact c
    ON c.${quoteName(field)} = o.changes ->> ${sqlText(field)} COLLATE NOCASE AND c._gone IS NULL WHERE ${upserts}`;
  return [
    `SELECT o.seq, ${sqlText(field)} || ' ' || ${value} FROM main.outbox o WHERE ${upserts}`,
    `SELECT o.seq, g.contact FROM main.outbox o JOIN giver_${nth} g ON g.value = ${value} WHERE ${upserts}`,
    ...(isKnown ? [ofMirror] : []),
  ];
}

/** Open changes by Id that give a value to the field. */
function givers(object: string, field: string, nth: number): string {
  return `giver_${nth} AS MATERIALIZED (SELECT ${valueIn('o', field)} AS value, o.contact_id AS contact FROM main.outbox o
    WHERE o.object = ${sqlText(object)} AND o.contact_id IS NOT NULL AND o.state NOT IN ('done', 'dropped', 'rejected')
      AND o.changes ->> ${sqlText(field)} IS NOT NULL)`;
}

const valueIn = (entry: string, field: string) => `lower(${entry}.changes ->> ${sqlText(field)})`;

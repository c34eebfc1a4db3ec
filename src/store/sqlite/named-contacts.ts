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
    ...fields.flatMap((field, nth) => byValue(db, object, field, nth)),
  ];
  return [
    ...fields.flatMap((field, nth) => [upserts(field, nth, entries), givers(object, field, nth)]),
    `named AS MATERIALIZED (${named.join(' UNION ')})`,
  ].join(', ');
}

function byValue(db: Connection, object: string, field: string, nth: number): string[] {
  const isKnown = hasColumn(db, object, field);
  if (isKnown) ensureLookup(db, object, field);
  const ofMirror = `SELECT u.entry, c.Id FROM upsert_${nth} u CROSS JOIN main.contact c
    ON c.${quoteName(field)} = u.given COLLATE NOCASE AND c._gone IS NULL`;
  return [
    `SELECT u.entry, ${sqlText(field)} || ' ' || u.value FROM upsert_${nth} u`,
    `SELECT u.entry, g.contact FROM upsert_${nth} u JOIN giver_${nth} g ON g.value = u.value`,
    ...(isKnown ? [ofMirror] : []),
  ];
}

/** Both are tables, so that the one is found in the other by an index that SQLite makes for it. */
function upserts(field: string, nth: number, entries: string): string {
  const name = sqlText(field);
  return `upsert_${nth} AS MATERIALIZED (SELECT seq AS entry, changes ->> ${name} AS given, lower(changes ->> ${name}) AS value
    FROM main.outbox WHERE upsert_field = ${name} AND (${entries}))`;
}

/** Changes by Id that give a value to the field, open or not read back yet. */
function givers(object: string, field: string, nth: number): string {
  const name = sqlText(field);
  return `giver_${nth} AS MATERIALIZED (SELECT lower(changes ->> ${name}) AS value, contact_id AS contact FROM main.outbox
    WHERE object = ${sqlText(object)} AND contact_id IS NOT NULL AND state NOT IN ('dropped', 'rejected')
      AND (state <> 'done' OR read_back_due = 1) AND changes ->> ${name} IS NOT NULL)`;
}

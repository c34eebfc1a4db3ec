import type { Connection, Statement } from '../../sqlite/connection.ts';
import type { KnownBefore, OutboxOp } from '../../sync/ports/outbox-entry.ts';
import { isBelieved, loadFields, lookupIndexOf } from './contact-schema.ts';
import { prepared } from './prepared.ts';
import { quoteName } from './quote-name.ts';

/** Whether the field is a column that can be believed: old values would name the wrong contacts. */
export function hasColumn(db: Connection, object: string, field: string): boolean {
  const find = prepared(db, `SELECT 1 FROM field WHERE object = ? AND name = ? AND ${isBelieved}`);
  return find.get(object, field) !== undefined;
}

/** The caller holds the transaction. Made on first use: most mirrors never need one. */
export function ensureLookup(db: Connection, object: string, field: string): void {
  if (!hasColumn(db, object, field)) return;
  const column = quoteName(field);
  db.exec(
    `CREATE INDEX IF NOT EXISTS ${quoteName(lookupIndexOf(field))} ON contact (${column} COLLATE NOCASE)
     WHERE ${column} IS NOT NULL`,
  );
}

export function hasLookup(db: Connection, object: string, field: string): boolean {
  const find = prepared(db, "SELECT 1 FROM sqlite_schema WHERE type = 'index' AND name = ?");
  return hasColumn(db, object, field) && find.get(lookupIndexOf(field)) !== undefined;
}

/**
 * Ids of live contacts by the field's values, by value as given. In a field whose case counts several may differ in
 * case only: the very value goes before.
 */
export function findIdsBy(
  db: Connection,
  object: string,
  field: string,
  values: readonly string[],
): Map<string, string> {
  if (!hasColumn(db, object, field)) return new Map();
  const rows = db
    .prepare(
      `SELECT j.value, c.Id FROM json_each(?) j CROSS JOIN contact c ON c.${quoteName(field)} = j.value COLLATE NOCASE
       WHERE c._gone IS NULL ORDER BY c.${quoteName(field)} = j.value COLLATE BINARY`,
    )
    .raw()
    .all(JSON.stringify(values)) as [value: string, id: string][];
  return new Map(rows);
}

export function valuesOf(
  db: Connection,
  object: string,
  field: string,
  ids: readonly string[],
): Map<string, string | number> {
  if (!hasColumn(db, object, field)) return new Map();
  const column = quoteName(field);
  const rows = db
    .prepare(
      `SELECT c.Id, c.${column} FROM json_each(?) j CROSS JOIN contact c ON c.Id = j.value
       WHERE c._gone IS NULL AND c.${column} IS NOT NULL`,
    )
    .raw()
    .all(JSON.stringify(ids)) as [id: string, value: string | number][];
  return new Map(rows);
}

/** How a row of the outbox names its contact. */
export interface ContactRef {
  object: string;
  op: OutboxOp;
  contact_id: string | null;
  upsert_field: string | null;
  changes: string;
  local: number;
}

type Row = Record<string, unknown>;

/** Names of the fields whose change by somebody else speaks against a delete. Empty ones of a contact need not be kept. */
function editableFields(db: Connection, object: string): string[] {
  const fields = loadFields(db, object).filter(
    ({ updateable, vanished, current, unfilled }) => updateable && !vanished && current && !unfilled,
  );
  return fields.map(({ name }) => name);
}

/**
 * Reads what the mirror holds of an entry's contact, to tell later whether somebody else has changed it. `ofDeletes`: all
 * that a push's delete takes along; one by SQL has a base.
 */
export function knownBeforeReader(
  db: Connection,
  { ofDeletes }: { ofDeletes: boolean },
): (entry: ContactRef) => KnownBefore | null {
  // Not kept beyond the call: the columns of `*` are those of the moment.
  const byId = db.prepare('SELECT * FROM contact WHERE Id = ?');
  const byField = new Map<string, Statement | null>();
  let editable: string[] | undefined;
  const finderBy = (object: string, field: string) => {
    let find = byField.get(field);
    if (find === undefined) {
      const column = quoteName(field);
      // Without the index each entry would read the whole table.
      find = hasLookup(db, object, field)
        ? db.prepare<unknown[]>(`SELECT * FROM contact WHERE ${column} = ? COLLATE NOCASE AND _gone IS NULL
             ORDER BY ${column} = ? COLLATE BINARY DESC LIMIT 1`)
        : null;
      byField.set(field, find);
    }
    return find;
  };
  const byValue = (object: string, field: string, value: unknown) =>
    finderBy(object, field)?.get(value, value) as Row | undefined;
  return ({ object, op, contact_id, upsert_field, changes, local }) => {
    const changed = JSON.parse(changes) as Row;
    let row: Row | undefined;
    if (contact_id !== null) row = byId.get(contact_id) as Row | undefined;
    else if (op === 'create' && upsert_field !== null)
      row = byValue(object, upsert_field, changed[upsert_field] ?? '');
    if (row === undefined || row._gone !== null) return null;
    const values: Row = {};
    for (const name of Object.keys(changed)) if (name in row) values[name] = row[name];
    if (ofDeletes && op === 'delete' && local === 0) {
      editable ??= editableFields(db, object);
      for (const name of editable) if ((row[name] ?? null) !== null) values[name] = row[name];
    }
    return { stamp: typeof row.SystemModstamp === 'string' ? row.SystemModstamp : null, values };
  };
}

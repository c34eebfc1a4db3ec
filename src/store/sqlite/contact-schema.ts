import type { Connection } from '../../sqlite/connection.ts';
import type { Field, ObjectDescribe } from '../../sync/ports/field.ts';
import type { SchemaChange } from '../../sync/ports/schema-store.ts';
import type { TwoWay } from '../../sync/ports/two-way.ts';
import type { ColumnType } from '../fields/column-type.ts';
import { planDescribe } from '../fields/plan-describe.ts';
import type { StoredColumn } from '../fields/stored-column.ts';
import { unfilled } from '../fields/unfilled.ts';
import { addColumns } from './add-columns.ts';
import { contactViewSql } from './contact-view.ts';
import { dropSearchIndex } from './drop-search-index.ts';
import { objectKey, readMeta, writeMeta } from './meta.ts';
import { prepared } from './prepared.ts';
import { quoteName } from './quote-name.ts';
import { replaceColumn } from './replace-column.ts';
import type { TwoWayMode } from './two-way-mode.ts';
import { markAllLocalDue, twoWayModeOf, writeTwoWay } from './two-way-records.ts';

/** Columns of `contact` that the lookups of `contacts` use; a field that the org lacks has no index. */
const indexedFields = ['Email', 'LastName'] as const;

/** Name of the index by which contacts are found by a unique field. */
export function lookupIndexOf(field: string): string {
  return `contact_by_${field.toLowerCase()}`;
}

/** SQL: the column is not one that `--fields` left out, whose old values would look like live ones. */
const isCurrent = `(unfilled <> ${unfilled.leftOut})`;
/** SQL: the column holds no old values at all. */
export const isBelieved = `(vanished = 0 AND unfilled < ${unfilled.old})`;

/** Fields in column order, vanished ones included. */
export function loadFields(db: Connection, object: string): StoredColumn[] {
  const rows = prepared(
    db,
    `SELECT column_type, vanished, unfilled, ${isCurrent} AS current, definition FROM field
     WHERE object = ? ORDER BY position`,
  ).all(object) as {
    column_type: ColumnType;
    vanished: number;
    unfilled: number;
    current: number;
    definition: string;
  }[];
  return rows.map((row) => ({
    ...(JSON.parse(row.definition) as Field),
    columnType: row.column_type,
    vanished: row.vanished === 1,
    unfilled: row.unfilled !== 0,
    current: row.current === 1,
  }));
}

/** See `SchemaStore.toFill`. */
export function namesToFill(db: Connection, object: string): string[] {
  return prepared(
    db,
    `SELECT definition ->> 'name' FROM field WHERE object = ? AND unfilled <> 0 AND vanished = 0
     ORDER BY position`,
  )
    .pluck()
    .all(object) as string[];
}

const onlyFieldsKey = objectKey('only_fields');

/**
 * Adds columns for new fields and marks vanished ones. The caller holds the transaction. `only` limits the
 * columns and stays with the mirror, or the next describe would bring all the others; a field outside it counts
 * as vanished where it was stored before, and leaves the view. What has vanished keeps its values in the table.
 */
export function storeDescribe(
  db: Connection,
  object: string,
  describe: ObjectDescribe,
  only?: readonly string[],
): SchemaChange {
  if (only !== undefined) writeMeta(db, onlyFieldsKey(object), JSON.stringify(only));
  const chosen = JSON.parse(readMeta(db, onlyFieldsKey(object)) ?? 'null') as string[] | null;
  const upsert = db.prepare(
    `INSERT INTO field (object, name, position, label, type, column_type, vanished, unfilled, definition)
     VALUES (:object, :name, (SELECT coalesce(max(position), 0) + 1 FROM field WHERE object = :object), :label, :type,
       :columnType, 0, :lack, :definition)
     ON CONFLICT (object, name) DO UPDATE SET label = excluded.label, type = excluded.type, vanished = 0,
       column_type = excluded.column_type, unfilled = max(unfilled, excluded.unfilled),
       definition = excluded.definition`,
  );
  // Rows that are there already lack the column's values, and those that a backfill under way has asked for may.
  const hasRows =
    db
      .prepare(
        `SELECT 1 FROM (SELECT 1 FROM contact LIMIT 1)
         UNION ALL SELECT 1 FROM chunk WHERE object = ? AND state = 'pending' LIMIT 1`,
      )
      .get(object) !== undefined;
  const { change, columns, vanished } = planDescribe(
    loadFields(db, object),
    describe.fields,
    chosen,
    hasRows,
  );
  const added = columns.filter(({ field, isNew }) => isNew && field.name !== 'Id');
  addColumns(
    db,
    'contact',
    added
      .filter(({ replaces }) => !replaces)
      .map(({ field, columnType: type }) => ({ name: field.name, type })),
  );
  for (const { field, columnType } of added.filter(({ replaces }) => replaces))
    changeColumn(db, field.name, columnType);
  for (const { field, columnType, unfilled: lack } of columns) {
    const { name, label, type } = field;
    upsert.run({ object, name, label, type, columnType, lack, definition: JSON.stringify(field) });
  }
  const vanish = db.prepare(
    'UPDATE field SET vanished = 1, unfilled = max(unfilled, ?) WHERE object = ? AND name = ?',
  );
  for (const { name, unfilled: lack } of vanished) vanish.run(lack, object, name);
  adjustView(db, object);
  return change;
}

/**
 * Has a field stored in another way from now on (a number became a text, say). Its old values are dropped, for SQLite would
 * go on turning the new ones into the old kind; they are read again.
 */
function changeColumn(db: Connection, name: string, type: ColumnType): void {
  // It holds the old values.
  dropSearchIndex(db);
  replaceColumn(db, 'contact', name, type);
}

/**
 * The view that applications read, in the columns that are current, and write where two-way is on; and what the local
 * rows are kept in. Made anew only where it is another. The caller holds the transaction.
 */
export function adjustView(db: Connection, object: string): void {
  const wanted = wantedView(db, object);
  if (wanted === null) return;
  if (wanted.mode !== 'off') adjustLocalTable(db, wanted.columns);
  if (isPresent(db, wanted.sql)) return;
  db.exec('DROP VIEW IF EXISTS contacts');
  for (const sql of wanted.sql) db.exec(sql);
}

/** Whether the view and its triggers are those that this build of the tool makes. */
export function isViewCurrent(db: Connection, object: string): boolean {
  const wanted = wantedView(db, object);
  return wanted === null || isPresent(db, wanted.sql);
}

/** Null where the org's fields are not known yet. */
function wantedView(
  db: Connection,
  object: string,
): { columns: StoredColumn[]; mode: TwoWayMode; sql: readonly string[] } | null {
  const columns = loadFields(db, object).filter(({ current }) => current);
  if (columns.length === 0) return null;
  const mode = twoWayModeOf(db);
  return { columns, mode, sql: contactViewSql(object, columns, mode) };
}

function isPresent(db: Connection, wanted: readonly string[]): boolean {
  const present = db
    .prepare("SELECT sql FROM sqlite_schema WHERE tbl_name = 'contacts' ORDER BY rowid")
    .pluck()
    .all() as string[];
  return wanted.length === present.length && wanted.every((sql) => present.includes(sql));
}

/** Gives the table of local rows the columns of the mirror, each of its present type. Their values are made anew. */
function adjustLocalTable(db: Connection, columns: readonly StoredColumn[]): void {
  const present = new Map(
    db.prepare("SELECT lower(name), type FROM pragma_table_info('contact_local', 'main')").raw().all() as [
      name: string,
      type: string,
    ][],
  );
  let isChanged = false;
  for (const { name, columnType } of columns) {
    const type = present.get(name.toLowerCase());
    if (type === columnType || name === 'Id') continue;
    isChanged = true;
    if (type !== undefined) replaceColumn(db, 'contact_local', name, columnType);
    else db.exec(`ALTER TABLE contact_local ADD COLUMN ${quoteName(name)} ${columnType}`);
  }
  if (isChanged) markAllLocalDue(db);
}

/** Lets programs write to the view or not, and says what becomes of conflicts. The caller holds the transaction. */
export function setTwoWay(db: Connection, object: string, change: Partial<TwoWay>): void {
  writeTwoWay(db, change);
  adjustView(db, object);
}

/** These columns hold the org's values for all rows from now on. The caller holds the transaction. */
export function markFilled(db: Connection, object: string, names: readonly string[]): void {
  const filled = db.prepare('UPDATE field SET unfilled = 0 WHERE object = ? AND name = ?');
  for (const name of names) filled.run(object, name);
  adjustView(db, object);
}

/**
 * The indices that `contacts list|search|show` need. Built in one go when the first backfill is complete:
 * sorting a million values once takes a fraction of what keeping the indices up row by row does.
 */
export function ensureIndices(db: Connection, object: string): void {
  const present = new Set(loadFields(db, object).map((field) => field.name));
  for (const field of indexedFields) {
    if (!present.has(field)) continue;
    db.exec(
      `CREATE INDEX IF NOT EXISTS contact_${field.toLowerCase()} ON contact (${quoteName(field)})
       WHERE ${quoteName(field)} IS NOT NULL`,
    );
  }
}

import { type Connection, openInMemory } from '../../sqlite/connection.ts';
import { openReadable } from '../../sqlite/open-readable.ts';
import { unfilled } from '../fields/unfilled.ts';
import { firstObject, migrations, schemaVersion } from './schema.ts';
import { twoWayModeOf } from './two-way-records.ts';

/** The view and a trigger for each verb. */
const partsOfView = 4;

/** `view`: the mirror's own next write makes it anew. `part`, for people: nothing but a fresh copy does. */
export type Lack = { kind: 'view' } | { kind: 'part'; part: string };

/**
 * The first thing that a mirror does not have of what the migrations up to its version make, or of the columns that
 * its fields are kept in; null where it lacks nothing. What it has besides is no fault. Costs some milliseconds.
 */
export function lackOf(db: Connection): Lack | null {
  const version = db.pragma('user_version', { simple: true }) as number;
  const part = lackOfMigrations(db, version) ?? (version === schemaVersion ? lackOfFields(db) : null);
  if (part !== null) return { kind: 'part', part };
  return version === schemaVersion && lacksView(db) ? { kind: 'view' } : null;
}

/** The same of the file at `path`, for whoever has met a fault of it; null where that cannot be told. */
export function lackIn(path: string): Lack | null {
  let db: Connection | null = null;
  try {
    db = openReadable(path, { busyMs: 0 }).db;
    return lackOf(db);
  } catch {
    return null;
  } finally {
    db?.close();
  }
}

/** Whether the view, which is there as soon as the org's fields are known, was dropped, or one of its triggers. */
function lacksView(db: Connection): boolean {
  const present = db
    .prepare(
      "SELECT count(*) FROM main.sqlite_schema WHERE tbl_name = 'contacts' AND type IN ('view', 'trigger')",
    )
    .pluck()
    .get() as number;
  return present < partsOfView && fieldsOf(db, { current: true }).length > 0;
}

function lackOfMigrations(db: Connection, version: number): string | null {
  const wanted = openInMemory();
  try {
    for (const sql of migrations.slice(0, version)) wanted.exec(sql);
    const present = new Set(partsOf(db).map(({ type, name }) => `${type} ${name}`));
    for (const { type, name } of partsOf(wanted)) {
      if (!present.has(`${type} ${name}`)) return `the ${type} ${name}`;
      const lack = type === 'table' ? lackOfColumns(db, name, [...columnsOf(wanted, name)]) : null;
      if (lack !== null) return lack;
    }
    return null;
  } finally {
    wanted.close();
  }
}

function lackOfFields(db: Connection): string | null {
  const all = lackOfColumns(db, 'contact', fieldsOf(db, { current: false }));
  if (all !== null || twoWayModeOf(db) !== 'on') return all;
  return lackOfColumns(db, 'contact_local', fieldsOf(db, { current: true }));
}

function lackOfColumns(db: Connection, table: string, wanted: readonly string[]): string | null {
  const present = columnsOf(db, table);
  const lacking = wanted.find((name) => !present.has(name.toLowerCase()));
  return lacking === undefined ? null : `the column ${lacking} of the table ${table}`;
}

/** Tables first: what else belongs to one that is lacking is lacking too. */
function partsOf(db: Connection): { type: string; name: string }[] {
  return db
    .prepare(
      `SELECT type, name FROM main.sqlite_schema WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
       ORDER BY type <> 'table', rowid`,
    )
    .all() as { type: string; name: string }[];
}

function columnsOf(db: Connection, table: string): Set<string> {
  const names = db.prepare("SELECT lower(name) FROM pragma_table_info(?, 'main')").pluck();
  return new Set(names.all(table) as string[]);
}

/** `current`: without those that are no columns of the view. */
function fieldsOf(db: Connection, { current }: { current: boolean }): string[] {
  return db
    .prepare(
      `SELECT name FROM main.field WHERE object = ? AND (? = 0 OR unfilled <> ${unfilled.leftOut})
       ORDER BY position`,
    )
    .pluck()
    .all(firstObject, current ? 1 : 0) as string[];
}

import type { Connection } from './connection.ts';

/** A kind of file, in all its versions so far. */
export interface FileFormat {
  /**
   * `application_id`, which tells such a file from any other of SQLite's, and what is thrown for a file of another kind;
   * null where this kind has none.
   */
  kind: { applicationId: number; foreign(): Error } | null;
  /** Each brings a file from the version (`user_version`) that is its index to the next; never edited once released. */
  migrations: readonly string[];
  /** What is thrown for a file that a newer version of this program has written. */
  newer(version: number): Error;
  /** What is no part of the list, done with it; `from`: the version before. */
  adjust?(db: Connection, from: number): void;
}

/** Throws what the format says of a newer or foreign file; returns whether migrations are due. */
export function versionState(db: Connection, format: FileFormat): 'current' | 'outdated' {
  const version = versionOf(db);
  const known = format.migrations.length;
  // First, for another program's version says nothing.
  if (format.kind !== null) {
    const id = db.pragma('application_id', { simple: true }) as number;
    const isEmpty =
      version === 0 && id === 0 && db.prepare('SELECT 1 FROM sqlite_schema').get() === undefined;
    if (id !== format.kind.applicationId && !isEmpty) throw format.kind.foreign();
  }
  if (version > known) throw format.newer(version);
  return version === known ? 'current' : 'outdated';
}

/** Brings a file to this program's version, all or nothing; another process may be doing the same. */
export function migrateFile(db: Connection, format: FileFormat): void {
  if (versionState(db, format) === 'current') return;
  db.exec('BEGIN IMMEDIATE');
  try {
    // Another process may have brought it here, or further, in between.
    versionState(db, format);
    const from = versionOf(db);
    for (const sql of format.migrations.slice(from)) db.exec(sql);
    format.adjust?.(db, from);
    if (format.kind !== null) db.pragma(`application_id = ${format.kind.applicationId}`);
    db.pragma(`user_version = ${format.migrations.length}`);
    db.exec('COMMIT');
  } catch (error) {
    if (db.inTransaction) db.exec('ROLLBACK');
    throw error;
  }
}

function versionOf(db: Connection): number {
  return db.pragma('user_version', { simple: true }) as number;
}

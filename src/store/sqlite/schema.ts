import { AppError } from '../../base/errors.ts';
import type { Connection } from './connection.ts';
import { mapSqliteFault } from './sqlite-fault.ts';

/** ASCII "phsM": tells a mirror from any other SQLite file. */
export const applicationId = 0x7068734d;

/**
 * Internal columns of `contact`. `_gone` and `_read_at` are contract; what the others mean is told in
 * docs/merge-rule.md.
 */
export const internalColumns = [
  '_gone',
  '_read_at',
  '_value_at',
  '_deleted_stamp',
  '_deleted_at',
  '_purged_at',
  '_hidden_at',
  '_key',
] as const;

/** Each brings a file from the version that is its index to the next; never edited once released. */
const migrations: readonly string[] = [
  `
  CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
  CREATE TABLE field (
    name TEXT PRIMARY KEY COLLATE NOCASE, position INTEGER NOT NULL, label TEXT NOT NULL, type TEXT NOT NULL,
    column_type TEXT NOT NULL, vanished INTEGER NOT NULL DEFAULT 0,
    unfilled INTEGER NOT NULL DEFAULT 0, definition TEXT NOT NULL
  ) WITHOUT ROWID;
  CREATE TABLE cursor (name TEXT PRIMARY KEY, at TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE run (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, status TEXT NOT NULL,
    started_at TEXT NOT NULL, finished_at TEXT, counts TEXT NOT NULL DEFAULT '{}',
    api_calls INTEGER NOT NULL DEFAULT 0, state TEXT NOT NULL DEFAULT '{}',
    error_code TEXT, error_message TEXT, error_hint TEXT
  );
  CREATE TABLE run_step (
    id INTEGER PRIMARY KEY, run_id TEXT NOT NULL, name TEXT NOT NULL, started_at TEXT NOT NULL,
    finished_at TEXT NOT NULL, counts TEXT NOT NULL DEFAULT '{}', note TEXT
  );
  CREATE INDEX run_step_run ON run_step (run_id);
  CREATE TABLE chunk (
    id INTEGER PRIMARY KEY, run_id TEXT NOT NULL, kind TEXT NOT NULL, spec TEXT NOT NULL, position TEXT,
    state TEXT NOT NULL DEFAULT 'pending', rows INTEGER NOT NULL DEFAULT 0
  );
  CREATE INDEX chunk_run ON chunk (run_id, state);
  CREATE TABLE outbox (
    seq INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, op TEXT NOT NULL, contact_key TEXT NOT NULL,
    contact_id TEXT, changes TEXT NOT NULL, base TEXT, state TEXT NOT NULL DEFAULT 'pending', way TEXT,
    upsert_field TEXT, allow_duplicates INTEGER NOT NULL DEFAULT 0, atomic_group TEXT, attempts INTEGER NOT NULL DEFAULT 0,
    error_code TEXT, error_message TEXT, error_fields TEXT, errors TEXT NOT NULL DEFAULT '[]',
    created_at TEXT NOT NULL, sent_at TEXT, settled_at TEXT, read_back_due INTEGER NOT NULL DEFAULT 0,
    created INTEGER
  );
  CREATE INDEX outbox_open ON outbox (state) WHERE state NOT IN ('done', 'dropped');
  CREATE INDEX outbox_read_back ON outbox (seq) WHERE read_back_due = 1;
  CREATE TABLE api_call (hour INTEGER PRIMARY KEY, calls INTEGER NOT NULL);
  CREATE TABLE contact (
    Id TEXT PRIMARY KEY NOT NULL, _gone TEXT, _read_at TEXT, _value_at TEXT, _deleted_stamp TEXT,
    _deleted_at TEXT, _purged_at TEXT, _hidden_at TEXT, _key TEXT
  );
  CREATE INDEX contact_gone ON contact (_gone) WHERE _gone IS NOT NULL;
  CREATE INDEX contact_key ON contact (_key) WHERE _key IS NOT NULL;
  CREATE TABLE contact_seen (id TEXT PRIMARY KEY, at TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE contact_local (
    _key TEXT PRIMARY KEY NOT NULL, Id TEXT, _state TEXT NOT NULL DEFAULT 'pending', _error TEXT
  );
  CREATE INDEX contact_local_id ON contact_local (Id) WHERE Id IS NOT NULL;
  `,
  `
  ALTER TABLE outbox ADD COLUMN sent_org_at TEXT;
  ALTER TABLE outbox ADD COLUMN known_before TEXT;
  CREATE INDEX outbox_by_state ON outbox (state);
  ALTER TABLE outbox ADD COLUMN approved INTEGER NOT NULL DEFAULT 0;
  CREATE TABLE push (
    id TEXT PRIMARY KEY, digest TEXT NOT NULL, begun_at TEXT NOT NULL, tried_at TEXT NOT NULL
  ) WITHOUT ROWID;
  ALTER TABLE outbox ADD COLUMN push_id TEXT;
  ALTER TABLE outbox ADD COLUMN push_place INTEGER;
  CREATE INDEX outbox_push ON outbox (push_id, push_place) WHERE push_id IS NOT NULL;
  UPDATE meta SET value = NULL WHERE key = 'describe_last_modified';
  `,
];

export const schemaVersion = migrations.length;

/** Throws AppError `MIRROR_NEWER_THAN_TOOL` or `MIRROR_CORRUPT`; returns whether migrations are due. */
export function checkVersion(db: Connection, path: string): 'current' | 'outdated' {
  try {
    const version = db.pragma('user_version', { simple: true }) as number;
    const id = db.pragma('application_id', { simple: true }) as number;
    if (version > schemaVersion) {
      throw new AppError(
        'MIRROR_NEWER_THAN_TOOL',
        `The mirror ${path} was written by a newer version of this tool (format ${version}, this tool knows ${schemaVersion}).`,
        {
          hint: 'Update parahack-sync; the file was left as it is.',
          details: { path, version, known: schemaVersion },
        },
      );
    }
    const isEmpty =
      version === 0 && id === 0 && db.prepare('SELECT 1 FROM sqlite_schema').get() === undefined;
    if (id !== applicationId && !isEmpty) {
      throw new AppError('MIRROR_CORRUPT', `The file ${path} is no mirror of this tool.`, {
        hint: 'Move it out of the data folder, then run the command again.',
        details: { path },
      });
    }
    return version === schemaVersion ? 'current' : 'outdated';
  } catch (error) {
    throw mapSqliteFault(error, path);
  }
}

/** Brings a mirror to this tool's version, all or nothing; another process may be doing the same. */
export function migrate(db: Connection, path: string): void {
  if (checkVersion(db, path) === 'current') return;
  try {
    db.exec('BEGIN IMMEDIATE');
    try {
      const version = db.pragma('user_version', { simple: true }) as number;
      for (const sql of migrations.slice(version)) db.exec(sql);
      db.pragma(`application_id = ${applicationId}`);
      db.pragma(`user_version = ${schemaVersion}`);
      db.exec('COMMIT');
    } catch (error) {
      if (db.inTransaction) db.exec('ROLLBACK');
      throw error;
    }
  } catch (error) {
    throw mapSqliteFault(error, path);
  }
}

import type { Connection } from '../../sqlite/connection.ts';

/** ASCII "phsM": tells a mirror from any other SQLite file. */
export const applicationId = 0x7068734d;

/** The one whose rows a mirror held before its keys named objects. */
export const firstObject = 'Contact';

/** Each brings a file from the version that is its index to the next; never edited once released. */
export const migrations: readonly string[] = [
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
  // What a key changes for is made anew; what only gains a column is not rewritten, however long it is. The default
  // is for the rows that are there.
  `
  CREATE TEMP TABLE kept_field AS SELECT * FROM main.field;
  DROP TABLE main.field;
  CREATE TABLE field (
    object TEXT NOT NULL, name TEXT NOT NULL COLLATE NOCASE, position INTEGER NOT NULL, label TEXT NOT NULL,
    type TEXT NOT NULL, column_type TEXT NOT NULL, vanished INTEGER NOT NULL DEFAULT 0,
    unfilled INTEGER NOT NULL DEFAULT 0, definition TEXT NOT NULL, PRIMARY KEY (object, name)
  ) WITHOUT ROWID;
  INSERT INTO main.field (object, name, position, label, type, column_type, vanished, unfilled, definition)
    SELECT '${firstObject}', name, position, label, type, column_type, vanished, unfilled, definition
    FROM temp.kept_field;
  DROP TABLE temp.kept_field;
  CREATE TEMP TABLE kept_cursor AS SELECT * FROM main.cursor;
  DROP TABLE main.cursor;
  CREATE TABLE cursor (
    object TEXT NOT NULL, name TEXT NOT NULL, at TEXT NOT NULL, PRIMARY KEY (object, name)
  ) WITHOUT ROWID;
  INSERT INTO main.cursor (object, name, at) SELECT '${firstObject}', name, at FROM temp.kept_cursor;
  DROP TABLE temp.kept_cursor;
  ALTER TABLE run ADD COLUMN object TEXT NOT NULL DEFAULT '${firstObject}';
  CREATE INDEX run_of_object ON run (object, seq);
  ALTER TABLE chunk ADD COLUMN object TEXT NOT NULL DEFAULT '${firstObject}';
  CREATE INDEX chunk_pending ON chunk (object) WHERE state = 'pending';
  ALTER TABLE outbox ADD COLUMN object TEXT NOT NULL DEFAULT '${firstObject}';
  DROP INDEX outbox_open;
  CREATE INDEX outbox_open ON outbox (object, state) WHERE state NOT IN ('done', 'dropped');
  DROP INDEX outbox_read_back;
  CREATE INDEX outbox_read_back ON outbox (object, seq) WHERE read_back_due = 1;
  DROP INDEX outbox_by_state;
  CREATE INDEX outbox_by_state ON outbox (object, state);
  ALTER TABLE push ADD COLUMN object TEXT NOT NULL DEFAULT '${firstObject}';
  UPDATE meta SET key = key || '.${firstObject}'
    WHERE key IN ('described_at', 'describe_last_modified', 'only_fields');
  DROP TABLE contact_local;
  CREATE TABLE contact_local (
    _key TEXT PRIMARY KEY NOT NULL, Id TEXT, _state TEXT NOT NULL DEFAULT 'pending', _error TEXT
  );
  CREATE INDEX contact_local_id ON contact_local (Id) WHERE Id IS NOT NULL;
  `,
  `
  CREATE TABLE contact_swept (
    id TEXT PRIMARY KEY NOT NULL, due TEXT, evidence_at INTEGER NOT NULL DEFAULT 0
  ) WITHOUT ROWID;
  CREATE INDEX contact_swept_due ON contact_swept (due, id) WHERE due IS NOT NULL;
  ALTER TABLE outbox ADD COLUMN local INTEGER NOT NULL DEFAULT 0;
  CREATE INDEX outbox_local ON outbox (contact_key, seq) WHERE local = 1 AND state NOT IN ('done', 'dropped');
  CREATE INDEX outbox_local_unread ON outbox (contact_key, seq) WHERE local = 1 AND read_back_due = 1;
  ALTER TABLE contact_local ADD COLUMN _deleted INTEGER NOT NULL DEFAULT 0;
  CREATE TABLE contact_edit (field TEXT PRIMARY KEY, value TEXT, was TEXT);
  CREATE TABLE contact_due (_key TEXT NOT NULL, entry INTEGER NOT NULL, PRIMARY KEY (_key, entry)) WITHOUT ROWID;
  CREATE TRIGGER outbox_local_changed AFTER UPDATE OF state, contact_id, read_back_due, errors ON outbox
    WHEN NEW.local = 1
    BEGIN
      INSERT INTO contact_due (_key, entry) SELECT NEW.contact_key, NEW.seq
        WHERE NOT EXISTS (SELECT 1 FROM contact_due WHERE _key = NEW.contact_key AND entry = NEW.seq);
    END;
  CREATE TRIGGER outbox_pushed AFTER UPDATE OF state ON outbox
    WHEN NEW.local = 0 AND NEW.state = 'done' AND OLD.state <> 'done'
    BEGIN
      INSERT INTO contact_due (_key, entry)
        SELECT _key, NEW.seq FROM contact_local l WHERE Id = NEW.contact_id
          AND NOT EXISTS (SELECT 1 FROM contact_due d WHERE d._key = l._key AND d.entry = NEW.seq);
    END;
  ALTER TABLE outbox ADD COLUMN sent_by TEXT;
  ALTER TABLE outbox ADD COLUMN doubt TEXT;
  ALTER TABLE outbox ADD COLUMN job TEXT;
  ALTER TABLE outbox ADD COLUMN api TEXT;
  ALTER TABLE outbox ADD COLUMN first_base TEXT;
  ALTER TABLE outbox ADD COLUMN found TEXT;
  CREATE INDEX outbox_made ON outbox (contact_id) WHERE op = 'create' AND contact_id IS NOT NULL;
  DROP INDEX outbox_open;
  CREATE INDEX run_of_kind ON run (object, kind, seq);
  ALTER TABLE outbox ADD COLUMN replaced_by TEXT;
  ALTER TABLE push ADD COLUMN queued INTEGER NOT NULL DEFAULT 0;
  CREATE INDEX outbox_open_creation ON outbox (contact_key)
    WHERE local = 1 AND op = 'create' AND contact_id IS NULL AND sent_at IS NOT NULL
      AND state IN ('pending', 'sent', 'in-doubt');
  CREATE INDEX outbox_without_id ON outbox (contact_key, seq)
    WHERE local = 1 AND op <> 'create' AND contact_id IS NULL AND state NOT IN ('done', 'dropped');
  CREATE INDEX outbox_pushed ON outbox (contact_id)
    WHERE local = 0 AND contact_id IS NOT NULL AND state NOT IN ('done', 'dropped');
  CREATE INDEX outbox_upserted ON outbox (seq)
    WHERE local = 0 AND contact_id IS NULL AND upsert_field IS NOT NULL AND state NOT IN ('done', 'dropped');
  ALTER TABLE outbox ADD COLUMN lost_org_at TEXT;
  ALTER TABLE outbox ADD COLUMN lost_key TEXT;
  CREATE INDEX outbox_lost ON outbox (seq) WHERE lost_org_at IS NOT NULL;
  UPDATE outbox SET lost_org_at = '', lost_key = key
    WHERE (op <> 'create' OR upsert_field IS NOT NULL)
      AND (state = 'in-doubt' OR (state = 'pending' AND sent_at IS NOT NULL));
  CREATE INDEX outbox_pushed_unread ON outbox (contact_id)
    WHERE local = 0 AND read_back_due = 1 AND (op <> 'create' OR upsert_field IS NOT NULL);
  DROP INDEX outbox_upserted;
  CREATE INDEX outbox_upserted ON outbox (seq) WHERE local = 0 AND contact_id IS NULL AND upsert_field IS NOT NULL
    AND state NOT IN ('done', 'dropped') AND state <> 'rejected';
  ALTER TABLE outbox ADD COLUMN became TEXT;
  ALTER TABLE outbox ADD COLUMN unshown_at TEXT;
  DROP INDEX outbox_read_back;
  CREATE INDEX outbox_read_back ON outbox (object, seq) WHERE read_back_due = 1 AND unshown_at IS NULL;
  CREATE INDEX outbox_unshown ON outbox (object, contact_id) WHERE read_back_due = 1 AND unshown_at IS NOT NULL;
  ALTER TABLE outbox ADD COLUMN done_order INTEGER;
  ALTER TABLE outbox ADD COLUMN base_at TEXT;
  ALTER TABLE outbox ADD COLUMN lost_changes TEXT;
  ALTER TABLE outbox ADD COLUMN lost_over_at TEXT;
  CREATE INDEX outbox_done ON outbox (done_order) WHERE done_order IS NOT NULL;
  CREATE INDEX outbox_done_of ON outbox (contact_id, done_order) WHERE done_order IS NOT NULL;
  CREATE INDEX outbox_lost_changes ON outbox (contact_id) WHERE lost_changes IS NOT NULL;
  UPDATE outbox SET lost_changes = json_array(json(changes)) WHERE lost_org_at IS NOT NULL;
  UPDATE outbox SET done_order = seq
    WHERE state = 'done' AND read_back_due = 1 AND (op <> 'create' OR upsert_field IS NOT NULL);
  `,
];

export const schemaVersion = migrations.length;

/** What tables have gained since the first version, as SQL gives it for the rows of a mirror that lacks it. */
const gained = {
  field: { object: `'${firstObject}'` },
  cursor: { object: `'${firstObject}'` },
  run: { object: `'${firstObject}'` },
  chunk: { object: `'${firstObject}'` },
  outbox: {
    object: `'${firstObject}'`,
    sent_org_at: 'NULL',
    known_before: 'NULL',
    approved: '0',
    push_id: 'NULL',
    push_place: 'NULL',
    local: '0',
    sent_by: 'NULL',
    doubt: 'NULL',
    job: 'NULL',
    api: 'NULL',
    first_base: 'NULL',
    found: 'NULL',
    replaced_by: 'NULL',
    lost_org_at: 'NULL',
    lost_key: 'NULL',
    became: 'NULL',
    unshown_at: 'NULL',
    done_order: 'NULL',
    base_at: 'NULL',
    lost_changes: 'NULL',
    lost_over_at: 'NULL',
  },
} as const;
/** Keys of `meta` that name their object since the third version. */
const keysOfObject = "'described_at', 'describe_last_modified', 'only_fields'";

/** Of a file that `checkVersion` has let pass: it has not even a first version’s tables. */
export function isEmpty(db: Connection): boolean {
  return db.pragma('user_version', { simple: true }) === 0;
}

/**
 * Lets a connection that only reads see an outdated mirror as it will be: whoever cannot or need not write does not
 * bring it to this tool's version. Does nothing where it is current.
 */
export function readAsCurrent(db: Connection): void {
  if (db.pragma('user_version', { simple: true }) === schemaVersion) return;
  // What is temporary is no part of the file, but SQLite refuses it with the rest.
  db.pragma('query_only = OFF');
  const has = db.prepare("SELECT 1 FROM pragma_table_info(?, 'main') WHERE name = ?");
  for (const [table, columns] of Object.entries(gained)) {
    const missing = Object.entries(columns).filter(([name]) => has.get(table, name) === undefined);
    const more = missing.map(([name, value]) => `, ${value} AS ${name}`).join('');
    db.exec(`CREATE TEMP VIEW IF NOT EXISTS ${table} AS SELECT *${more} FROM main.${table}`);
  }
  db.exec(
    `CREATE TEMP VIEW IF NOT EXISTS meta AS
       SELECT key || CASE WHEN key IN (${keysOfObject}) THEN '.${firstObject}' ELSE '' END AS key, value FROM main.meta`,
  );
  db.pragma('query_only = ON');
}

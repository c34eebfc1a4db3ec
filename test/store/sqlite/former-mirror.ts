import Database from 'better-sqlite3';
import { applicationId, migrations } from '../../../src/store/sqlite/schema.ts';

/** What a mirror of an earlier format holds, a table at a time. */
export type Rows = Record<string, Record<string, unknown>[]>;

const fields = ['Id', 'CreatedDate', 'SystemModstamp', 'IsDeleted', 'LastName'];
const states = ['pending', 'sent', 'in-doubt', 'rejected', 'held', 'conflict', 'done', 'dropped'];

/** Writes a mirror as `format` had it: an unfinished backfill behind a finished one, entries in every state, contacts. */
export function writeFormerMirror(path: string, format: 1 | 2, contacts = 20): void {
  const db = new Database(path);
  db.pragma('journal_mode = WAL');
  db.exec('BEGIN');
  for (const sql of migrations.slice(0, format)) db.exec(sql);
  db.pragma(`application_id = ${applicationId}`);
  db.pragma(`user_version = ${format}`);
  const meta = db.prepare('INSERT INTO meta VALUES (?, ?)');
  meta.run('org_id', '00D000000000001AAA');
  meta.run('described_at', '2026-01-02T00:00:00.000Z');
  meta.run('describe_last_modified', 'Fri, 02 Jan 2026 00:00:00 GMT');
  meta.run('only_fields', '["LastName"]');
  meta.run('latest_read_at', '1767312000000');
  const field = db.prepare(
    "INSERT INTO field (name, position, label, type, column_type, definition) VALUES (?, ?, ?, 'string', 'TEXT', ?)",
  );
  // Not in the order of their names.
  for (const [i, name] of fields.entries())
    field.run(name, i + 1, name, JSON.stringify({ name, type: 'string' }));
  for (const name of fields.slice(1)) {
    for (const table of ['contact', 'contact_local'])
      db.exec(`ALTER TABLE ${table} ADD COLUMN "${name}" TEXT`);
  }
  db.exec(
    `CREATE VIEW contacts AS SELECT c."Id", c."LastName", c."Id" AS _key FROM contact c WHERE c._gone IS NULL`,
  );
  db.exec(
    "CREATE TRIGGER contacts_refuse_insert INSTEAD OF INSERT ON contacts BEGIN SELECT raise(ABORT, 'no'); END",
  );
  const cursor = db.prepare('INSERT INTO cursor VALUES (?, ?)');
  cursor.run('updated', '2026-01-03T00:00:00.000Z');
  cursor.run('deleted', '2026-01-02T23:00:00.000Z');
  const run = db.prepare(
    'INSERT INTO run (seq, id, kind, status, started_at, state) VALUES (?, ?, ?, ?, ?, \'{"api":"bulk"}\')',
  );
  const chunk = db.prepare(
    "INSERT INTO chunk (id, run_id, kind, spec, position, state, rows) VALUES (?, ?, 'page', '{}', ?, ?, ?)",
  );
  // Numbers with gaps, as pruning or a failed insert leave them.
  for (const n of [1, 2, 5, 9]) {
    run.run(
      n,
      `run-${n}`,
      n === 9 ? 'backfill' : 'cycle',
      n === 9 ? 'running' : 'complete',
      '2026-01-01T00:00:00.000Z',
    );
    db.prepare(
      "INSERT INTO run_step (run_id, name, started_at, finished_at) VALUES (?, 'updated', '', '')",
    ).run(`run-${n}`);
    for (const m of [0, 1, 3])
      chunk.run(n * 10 + m, 'run-9', m === 0 ? null : '{"at":1}', m === 3 ? 'pending' : 'done', m);
  }
  const entry = db.prepare(
    `INSERT INTO outbox (seq, key, op, contact_key, changes, state, attempts, errors, created_at, read_back_due)
     VALUES (?, ?, 'create', ?, '{"LastName":"A"}', ?, 1, '[{"code":"X","message":"x","fields":[]}]', ?, ?)`,
  );
  for (const [i, state] of states.entries())
    entry.run(3 + 2 * i, `key-${i}`, `key-${i}`, state, '2026-01-01T00:00:00.000Z', state === 'done' ? 1 : 0);
  if (format === 2) {
    db.exec("INSERT INTO push VALUES ('push-1', 'abc', '2026-01-01', '2026-01-02')");
    db.exec("UPDATE outbox SET push_id = 'push-1', push_place = seq, approved = 1 WHERE seq < 10");
  }
  db.exec('INSERT INTO api_call VALUES (490000, 17)');
  const contact = db.prepare('INSERT INTO contact (Id, "LastName", _read_at) VALUES (?, ?, ?)');
  for (let n = 0; n < contacts; n++)
    contact.run(`003${String(n).padStart(12, '0')}AAA`, `Name ${n}`, '2026-01-01T00:00:00.000Z');
  db.exec("INSERT INTO contact_seen VALUES ('003000000000001AAA', '2026-01-02T00:00:00.000Z')");
  db.exec('COMMIT');
  db.close();
}

/** All rows of all tables in their order, with their rowids where they have some. */
export function rowsOf(path: string): Rows {
  const db = new Database(path, { readonly: true });
  try {
    const tables = db
      .prepare(
        "SELECT name, wr FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite_%'",
      )
      .all() as { name: string; wr: number }[];
    return Object.fromEntries(
      tables
        .toSorted((a, b) => (a.name < b.name ? -1 : 1))
        .map(({ name, wr }) => [
          name,
          db.prepare(`SELECT ${wr === 1 ? '' : 'rowid AS rowid_, '}* FROM ${name}`).all() as Record<
            string,
            unknown
          >[],
        ]),
    );
  } finally {
    db.close();
  }
}

/** Everything that the schema is made of, as SQLite keeps it. */
export function schemaOf(path: string): { type: string; name: string; sql: string | null }[] {
  const db = new Database(path, { readonly: true });
  try {
    return db.prepare('SELECT type, name, sql FROM sqlite_schema ORDER BY type, name').all() as ReturnType<
      typeof schemaOf
    >;
  } finally {
    db.close();
  }
}

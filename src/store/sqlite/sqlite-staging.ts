import { createHash, randomUUID } from 'node:crypto';
import { isoTime } from '../../base/iso-time.ts';
import type { Connection } from '../../sqlite/connection.ts';
import type { OutboxOp, OutboxState, SendApi } from '../../sync/ports/outbox-entry.ts';
import type {
  Brake,
  FaultGroup,
  InputPlace,
  OutboxStaging,
  OutcomeTally,
  Resumption,
  StagingCommit,
  StagingCounts,
  StagingDraft,
  StagingFault,
  StagingItem,
  StagingRecord,
  StagingReject,
} from '../../sync/ports/outbox-staging.ts';
import type { RecordError } from '../../sync/ports/record-writes.ts';
import { openForReading } from './connection.ts';
import type { MirrorFile, MirrorWrite } from './mirror-file.ts';
import { prepared } from './prepared.ts';
import { withMappedFaults } from './sqlite-fault.ts';
import { listStagedEntries } from './staged-entries.ts';
import { createStagingFile } from './staging-file.ts';

const pageRows = 500;
const readCacheKb = 1_024;

interface OutcomeRow {
  op: OutboxOp;
  state: OutboxState | null;
  contact_id: string | null;
  created: number | null;
  errors: string;
}

type ItemRow = OutcomeRow & { seq: number; source: string; place: number; line: number | null; key: string };

/** The port on a file in the spool folder. It is written here; the commit is the mirror's writer thread's. */
export class SqliteStaging implements OutboxStaging {
  readonly #mirror: MirrorFile;
  readonly #writeMirror: MirrorWrite;
  readonly #object: string;
  readonly #path: string;
  readonly #db: Connection;
  readonly #remove: () => void;
  /** Sees the outbox and this file together, once there is something to see. */
  #both: Connection | null = null;
  /** The push that the entries belong to, once they are in the outbox. */
  #pushId: string | null = null;
  #closed = false;
  /** Of what would be sent, in its order; where a record stood in which file does not matter. */
  readonly #digest = createHash('sha256');
  /** Which of the two its records are, by source. */
  readonly #kinds = new Map<string, { creates: boolean; others: boolean }>();

  constructor(mirror: MirrorFile, write: MirrorWrite, object: string) {
    this.#mirror = mirror;
    this.#writeMirror = write;
    this.#object = object;
    const { path, db, remove } = withMappedFaults(mirror.path, () => createStagingFile(mirror.path));
    this.#path = path;
    this.#db = db;
    this.#remove = remove;
  }

  async add(records: readonly StagingRecord[]): Promise<void> {
    this.#write(() => {
      const insert = prepared(
        this.#db,
        `INSERT INTO entry (source, place, line, key, op, contact_key, contact_id, changes, base, upsert_field,
           allow_duplicates, atomic_group, created_at, unique_value, given)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      );
      const refuse = prepared(
        this.#db,
        'INSERT INTO fault (entry, field, code, message) VALUES (?, ?, ?, ?)',
      );
      for (const { source, index, line, entry, uniqueValue, faults, given } of records) {
        const changes = JSON.stringify(entry.changes);
        const { lastInsertRowid } = insert.run(
          source,
          index,
          line,
          entry.key,
          entry.op,
          entry.contactKey,
          entry.contactId,
          changes,
          entry.base === null ? null : JSON.stringify(entry.base),
          entry.upsertField,
          entry.allowDuplicates ? 1 : 0,
          entry.atomicGroup,
          isoTime(entry.createdAt),
          uniqueValue,
          given === null ? null : JSON.stringify(given),
        );
        for (const { field, code, message } of faults) refuse.run(lastInsertRowid, field, code, message);
        this.#note(source, entry, changes);
      }
    });
  }

  #note(source: string, entry: StagingRecord['entry'], changes: string): void {
    const { op, contactId, upsertField, allowDuplicates, atomicGroup } = entry;
    const flags = [allowDuplicates ? 1 : 0, atomicGroup === null ? 0 : 1];
    // Kept in `push`, and compared by the next version too: the text is what SQLite's json_array makes of the columns.
    this.#digest.update(`${JSON.stringify([op, contactId, changes, upsertField, ...flags])}\n`);
    const kinds = this.#kinds.get(source) ?? { creates: false, others: false };
    kinds[op === 'create' ? 'creates' : 'others'] = true;
    this.#kinds.set(source, kinds);
  }

  async refuseMixed({ field, code, message }: StagingFault): Promise<void> {
    if (![...this.#kinds.values()].some(({ creates, others }) => creates && others)) return;
    this.#write(() => {
      this.#db
        .prepare(
          `INSERT INTO fault (entry, field, code, message)
           SELECT seq, ?, ?, ? FROM entry WHERE op = 'create' AND source IN
             (SELECT source FROM entry GROUP BY source HAVING sum(op = 'create') > 0 AND sum(op <> 'create') > 0)`,
        )
        .run(field, code, message);
    });
  }

  async refuseRepeated({ field, code, message }: StagingFault): Promise<void> {
    this.#write(() => {
      this.#db
        .prepare(
          `INSERT INTO fault (entry, field, code, message)
           SELECT seq, ?, ?, printf(?, unique_value) FROM
             (SELECT seq, unique_value, row_number() OVER (PARTITION BY unique_value ORDER BY seq) AS nth
              FROM entry WHERE unique_value IS NOT NULL)
           WHERE nth > 1`,
        )
        .run(field, code, message);
    });
  }

  async withdraw(source: string, code: string): Promise<void> {
    this.#write(() => {
      this.#db
        .prepare('DELETE FROM fault WHERE code = ? AND entry IN (SELECT seq FROM entry WHERE source = ?)')
        .run(code, source);
    });
  }

  async counts(): Promise<StagingCounts> {
    return this.#read(
      (db) =>
        db
          .prepare(
            `SELECT count(*) AS records,
               count(*) FILTER (WHERE op = 'create' AND upsert_field IS NULL) AS creates,
               count(*) FILTER (WHERE op = 'update') AS updates,
               count(*) FILTER (WHERE op = 'delete') AS deletes,
               count(*) FILTER (WHERE op = 'create' AND upsert_field IS NOT NULL) AS upserts,
               (SELECT count(*) FROM fault) AS faults,
               (SELECT count(DISTINCT entry) FROM fault) AS faulty
             FROM entry`,
          )
          .get() as StagingCounts,
    );
  }

  async faultGroups(limit: number): Promise<{ groups: FaultGroup[]; total: number }> {
    const grouped = `SELECT e.source, f.field, f.code, min(f.id) AS first, count(DISTINCT f.entry) AS records
      FROM fault f JOIN entry e ON e.seq = f.entry GROUP BY e.source, f.field, f.code`;
    return this.#read((db) => {
      const total = db.prepare(`SELECT count(*) FROM (${grouped})`).pluck().get() as number;
      const rows = db
        .prepare(
          `SELECT e.source, e.place, e.line, f.field, f.code, f.message, g.records
           FROM (${grouped}) g JOIN fault f ON f.id = g.first JOIN entry e ON e.seq = f.entry
           ORDER BY f.entry, f.id LIMIT ?`,
        )
        .all(limit) as (FaultGroup & { place: number })[];
      return { groups: rows.map(({ place, ...row }) => ({ ...row, index: place })), total };
    });
  }

  async *faults(): AsyncGenerator<(InputPlace & StagingFault)[]> {
    const sql = `SELECT f.entry, f.id, e.source, e.place, e.line, f.field, f.code, f.message
      FROM fault f JOIN entry e ON e.seq = f.entry WHERE (f.entry, f.id) > (?, ?) ORDER BY f.entry, f.id LIMIT ?`;
    type Row = InputPlace & StagingFault & { entry: number; id: number; place: number };
    let last = { entry: 0, id: 0 };
    for (;;) {
      const rows = this.#read((db) => prepared(db, sql).all(last.entry, last.id, pageRows)) as Row[];
      if (rows.length === 0) return;
      last = rows.at(-1)!;
      yield rows.map(({ entry: _entry, id: _id, place, ...fault }) => ({ ...fault, index: place }));
    }
  }

  async commit(brake: Brake, { now, since }: Resumption, api: SendApi | null = null): Promise<StagingCommit> {
    const { pushId, ...committed } = await this.#writeMirror(
      'commitStaging',
      this.#path,
      this.#object,
      brake,
      {
        id: randomUUID(),
        digest: this.#digest.copy().digest('hex'),
        at: isoTime(now),
        resumeSince: since === null ? null : isoTime(since),
        api,
      },
    );
    this.#pushId = pushId;
    return committed;
  }

  async draft(brake: Brake, { since }: Resumption, api: SendApi | null = null): Promise<StagingDraft> {
    const { pushId, isHeld, ...counts } = await this.#writeMirror(
      'draftStaging',
      this.#path,
      this.#object,
      brake,
      { digest: this.#digest.copy().digest('hex'), resumeSince: since === null ? null : isoTime(since) },
    );
    const isNew = pushId === null;
    return {
      ...counts,
      list: async (page) =>
        isNew
          ? withMappedFaults(this.#path, () => listStagedEntries(this.#openBoth(), { isHeld, api }, page))
          : [],
      ownOf: async (keys) => (isNew ? [] : this.#keysOf(pushId, keys)),
    };
  }

  async end(): Promise<void> {
    if (this.#pushId !== null) await this.#writeMirror('endPush', this.#pushId);
  }

  async countOwn(keys: readonly string[]): Promise<number> {
    return this.#pushId === null ? 0 : this.#keysOf(this.#pushId, keys).length;
  }

  #keysOf(pushId: string, keys: readonly string[]): string[] {
    return this.#mirror.read(
      (db) =>
        prepared(
          db,
          'SELECT o.key FROM json_each(?) k CROSS JOIN outbox o ON o.key = k.value WHERE o.push_id = ?',
        )
          .pluck()
          .all(JSON.stringify(keys), pushId) as string[],
    );
  }

  async tally(): Promise<OutcomeTally[]> {
    const rows = this.#read((db) =>
      db
        .prepare(
          `SELECT e.op, ${this.#outboxColumns('state', 'created')}, count(*) AS records
           FROM ${this.#withOutbox()} GROUP BY 1, 2, 3`,
        )
        .all(),
    ) as { op: OutboxOp; state: OutboxState | null; created: number | null; records: number }[];
    return rows.map((row) => ({ ...row, created: row.created === null ? null : row.created === 1 }));
  }

  async *items(): AsyncGenerator<StagingItem[]> {
    const columns = this.#outboxColumns('state', 'contact_id', 'created', 'errors');
    const key = this.#pushId === null ? 'e.key' : 'coalesce(o.key, e.key) AS key';
    const sql = `SELECT e.seq, e.source, e.place, e.line, ${key}, e.op, ${columns}
      FROM ${this.#withOutbox()} WHERE e.seq > ? ORDER BY e.seq LIMIT ?`;
    for await (const rows of this.#pages<ItemRow>(sql)) {
      yield rows.map((row) => ({
        source: row.source,
        index: row.place,
        line: row.line,
        key: row.key,
        outcome:
          row.state === null
            ? null
            : {
                op: row.op,
                state: row.state,
                contactId: row.contact_id,
                created: row.created === null ? null : row.created === 1,
                errors: JSON.parse(row.errors) as RecordError[],
              },
      }));
    }
  }

  async *rejects(): AsyncGenerator<StagingReject[]> {
    type Row = {
      seq: number;
      source: string;
      place: number;
      line: number | null;
      given: string;
      errors: string;
    };
    const reasons =
      this.#pushId !== null
        ? `o.errors AS errors FROM ${this.#withOutbox()} WHERE o.state IN ('rejected', 'dropped')`
        : `(SELECT json_group_array(json_object('code', f.code, 'message', f.message, 'fields',
           iif(f.field IS NULL, json_array(), json_array(f.field))) ORDER BY f.id)
          FROM fault f WHERE f.entry = e.seq) AS errors
         FROM entry e WHERE EXISTS (SELECT 1 FROM fault f WHERE f.entry = e.seq)`;
    const sql = `SELECT e.seq, e.source, e.place, e.line, e.given, ${reasons}
      AND e.given IS NOT NULL AND e.seq > ? ORDER BY e.seq LIMIT ?`;
    for await (const rows of this.#pages<Row>(sql)) {
      yield rows.map(({ source, place, line, given, errors }) => ({
        source,
        index: place,
        line,
        given: JSON.parse(given) as Record<string, unknown>,
        errors: JSON.parse(errors) as RecordError[],
      }));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#both?.close();
    this.#remove();
  }

  async *#pages<Row extends { seq: number }>(sql: string): AsyncGenerator<Row[]> {
    for (let last = 0; ; ) {
      const rows = this.#read((db) => prepared(db, sql).all(last, pageRows)) as Row[];
      if (rows.length === 0) return;
      last = rows.at(-1)!.seq;
      yield rows;
    }
  }

  #withOutbox(): string {
    // By place and not by key: the entries may be those of an equal push before this one.
    return this.#pushId === null
      ? 'entry e'
      : `staging.entry e LEFT JOIN main.outbox o ON o.push_id = '${this.#pushId}' AND o.push_place = e.seq`;
  }

  #outboxColumns(...names: string[]): string {
    return names.map((name) => (this.#pushId !== null ? `o.${name}` : `NULL AS ${name}`)).join(', ');
  }

  #write(work: () => void): void {
    withMappedFaults(this.#path, () => this.#db.transaction(work)());
  }

  #read<T>(work: (db: Connection) => T): T {
    return withMappedFaults(this.#path, () => work(this.#pushId !== null ? this.#openBoth() : this.#db));
  }

  #openBoth(): Connection {
    if (this.#both === null) {
      this.#both = openForReading(this.#mirror.path);
      // What is sorted here may be as long as the input.
      this.#both.pragma('temp_store = FILE');
      this.#both.prepare('ATTACH ? AS staging').run(this.#path);
      // Both are read from end to end; SQLite's binding would keep 16 MB of each.
      this.#both.pragma(`cache_size = -${readCacheKb}`);
      this.#both.pragma(`staging.cache_size = -${readCacheKb}`);
    }
    return this.#both;
  }
}

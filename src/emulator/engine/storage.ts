import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { type Field, isCaseless, isColumn, quoted } from '../schema/field.ts';
import type { ObjectSchema } from '../schema/object-schema.ts';
import { bookkeeping, openStateFile } from './state-file.ts';

type Statement = Database.Statement<unknown[], unknown>;

/** Statements kept prepared; beyond it the oldest goes. A page, a count and a write each have a few texts. */
const STATEMENTS_KEPT = 300;

/**
 * The org's rows in one SQLite file: a table per object with `_rid` (the number inside the Id), one typed column per
 * stored field, and `_write` (the stamp of the last create, update or undelete, which a delete leaves alone).
 */
export class Storage {
  readonly db: Database.Database;
  readonly folder: string;
  readonly #statements = new Map<string, Statement>();
  readonly #next = new Map<string, number>();
  readonly #indices = new Set<string>();
  #version = 0;
  #closed = false;

  /** `file` undefined: a temporary one. `folder` is for it and for spooled results, and goes away at close. */
  constructor(file: string | undefined, tempFolder: string | undefined) {
    this.folder = mkdtempSync(join(tempFolder ?? tmpdir(), 'parahack-emulator-'));
    try {
      this.db = file === undefined ? openTemporary(this.folder) : openStateFile(file);
      this.db.pragma('synchronous = OFF');
      this.db.pragma('cache_size = -32000');
      this.db.pragma('temp_store = MEMORY');
      this.db.exec(
        `begin;
         create table if not exists _meta (key text primary key, value text) without rowid;
         create table if not exists _counter (object text primary key, next integer not null, purged integer not null) without rowid;
         create table if not exists _delete_log (object text not null, rid integer not null, deleted_at text not null);
         create index if not exists _delete_log_by_time on _delete_log (object, deleted_at);
         create table if not exists _hidden (object text not null, user text not null, rid integer not null,
           primary key (object, user, rid)) without rowid;
         create table if not exists _answer (user text not null, key text not null, fingerprint text not null,
           at_ms integer not null, answer text not null, primary key (user, key)) without rowid;
         commit;`,
      );
      this.db.function('fold', { deterministic: true }, foldCase);
    } catch (error) {
      rmSync(this.folder, { recursive: true, force: true });
      throw error;
    }
    for (const row of this.all<{ object: string; next: number }>('select object, next from _counter', [])) {
      this.#next.set(row.object, row.next);
    }
  }

  prepare(sql: string): Statement {
    return this.#kept(sql, () => this.db.prepare(sql));
  }

  all<T>(sql: string, values: readonly unknown[]): T[] {
    return this.prepare(sql).all(...values) as T[];
  }

  get<T>(sql: string, values: readonly unknown[]): T | undefined {
    return this.prepare(sql).get(...values) as T | undefined;
  }

  run(sql: string, values: readonly unknown[]): number {
    return this.prepare(sql).run(...values).changes;
  }

  /** A statement whose rows are its first column alone. */
  pluck(sql: string): Statement {
    return this.#kept(`pluck ${sql}`, () => this.db.prepare(sql).pluck());
  }

  /** How many rows an object's table can have. */
  rowsAtMost(schema: ObjectSchema): number {
    return (this.#next.get(schema.name) ?? 1) - 1;
  }

  /** All or nothing; inside another one, a savepoint. */
  transaction<T>(work: () => T): T {
    try {
      return this.db.transaction(work)();
    } catch (error) {
      // An index made inside is undone as well.
      this.#indices.clear();
      throw error;
    }
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Drops the tables of all objects, those of an interrupted start too, and forgets rows, counters and facts. */
  clear(): void {
    this.#statements.clear();
    this.#indices.clear();
    this.#next.clear();
    this.transaction(() => {
      const tables = this.all<{ name: string }>("select name from sqlite_master where type = 'table'", []);
      const objects = tables.filter(({ name }) => !/^(_|sqlite_)/.test(name));
      for (const { name } of objects) this.db.exec(`drop table ${quoted(name)}`);
      for (const name of [...bookkeeping, '_answer']) this.db.exec(`delete from ${name}`);
    });
  }

  get version(): number {
    return this.#version;
  }

  /** To be called with every committed change of rows, schema or visibility. */
  bumpVersion(): void {
    this.#version++;
  }

  meta(key: string): string | undefined {
    return this.get<{ value: string }>('select value from _meta where key = ?', [key])?.value;
  }

  setMeta(key: string, value: string): void {
    this.run('insert into _meta values (?, ?) on conflict (key) do update set value = excluded.value', [
      key,
      value,
    ]);
  }

  createTable(schema: ObjectSchema): void {
    const columns = schema.columns.map((field) => columnDefinition(field)).join(', ');
    this.db.exec(
      `create table if not exists ${quoted(schema.name)} (_rid integer primary key, _write text not null, ${columns})`,
    );
    this.run('insert or ignore into _counter values (?, 1, 0)', [schema.name]);
    if (!this.#next.has(schema.name)) this.#next.set(schema.name, 1);
  }

  /** The indices that every object has; made after the first rows are in, which is faster. */
  createIndices(schema: ObjectSchema): void {
    this.ensureIndex(schema, 'Id', 'unique');
    const name = quoted(`${schema.name}_by_write`);
    this.db.exec(`create index if not exists ${name} on ${quoted(schema.name)} (_write)`);
    this.ensureIndex(schema, 'CreatedDate');
  }

  /**
   * An index is made when it is first asked for: a million rows take about a second. `live` holds only rows that are
   * not deleted, so that it gives the order by field and Id and answers counts by itself.
   */
  ensureIndex(schema: ObjectSchema, fieldName: string, kind: 'live' | 'all' | 'unique' = 'live'): void {
    const key = `${schema.name}.${fieldName}.${kind}`;
    const field = schema.field(fieldName);
    if (this.#indices.has(key) || !field || !isColumn(field)) return;
    const collate = field.storage === 'TEXT' && isCaseless(field) ? ' collate nocase' : '';
    const partial = kind === 'live' && schema.field('IsDeleted') ? ' where "IsDeleted" = 0' : '';
    this.db.exec(
      `create ${kind === 'unique' ? 'unique ' : ''}index if not exists ${quoted(indexName(schema, field, kind))}
       on ${quoted(schema.name)} (${quoted(field.name)}${collate})${partial}`,
    );
    this.#indices.add(key);
  }

  addColumn(schema: ObjectSchema, field: Field): void {
    if (!isColumn(field)) return;
    this.db.exec(`alter table ${quoted(schema.name)} add column ${columnDefinition(field)}`);
    this.#statements.clear();
  }

  dropColumn(schema: ObjectSchema, field: Field): void {
    if (!isColumn(field)) return;
    for (const kind of ['live', 'all', 'unique']) {
      this.db.exec(`drop index if exists ${quoted(indexName(schema, field, kind))}`);
      this.#indices.delete(`${schema.name}.${field.name}.${kind}`);
    }
    this.db.exec(`alter table ${quoted(schema.name)} drop column ${quoted(field.name)}`);
    this.#statements.clear();
  }

  /** The first of `count` new row numbers. Numbers are never given twice, not even after a purge. */
  takeRids(schema: ObjectSchema, count: number): number {
    const first = this.#next.get(schema.name) ?? 1;
    this.#next.set(schema.name, first + count);
    this.run('update _counter set next = ? where object = ?', [first + count, schema.name]);
    return first;
  }

  #kept(key: string, make: () => Statement): Statement {
    const known = this.#statements.get(key);
    const statement = known ?? make();
    if (known) this.#statements.delete(key);
    const oldest = this.#statements.keys().next();
    if (this.#statements.size >= STATEMENTS_KEPT && !oldest.done) this.#statements.delete(oldest.value);
    this.#statements.set(key, statement);
    return statement;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#statements.clear();
    this.db.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function openTemporary(folder: string): Database.Database {
  const path = join(folder, 'org.db');
  const db = new Database(path);
  unlinkIfPossible(path);
  db.pragma('journal_mode = MEMORY');
  return db;
}

/** An open file without a name goes away with its process, even a killed one. Windows does not allow it: then at close. */
function unlinkIfPossible(path: string): void {
  try {
    rmSync(path);
  } catch {
    // Removed with the folder.
  }
}

function indexName(schema: ObjectSchema, field: Field, kind: string): string {
  return `${schema.name}_by_${field.name}_${kind}`;
}

function columnDefinition(field: Field): string {
  const missing = field.type === 'boolean' ? ' not null default 0' : '';
  return `${quoted(field.name)} ${field.storage}${missing}`;
}

function foldCase(value: unknown): unknown {
  return typeof value === 'string' ? value.toLowerCase() : value;
}

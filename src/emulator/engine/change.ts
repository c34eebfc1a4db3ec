import type { SqlValue } from '../schema/field.ts';
import { quoted } from '../schema/field.ts';
import type { ObjectSchema } from '../schema/object-schema.ts';
import type { Storage } from './storage.ts';
import type { Visibility } from './visibility.ts';

export type ColumnValues = Readonly<Record<string, SqlValue>>;

/** One row's change, ready to be stored: values are final and stamped. */
export interface Change {
  readonly kind: 'insert' | 'update' | 'delete' | 'undelete' | 'purge';
  readonly object: ObjectSchema;
  readonly rid: number;
  /** Columns to set; an insert has null for what is not named. A held change loses columns that are removed. */
  readonly set: Record<string, SqlValue>;
  /** The stamp, as stored. */
  readonly at: string;
}

/** Stores a change. The delete log keeps what was deleted, purged rows too, until it is purged itself. */
export function applyChange(storage: Storage, visibility: Visibility, change: Change): void {
  const table = quoted(change.object.name);
  switch (change.kind) {
    case 'insert': {
      const columns = change.object.columns;
      const names = columns.map((field) => quoted(field.name)).join(', ');
      storage.run(
        `insert into ${table} (_rid, _write, ${names}) values (?, ?, ${columns.map(() => '?').join(', ')})`,
        [change.rid, change.at, ...columns.map((field) => change.set[field.name] ?? defaultOf(field.type))],
      );
      return;
    }
    case 'update':
    case 'undelete':
      update(storage, change, { ...change.set, _write: change.at });
      return;
    case 'delete':
      update(storage, change, change.set);
      log(storage, change);
      return;
    case 'purge': {
      const row = storage.get<{ IsDeleted: number }>(`select * from ${table} where _rid = ?`, [change.rid]);
      if (!row) return;
      if (!row.IsDeleted) log(storage, change);
      storage.run(`delete from ${table} where _rid = ?`, [change.rid]);
      storage.run('update _counter set purged = purged + 1 where object = ?', [change.object.name]);
      visibility.forget(change.object, change.rid);
    }
  }
}

function defaultOf(type: string): SqlValue {
  return type === 'boolean' ? 0 : null;
}

function update(storage: Storage, change: Change, set: ColumnValues): void {
  const names = Object.keys(set);
  storage.run(
    `update ${quoted(change.object.name)} set ${names.map((name) => `${quoted(name)} = ?`).join(', ')} where _rid = ?`,
    [...names.map((name) => set[name] ?? null), change.rid],
  );
}

function log(storage: Storage, change: Change): void {
  storage.run('insert into _delete_log values (?, ?, ?)', [change.object.name, change.rid, change.at]);
}

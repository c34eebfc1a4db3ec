import type { ObjectSchema } from '../schema/object-schema.ts';
import { type Sql, sql } from '../soql/sql.ts';
import type { Storage } from './storage.ts';

/** Rows that sharing hides from users. A change of it touches no stamp. */
export class Visibility {
  readonly #storage: Storage;
  /** How many rows of an object are hidden from a user; without any, queries carry no condition. */
  readonly #counts = new Map<string, number>();

  constructor(storage: Storage) {
    this.#storage = storage;
    this.reload();
  }

  reload(): void {
    this.#counts.clear();
    const rows = this.#storage.all<{ object: string; user: string; n: number }>(
      'select object, user, count(*) as n from _hidden group by object, user',
      [],
    );
    for (const row of rows) this.#counts.set(`${row.object} ${row.user}`, row.n);
  }

  /** The condition that leaves hidden rows out; undefined where there are none. */
  condition(object: ObjectSchema, alias: string, userId: string): Sql | undefined {
    if (!this.#counts.get(`${object.name} ${userId}`)) return undefined;
    return sql(
      `not exists (select 1 from _hidden h where h.object = ? and h.user = ? and h.rid = ${alias}._rid)`,
      object.name,
      userId,
    );
  }

  isHidden(object: ObjectSchema, rid: number, userId: string): boolean {
    if (!this.#counts.get(`${object.name} ${userId}`)) return false;
    return (
      this.#storage.get('select 1 from _hidden where object = ? and user = ? and rid = ?', [
        object.name,
        userId,
        rid,
      ]) !== undefined
    );
  }

  set(object: ObjectSchema, rids: readonly number[], userId: string, hidden: boolean): void {
    const text = hidden
      ? 'insert or ignore into _hidden values (?, ?, ?)'
      : 'delete from _hidden where object = ? and user = ? and rid = ?';
    for (const rid of rids) this.#storage.run(text, [object.name, userId, rid]);
    this.reload();
  }

  forget(object: ObjectSchema, rid: number): void {
    if (this.#counts.size === 0) return;
    this.#storage.run('delete from _hidden where object = ? and rid = ?', [object.name, rid]);
    this.reload();
  }
}

import type { Connection, Statement } from '../../../sqlite/connection.ts';
import { derivedColumns } from '../../../sync/merge/derived-columns.ts';
import type { RowState } from '../../../sync/merge/evidence.ts';
import { quoteName } from '../quote-name.ts';
import { stateAssignments, stateParameters } from './row-state.ts';

/** Writes one row's merged state, with or without values. Lives for one transaction. */
export class ContactWriter {
  readonly #db: Connection;
  /** All field columns of `contact`, vanished ones included. */
  readonly #columns: ReadonlySet<string>;
  readonly #statements = new Map<string, Statement>();

  constructor(db: Connection, columns: ReadonlySet<string>) {
    this.#db = db;
    this.#columns = columns;
  }

  writeState(contact: number, state: RowState): void {
    this.#run('state', () => `UPDATE contact SET ${this.#assignments()} WHERE rowid = ?`, state, contact);
  }

  /** A purged contact keeps its Id and what the merge rule needs, nothing else. */
  clearValues(contact: number, state: RowState): void {
    const values = [...this.#columns].filter((name) => !derivedColumns.has(name));
    const nulls = values.map((name) => `${quoteName(name)} = NULL, `).join('');
    this.#run(
      'clear',
      () => `UPDATE contact SET ${nulls}${this.#assignments()} WHERE rowid = ?`,
      state,
      contact,
    );
  }

  /** `columns` are the spooled page's, c0 and on; `row` is the row's number in it. */
  takeValues(contact: number, state: RowState, columns: readonly string[], row: number): void {
    this.#run(
      'take',
      () => `UPDATE contact SET ${cellAssignments(columns)}, ${this.#assignments()}
        FROM spool.page p WHERE contact.rowid = ? AND p.rowid = ?`,
      state,
      contact,
      row,
    );
  }

  /** Only the page's cells; nothing of what is known of the row changes. */
  fillValues(contact: number, columns: readonly string[], row: number): void {
    this.#statement(
      'fill',
      () => `UPDATE contact SET ${cellAssignments(columns)} FROM spool.page p
        WHERE contact.rowid = ? AND p.rowid = ?`,
    ).run(contact, row);
  }

  /** Read again at `at` with the same values. */
  confirm(id: string, at: string): void {
    this.#statement(
      'confirm',
      () => `INSERT INTO contact_seen (id, at) VALUES (?, ?)
        ON CONFLICT (id) DO UPDATE SET at = excluded.at`,
    ).run(id, at);
  }

  #run(name: string, sql: () => string, state: RowState, ...where: number[]): void {
    this.#statement(name, sql).run(...stateParameters(state, this.#columns), ...where);
    // The row now says itself when it was read.
    this.#statement(
      'forget',
      () => 'DELETE FROM contact_seen WHERE id = (SELECT Id FROM contact WHERE rowid = ?)',
    ).run(where[0]);
  }

  #assignments(): string {
    return stateAssignments(this.#columns);
  }

  #statement(name: string, sql: () => string): Statement {
    let statement = this.#statements.get(name);
    if (statement === undefined) {
      statement = this.#db.prepare(sql());
      this.#statements.set(name, statement);
    }
    return statement;
  }
}

function cellAssignments(columns: readonly string[]): string {
  return columns
    .map((name, i) => (derivedColumns.has(name) ? '' : `${quoteName(name)} = p.c${i}`))
    .filter((assignment) => assignment !== '')
    .join(', ');
}

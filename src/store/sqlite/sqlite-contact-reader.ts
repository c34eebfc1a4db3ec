import { contact } from '../../org/synced-object.ts';
import type { Connection } from '../../sqlite/connection.ts';
import type {
  ContactReader,
  ContactSelection,
  Person,
  ReaderColumn,
  ReaderContact,
  ReaderListing,
  ReaderRow,
  ReadingOptions,
} from '../../sync/ports/contact-reader.ts';
import type { Gone } from '../../sync/ports/page.ts';
import { chosenColumns, ownColumns, refuseOutdated, textColumns } from '../fields/chosen-columns.ts';
import { searchFields } from '../fields/search-fields.ts';
import { noMirror, openToTell } from './connection.ts';
import { loadFields } from './contact-schema.ts';
import { searchByIndex, worthAnIndex } from './contact-search.ts';
import { checkCondition, conditionFaultOf, orderOf } from './contact-selection.ts';
import { readCursors } from './cursor-records.ts';
import { inTurns } from './in-turns.ts';
import { checkVersion } from './mirror-format.ts';
import { quoteName } from './quote-name.ts';
import { isEmpty, readAsCurrent } from './schema.ts';
import { searchCondition } from './search-condition.ts';
import { countNotIndexed, searchIndexOf } from './search-index.ts';
import { mapSqliteFault, withMappedFaults } from './sqlite-fault.ts';

const batchRows = 500;

/** The view's rows, counted from indices alone: a tenth of the time that its own count(*) takes. */
const liveCount =
  'SELECT (SELECT count(*) FROM contact) - (SELECT count(*) FROM contact WHERE _gone IS NOT NULL)';

/** The same where local rows are laid over: those that are shown, in place of the live ones that they hide. */
const overlaidCount = `${liveCount} + (SELECT count(*) FROM contact_local WHERE _deleted = 0)
  - (SELECT count(*) FROM contact_local l JOIN contact c ON c.Id = l.Id WHERE c._gone IS NULL)`;

/** By a connection of its own, on the calling thread. */
export class SqliteContactReader implements ContactReader {
  readonly path: string;
  /** Without those that hold old values. */
  readonly columns: ReaderColumn[];
  readonly #outdated: ReadonlySet<string>;
  /** Of a former version's form, which only whoever writes brings up to date. */
  readonly #isOutdated: boolean;
  readonly #db: Connection;

  /** Throws AppError `NO_MIRROR`, `MIRROR_CORRUPT` or `MIRROR_NEWER_THAN_TOOL`. */
  constructor(path: string) {
    this.path = path;
    this.#db = openToTell(path).db;
    try {
      this.#isOutdated = checkVersion(this.#db, path) === 'outdated';
      if (isEmpty(this.#db)) throw noMirror(path);
      if (this.#isOutdated) readAsCurrent(this.#db);
      const fields = loadFields(this.#db, contact.name);
      this.columns = fields.filter(({ current }) => current).map(({ name, type }) => ({ name, type }));
      const outdated = fields.filter(({ current }) => !current);
      this.#outdated = new Set(outdated.map(({ name }) => name.toLowerCase()));
    } catch (error) {
      this.#db.close();
      throw mapSqliteFault(error, path);
    }
  }

  async coveredUntil(): Promise<number | null> {
    return this.#read((db) => {
      const { updated, deleted } = readCursors(db, contact.name);
      return updated === null || deleted === null ? null : Math.min(updated, deleted);
    });
  }

  async list({
    limit,
    deleted,
    ...selection
  }: { limit: number; deleted: boolean } & ContactSelection): Promise<ReaderListing> {
    // "+Id": sort the few tombstones rather than walk through all contacts in the order of their Ids.
    return deleted
      ? this.#listing('contact WHERE _gone IS NOT NULL', '+Id', [], limit, {
          more: ['_gone'],
          own: ownColumns.gone,
          selection,
        })
      : this.#listing('contacts', 'Id', [], limit, { selection });
  }

  async search(text: string, { limit }: { limit: number }): Promise<ReaderListing> {
    const fields = searchFields(this.columns);
    const { sql, parameters } = searchCondition(text, fields);
    return this.#atOneMoment(limit, () => {
      // The index knows nothing of local rows, which are few.
      const found = this.#hasLocalRows() ? null : searchByIndex(this.#db, text, fields);
      if (found === null) return this.#listing(`contacts WHERE ${sql}`, 'Id', parameters, limit);
      const shown = JSON.stringify(found.slice(0, limit));
      const from = 'contact WHERE rowid IN (SELECT value FROM json_each(?))';
      return { ...this.#listing(from, '+Id', [shown], limit), total: found.length };
    });
  }

  async wantsSearchIndex(): Promise<boolean> {
    return this.#read((db) => {
      if (this.#isOutdated) return false;
      return countNotIndexed(db, searchIndexOf(db, searchFields(this.columns))) >= worthAnIndex;
    });
  }

  async chosen({ where, fields }: Pick<ContactSelection, 'where' | 'fields'>): Promise<ReaderColumn[]> {
    if (where !== undefined) this.#read((db) => checkCondition(db, where));
    refuseOutdated(this.#outdated, { fields });
    return this.columns.length === 0 ? [] : chosenColumns(this.columns, fields);
  }

  async idsByEmail(email: string): Promise<string[]> {
    if (!this.columns.some(({ name }) => name === 'Email')) return [];
    return this.#read(
      (db) =>
        db
          .prepare('SELECT coalesce(Id, _key) FROM contacts WHERE Email = ? COLLATE NOCASE ORDER BY Id')
          .pluck()
          .all(email) as string[],
    );
  }

  async show(id: string): Promise<ReaderContact | null> {
    if (this.columns.length === 0) return null;
    return this.#read((db) => {
      const names = this.#names();
      const last = id.length === 15 ? `${id}zzz` : id;
      // A contact whose deletion waits here is shown as Salesforce has it.
      const state = this.#hasLocalRows()
        ? `coalesce((SELECT _state FROM contact_local l WHERE l.Id = contact.Id), 'synced')`
        : `'synced'`;
      const base = `SELECT coalesce(_key, Id), ${state}, NULL, _gone, _read_at, ${names} FROM contact`;
      const local = `SELECT _key, _state, _error, NULL, (SELECT _read_at FROM contact c WHERE c.Id = l.Id), ${names} FROM contact_local l
        WHERE _deleted = 0`;
      const ofLocal = this.#hasLocalRows()
        ? ([
            [`${local} AND Id BETWEEN ? AND ?`, id, last],
            [`${local} AND _key = ?`, id],
          ] as const)
        : [];
      for (const [sql, ...parameters] of [
        ...ofLocal,
        [`${base} WHERE Id BETWEEN ? AND ?`, id, last],
        [`${base} WHERE _key = ?`, id],
        [`${base} WHERE Id = (SELECT contact_id FROM outbox WHERE key = ? AND op = 'create')`, id],
      ] as const) {
        const found = db
          .prepare(sql)
          .raw()
          .get(...parameters) as unknown[] | undefined;
        if (found === undefined) continue;
        const [key, state, error, gone, readAt, ...row] = found as [
          string,
          string,
          string | null,
          Gone | null,
          string | null,
          ...unknown[],
        ];
        return { columns: this.columns, row, key, state, error, gone, readAt };
      }
      return null;
    });
  }

  async people(ids: readonly string[]): Promise<Map<string, Person>> {
    const has = (name: string) => this.columns.some((column) => column.name === name);
    const column = (name: string) => (has(name) ? quoteName(name) : 'NULL');
    if (ids.length === 0 || this.columns.length === 0) return new Map();
    return this.#read((db) => {
      const rows = db
        .prepare(
          `SELECT Id, ${['Name', 'FirstName', 'LastName', 'Email'].map(column).join(', ')} FROM contact
           WHERE Id IN (SELECT value FROM json_each(?))`,
        )
        .raw()
        .all(JSON.stringify(ids)) as (string | null)[][];
      return new Map(
        rows.map(([id, name, first, last, email]) => {
          const parts = [first, last].filter((part) => part).join(' ');
          return [id as string, { name: name || parts || null, email: email || null }];
        }),
      );
    });
  }

  batches(
    selection: Pick<ContactSelection, 'where' | 'fields'> = {},
    { signal }: ReadingOptions = {},
  ): AsyncIterable<ReaderRow[]> {
    return inTurns(this.#allBatches(selection), signal);
  }

  *#allBatches({ where, fields }: Pick<ContactSelection, 'where' | 'fields'>): Generator<ReaderRow[]> {
    if (this.columns.length === 0) return;
    const names = chosenColumns(this.columns, fields).map(({ name }) => quoteName(name));
    if (where !== undefined) checkCondition(this.#db, where);
    const from = where === undefined ? 'contacts' : `contacts WHERE (\n${where}\n)`;
    yield* this.#inBatches(`SELECT ${names} FROM ${from}`, [], where !== undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#db.close();
  }

  #listing(
    from: string,
    order: string,
    parameters: readonly string[],
    limit: number,
    {
      more = [],
      own = ownColumns.live,
      selection = {},
    }: { more?: readonly string[]; own?: readonly string[]; selection?: ContactSelection } = {},
  ): ReaderListing {
    const { where, fields, sort, offset = 0 } = selection;
    refuseOutdated(this.#outdated, selection);
    if (this.columns.length === 0) return { columns: [], total: 0, batches: () => inTurns([]) };
    const columns = [...chosenColumns(this.columns, fields, own), ...textColumns(more)];
    const names = columns.map(({ name }) => quoteName(name));
    const inOrder = orderOf(this.columns, sort, own) ?? order;
    if (where !== undefined) {
      this.#read((db) => checkCondition(db, where));
      from = `${from} ${from.includes(' WHERE ') ? 'AND' : 'WHERE'} (\n${where}\n)`;
    }
    const sql = `SELECT ${names} FROM ${from} ORDER BY ${inOrder} LIMIT ? OFFSET ?`;
    const given = [...parameters, limit, offset];
    const conditional = where !== undefined;
    const count = () => this.#count(from, parameters, conditional);
    if (limit > batchRows) {
      const total = this.#atOneMoment(limit, count);
      const batches = ({ signal }: ReadingOptions = {}) =>
        inTurns(this.#inBatches(sql, given, conditional), signal);
      return { columns, total, batches };
    }
    const few = () => {
      const rows = [...this.#inBatches(sql, given, conditional)].flat();
      const isAll = rows.length < limit && (rows.length > 0 || offset === 0);
      return { rows, total: isAll ? offset + rows.length : count() };
    };
    const { rows, total } = this.#atOneMoment(limit, few);
    return { columns, total, batches: ({ signal } = {}) => inTurns(rows.length === 0 ? [] : [rows], signal) };
  }

  #hasLocalRows(): boolean {
    if (this.#isOutdated) return false;
    return this.#db.prepare('SELECT 1 FROM contact_local LIMIT 1').get() !== undefined;
  }

  /** One transaction; that of a listing whose rows are read later ends with the reader. */
  #atOneMoment<T>(limit: number, work: () => T): T {
    return this.#read((db) => {
      if (limit <= batchRows) return db.transaction(work)();
      if (!db.inTransaction) db.exec('BEGIN');
      return work();
    });
  }

  #count(from: string, parameters: readonly string[], conditional: boolean): number {
    try {
      const all = this.#hasLocalRows() ? overlaidCount : liveCount;
      const sql = from === 'contacts' ? all : `SELECT count(*) FROM ${from}`;
      return this.#db
        .prepare(sql)
        .pluck()
        .get(...parameters) as number;
    } catch (error) {
      throw (conditional ? conditionFaultOf(error) : null) ?? error;
    }
  }

  /** `conditional`: the user's own condition may be what fails. */
  *#inBatches(
    sql: string,
    parameters: readonly (string | number)[],
    conditional: boolean,
  ): Generator<ReaderRow[]> {
    try {
      let batch: ReaderRow[] = [];
      const rows = this.#db
        .prepare(sql)
        .raw()
        .iterate(...parameters);
      for (const row of rows as IterableIterator<ReaderRow>) {
        batch.push(row);
        if (batch.length < batchRows) continue;
        yield batch;
        batch = [];
      }
      if (batch.length > 0) yield batch;
    } catch (error) {
      throw (conditional ? conditionFaultOf(error) : null) ?? mapSqliteFault(error, this.path);
    }
  }

  #names(): string[] {
    return this.columns.map(({ name }) => quoteName(name));
  }

  #read<T>(work: (db: Connection) => T): T {
    return withMappedFaults(this.path, () => work(this.#db));
  }
}

import type { Connection } from '../../../sqlite/connection.ts';
import { derivedColumns } from '../../../sync/merge/derived-columns.ts';
import { type RowState, sameState } from '../../../sync/merge/evidence.ts';
import { countRow, type PageCounts } from '../../../sync/merge/page-counts.ts';
import { mayFill, mergeRow, type PageTimes } from '../../../sync/merge/page-row.ts';
import { prepared } from '../prepared.ts';
import { quoteName } from '../quote-name.ts';
import { ContactWriter } from './contact-writer.ts';
import { readState, type StateTuple, stateColumns } from './row-state.ts';

/** A page that lies in the attached database `spool`. */
export interface SpooledPage extends PageTimes {
  columns: readonly string[];
  rows: number;
  /** Rows that say IsDeleted. */
  dead: number;
  /** Only some fields, of contacts that the mirror has. */
  partial: boolean;
}

/** Rows that are compared at a time; keeps the memory of a page of any size flat. */
const sliceRows = 5_000;

type PairTuple = [
  contact: number,
  id: string,
  row: number,
  stamp: string,
  dead: number | null,
  master: string | null,
  same: number,
  ...state: StateTuple,
];

/**
 * Merges a page into `contact`. New contacts are inserted by one statement; only where some were there
 * already is anything compared. The caller holds the transaction.
 */
export function applyPage(db: Connection, page: SpooledPage, allColumns: ReadonlySet<string>): PageCounts {
  const counts: PageCounts = { inserted: 0, updated: 0, undeleted: 0, buried: 0 };
  if (page.rows === 0) return counts;
  if (!page.partial) counts.inserted = insertNew(db, page);
  if (counts.inserted === page.rows && page.dead === 0) return counts;
  const merger = new PageMerger(db, page, allColumns, counts);
  for (let from = 1; from <= page.rows; from += sliceRows) {
    merger.mergeRows(from, Math.min(from + sliceRows - 1, page.rows));
  }
  return counts;
}

function insertNew(db: Connection, page: SpooledPage): number {
  const deleted = page.columns.indexOf('IsDeleted');
  const live = page.dead === 0 ? 'true' : `c${deleted} IS NOT 1`;
  const columns = page.columns.map(quoteName).join(', ');
  const cells = page.columns.map((_, i) => `c${i}`).join(', ');
  let inserted = prepared(
    db,
    `INSERT INTO main.contact (${columns}, _read_at) SELECT ${cells}, ? FROM spool.page WHERE ${live}
     ON CONFLICT (Id) DO NOTHING`,
  ).run(page.readAt).changes;
  if (page.dead > 0) {
    // Rows that were never seen live begin as a bare Id; the merge below fills them in.
    inserted += db
      .prepare(
        `INSERT INTO main.contact (Id) SELECT c${page.columns.indexOf('Id')} FROM spool.page
         WHERE c${deleted} = 1 ON CONFLICT (Id) DO NOTHING`,
      )
      .run().changes;
  }
  return inserted;
}

class PageMerger {
  readonly #page: SpooledPage;
  readonly #counts: PageCounts;
  readonly #writer: ContactWriter;
  readonly #select: string;
  readonly #db: Connection;

  constructor(db: Connection, page: SpooledPage, allColumns: ReadonlySet<string>, counts: PageCounts) {
    this.#db = db;
    this.#page = page;
    this.#counts = counts;
    this.#writer = new ContactWriter(db, allColumns);
    this.#select = pairQuery(page, allColumns.has('MasterRecordId'));
  }

  mergeRows(from: number, to: number): void {
    const pairs = this.#db.prepare(this.#select).raw().all(from, to) as PairTuple[];
    const seen = new Set<number>();
    for (const pair of pairs) {
      // The same contact twice in a page: what was read of it above is out of date.
      const fresh = seen.has(pair[0])
        ? (this.#db.prepare(this.#select).raw().get(pair[2], pair[2]) as PairTuple)
        : pair;
      seen.add(pair[0]);
      if (this.#page.partial) this.#fill(fresh);
      else this.#merge(fresh);
    }
  }

  #merge([contact, id, row, stamp, dead, master, sameCells, ...tuple]: PairTuple): void {
    const page = this.#page;
    const state = readState(tuple);
    const { next, takes } = mergeRow(state, stamp, dead === 1, master, page);
    const changes = takes && sameCells !== 1;
    if (!changes && sameState(state, next)) return;
    countRow(this.#counts, state, next, changes);
    if (changes) this.#writer.takeValues(contact, next, page.columns, row);
    else if (isConfirmation(state, next)) this.#writer.confirm(id, page.readAt);
    else this.#writer.writeState(contact, next);
  }

  #fill([contact, , row, stamp, , , sameCells, ...tuple]: PairTuple): void {
    const state = readState(tuple);
    if (sameCells === 1 || !mayFill(state, stamp, this.#page.readAt)) return;
    this.#writer.fillValues(contact, this.#page.columns, row);
    this.#counts.updated++;
  }
}

/** Nothing changed but the time of the reading. */
function isConfirmation(state: RowState, next: RowState): boolean {
  return (
    next.readAt === next.valueAt &&
    sameState({ ...next, readAt: state.readAt, valueAt: state.valueAt }, state)
  );
}

/**
 * Pairs each row of the page that the mirror knows with what it knows of it; of a partial page, which may be of all
 * contacts, only those whose cells may have to be filled.
 */
function pairQuery({ columns, partial }: SpooledPage, hasMaster: boolean): string {
  const cell = (name: string) => (columns.includes(name) ? `p.c${columns.indexOf(name)}` : 'NULL');
  const compared = columns.filter((name) => !derivedColumns.has(name));
  const stored = compared.map((name) => `c.${quoteName(name)}`).join(', ');
  const read = compared.map((name) => cell(name)).join(', ');
  const toFill = `AND c._gone IS NULL AND c.SystemModstamp = ${cell('SystemModstamp')} AND (${stored}) IS NOT (${read})`;
  return `SELECT c.rowid, c.Id, p.rowid, ${cell('SystemModstamp')}, ${cell('IsDeleted')}, ${cell('MasterRecordId')},
      CASE WHEN ${cell('SystemModstamp')} = c.SystemModstamp THEN (${stored}) IS (${read}) ELSE 0 END,
      ${stateColumns(hasMaster)}
    FROM spool.page p CROSS JOIN main.contact c ON c.Id = ${cell('Id')}
    LEFT JOIN main.contact_seen x ON x.id = c.Id
    WHERE p.rowid BETWEEN ? AND ? ${partial ? toFill : ''}`;
}

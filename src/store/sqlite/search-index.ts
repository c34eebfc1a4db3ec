import { contact } from '../../org/synced-object.ts';
import type { Connection } from '../../sqlite/connection.ts';
import { type SearchField, searchFields } from '../fields/search-fields.ts';
import { loadFields } from './contact-schema.ts';
import { dropSearchIndex, searchIndexNames } from './drop-search-index.ts';
import { readMeta, writeMeta } from './meta.ts';
import { quoteName } from './quote-name.ts';
import { bareNumber } from './search-condition.ts';

/**
 * The index of `contacts search`: for each three letters that follow each other in a name, an e-mail or a phone number,
 * the rows that have them (SQLite's FTS5 with its trigram tokenizer). It only says where to look: what it finds is read
 * and compared as without it, so that it may name a row too many, never one too few.
 *
 * So nothing is ever taken out of it. New rows lie behind the last indexed one, changed ones are noted by a trigger, and
 * both are looked at one by one until `extendSearchIndex` has them in. Tombstones are sorted out when they are read.
 * Rows keep their place for ever: none is deleted, and SQLite renumbers no table that has an index.
 */
const { table, changed: changedTable, trigger, metaKey } = searchIndexNames;

/** How far the index is; `again`: rows that were indexed anew because they had changed. */
export interface SearchIndex {
  fields: SearchField[];
  /** The last rowid of `contact` that is in. */
  to: number;
  again: number;
}

/** A transaction of some 100 ms, for other writers wait meanwhile. */
const sliceRows = 20_000;

/** Null where there is none that covers `wanted`; a field more than that does no harm. */
export function searchIndexOf(db: Connection, wanted: readonly SearchField[]): SearchIndex | null {
  const stored = readMeta(db, metaKey);
  // It goes with its table: without it, changes were made that nobody has noted.
  const isNoted = db.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'trigger' AND name = ?").get(trigger);
  if (stored === null || isNoted === undefined) return null;
  const index = JSON.parse(stored) as SearchIndex;
  const covers = (field: SearchField) =>
    index.fields.some(({ name, isPhone }) => name === field.name && isPhone === field.isPhone);
  return wanted.every(covers) ? index : null;
}

/** SQL: rowids of contacts that are to be looked at besides those that the index finds. The parameter is `to`. */
export const notIndexed = `SELECT contact FROM ${changedTable} UNION ALL SELECT rowid FROM contact WHERE rowid > ?`;
/** SQL: rowids of contacts by an expression of FTS5. */
export const indexed = `SELECT rowid FROM ${table} WHERE ${table} MATCH ?`;

/** How many contacts a search has to look at one by one, tombstones included. */
export function countNotIndexed(db: Connection, index: SearchIndex | null): number {
  const last = lastRow(db);
  if (index === null) return last;
  const changed = db.prepare(`SELECT count(*) FROM ${changedTable}`).pluck().get() as number;
  return last - index.to + changed;
}

/** Takes a slice of what is not indexed in; returns whether there is more. The caller holds the transaction. */
export function extendSearchIndex(db: Connection): boolean {
  const wanted = searchFields(loadFields(db, contact.name).filter(({ current }) => current));
  let index = searchIndexOf(db, wanted);
  // What changed rows had before stays in; when that has become as much as there is, all of it is made anew.
  if (index === null || index.again > index.to) {
    dropSearchIndex(db);
    if (wanted.length === 0) return false;
    index = makeSearchIndex(db, wanted);
  }
  const last = lastRow(db);
  if (index.to < last) {
    const to = Math.min(index.to + sliceRows, last);
    insertRows(db, index.fields, 'rowid > ? AND rowid <= ?', index.to, to);
    writeIndex(db, { ...index, to });
    return countNotIndexed(db, { ...index, to }) > 0;
  }
  const slice = `SELECT contact FROM ${changedTable} ORDER BY contact LIMIT ${sliceRows}`;
  insertRows(db, index.fields, `rowid IN (${slice})`);
  const { changes } = db.prepare(`DELETE FROM ${changedTable} WHERE contact IN (${slice})`).run();
  writeIndex(db, { ...index, again: index.again + changes });
  return changes === sliceRows;
}

function makeSearchIndex(db: Connection, fields: SearchField[]): SearchIndex {
  const names = fields.map(({ name }) => quoteName(name));
  // Neither texts nor places within them are stored: a tenth of the mirror's size in place of a third.
  db.exec(
    `CREATE VIRTUAL TABLE ${table} USING fts5(${names.join(', ')}, tokenize = 'trigram', content = '', detail = 'none',
       columnsize = 0)`,
  );
  db.exec(`CREATE TABLE ${changedTable} (contact INTEGER PRIMARY KEY)`);
  db.exec(
    `CREATE TRIGGER ${trigger} AFTER UPDATE OF ${names.join(', ')} ON contact
     WHEN ${names.map((name) => `old.${name} IS NOT new.${name}`).join(' OR ')}
     BEGIN INSERT INTO ${changedTable} VALUES (new.rowid) ON CONFLICT DO NOTHING; END`,
  );
  return { fields, to: 0, again: 0 };
}

function insertRows(
  db: Connection,
  fields: readonly SearchField[],
  where: string,
  ...parameters: number[]
): void {
  const names = fields.map(({ name }) => quoteName(name)).join(', ');
  const hasName = fields.some(({ name }) => name === 'Name');
  const texts = fields.map(({ name, isPhone }) => {
    if (isPhone) return bareNumber(name);
    // Most of what is indexed of a contact would be in twice.
    if (hasName && (name === 'FirstName' || name === 'LastName'))
      return `CASE WHEN instr(Name, ${name}) > 0 THEN NULL ELSE ${name} END`;
    return quoteName(name);
  });
  db.prepare(
    `INSERT INTO ${table} (rowid, ${names}) SELECT rowid, ${texts.join(', ')} FROM contact WHERE ${where} ORDER BY rowid`,
  ).run(...parameters);
}

function writeIndex(db: Connection, index: SearchIndex): void {
  writeMeta(db, metaKey, JSON.stringify(index));
}

function lastRow(db: Connection): number {
  return (db.prepare('SELECT max(rowid) FROM contact').pluck().get() as number | null) ?? 0;
}

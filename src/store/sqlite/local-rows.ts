import type { Connection } from '../../sqlite/connection.ts';
import type { WaitsForContact } from '../../sync/ports/outbox-entry.ts';
import { adoptKeys } from './adopt-keys.ts';
import { adjustView, loadFields } from './contact-schema.ts';
import { giveUpGone } from './give-up.ts';
import {
  closeEntry,
  isClosed,
  isPushedBetween,
  type LocalEntry,
  localEntriesOf,
  mergeEntries,
  reviveEntry,
  reviveRest,
  takeBase,
  type Values,
} from './local-entries.ts';
import { isDeleted, isMadeAgain, stateOf } from './local-row-state.ts';
import { newKey } from './new-key.ts';
import { prepared } from './prepared.ts';
import { quoteName } from './quote-name.ts';
import { sqlText } from './sql-text.ts';
import { twoWayModeOf } from './two-way-records.ts';

const waitsForContact: WaitsForContact = 'NOT_CREATEABLE';

/** Under which object the local rows are; there is one so far that programs write. */
const object = 'Contact';

/**
 * Makes the local rows anew whose entries or contacts have changed in this transaction, as its last step but one. A
 * local row is nothing of its own: it is what Salesforce said last with the open edits over it.
 */
export function refreshDueRows(db: Connection): void {
  const due = prepared(db, 'SELECT _key, entry FROM contact_due ORDER BY _key').raw();
  let rows = due.all() as [key: string, entry: number][];
  if (rows.length === 0) return;
  const refresh = new RowRefresh(db);
  // Settling one entry may settle others of the same contact, and a merged contact's edits go to another.
  for (let round = 0; rows.length > 0 && round < 10; round++) {
    db.exec('DELETE FROM contact_due');
    const entries = new Map<string, number[]>();
    for (const [key, entry] of rows) entries.set(key, [...(entries.get(key) ?? []), entry]);
    for (const [key, seqs] of entries) refresh.row(key, seqs);
    rows = due.all() as [string, number][];
  }
  db.exec('DELETE FROM contact_due');
  // The last of what was written before two-way was turned off is settled.
  if (twoWayModeOf(db) === 'off') adjustView(db, object);
}

class RowRefresh {
  readonly #db: Connection;
  readonly #names: readonly string[];
  /** Names of the fields that can be written now. */
  readonly #writeable: ReadonlySet<string>;

  constructor(db: Connection) {
    this.#db = db;
    const fields = loadFields(db, object);
    this.#names = fields.flatMap(({ name, current }) => (current && name !== 'Id' ? [name] : []));
    this.#writeable = new Set(
      fields.flatMap(({ name, vanished, updateable }) => (updateable && !vanished ? [name] : [])),
    );
  }

  row(key: string, changed: readonly number[]): void {
    let entries = localEntriesOf(this.#db, key);
    if (entries.length === 0) {
      prepared(this.#db, 'DELETE FROM contact_local WHERE _key = ?').run(key);
      return;
    }
    const known = prepared(this.#db, 'SELECT Id FROM contact_local WHERE _key = ?').pluck().get(key);
    const made = entries.find(({ op, state }) => op === 'create' && state === 'done')?.contactId ?? null;
    const id =
      made ??
      entries.findLast(({ contactId }) => contactId !== null)?.contactId ??
      (known as string | null) ??
      null;
    if (made !== null) this.#giveAgain(made, entries);
    if (id === null) this.#endWithoutCreation(entries);
    else if (this.#giveId(key, id, entries)) {
      entries = localEntriesOf(this.#db, key);
      this.#joinWaiting(entries);
    }
    this.#foldRefused(entries);
    this.#reviveRefused(entries, changed);
    if (entries.every(({ state }) => state === 'dropped'))
      prepared(this.#db, 'DELETE FROM contact_local WHERE _key = ?').run(key);
    // Shown with the former one's Id, it would hide that where a user restores it.
    else this.#write(key, entries.some(isMadeAgain) ? null : id, entries);
  }

  /**
   * The contact has its Id: what waits for it can go, under another key, so that a drain which has read it before does
   * not send it without the Id; and the row that a pull may have brought is this one. Returns whether that one was
   * edited too: there are other entries now.
   */
  #giveId(key: string, id: string, entries: LocalEntry[]): boolean {
    const give = prepared(this.#db, `UPDATE outbox SET key = ${newKey}, contact_id = ? WHERE seq = ?`);
    for (const entry of entries) {
      if (entry.contactId !== null || entry.op === 'create') continue;
      give.run(id, entry.seq);
      entry.contactId = id;
      if (entry.state === 'rejected' && entry.errors[0]?.code === waitsForContact)
        reviveEntry(this.#db, entry);
    }
    if (key === id || !entries.some(({ op }) => op === 'create')) return false;
    if (entries.some(isMadeAgain)) {
      // The key is the new one's; a former one that is restored goes by its Id.
      prepared(this.#db, 'UPDATE contact SET _key = NULL WHERE _key = ?').run(key);
      return false;
    }
    adoptKeys(this.#db, { pairs: 'SELECT ? AS key, ? AS id', most: 1 }, key, id);
    const isMade = entries.some(({ op, state }) => op === 'create' && state === 'done');
    return isMade && this.#takeOver(key, id);
  }

  /**
   * A creation whose contact was gone before its answer was known had given that one's Id to what waits for it; a person has
   * had the contact made once more, and it goes to that.
   */
  #giveAgain(id: string, entries: readonly LocalEntry[]): void {
    const give = prepared(
      this.#db,
      `UPDATE outbox SET key = ${newKey}, contact_id = ?, base = json_remove(base, '$.IsDeleted') WHERE seq = ?`,
    );
    for (const entry of entries) {
      const isOfFormer = entry.contactId !== null && entry.contactId !== id;
      if (entry.op === 'create' || !isOfFormer || !entry.isUnsent) continue;
      give.run(id, entry.seq);
      entry.contactId = id;
      if (entry.base !== null) {
        const { IsDeleted: _, ...base } = entry.base;
        entry.base = base;
      }
      if (entry.state === 'rejected' && entry.errors[0]?.code === 'ENTITY_IS_DELETED')
        reviveEntry(this.#db, entry);
    }
  }

  /** What programs have edited by the Id takes its place among the entries of the key; what waits, under another key too. */
  #takeOver(key: string, id: string): boolean {
    const isOne = prepared(this.#db, 'SELECT 1 FROM contact WHERE Id = ? AND _key = ?').get(id, key);
    if (isOne === undefined) return false;
    let taken = 0;
    for (const condition of ["state NOT IN ('done', 'dropped')", "state = 'done' AND read_back_due = 1"])
      taken += prepared(
        this.#db,
        `UPDATE outbox SET contact_key = :key, key = CASE state WHEN 'pending' THEN ${newKey} ELSE key END
         WHERE local = 1 AND contact_key = :id AND ${condition}`,
      ).run({ key, id }).changes;
    prepared(this.#db, 'DELETE FROM contact_local WHERE _key = ?').run(id);
    return taken > 0;
  }

  /**
   * What waits of two rows that are one becomes what it would be had all been done to one: a delete leaves no edit before
   * it, the next edit takes its place, and edits in a row go as one.
   */
  #joinWaiting(entries: readonly LocalEntry[]): void {
    const waiting = () =>
      entries.filter(({ op, state, isUnsent }) => op !== 'create' && !isClosed(state) && isUnsent);
    const last = entries.findLast(({ state }) => !isClosed(state));
    for (const entry of waiting()) {
      if (entry === last || (entry.op !== 'delete' && last?.op !== 'delete')) continue;
      if (last?.op === 'delete' && entry.op === 'delete') this.#keepBase(last, entry);
      closeEntry(this.#db, entry);
    }
    const made = madeOf(entries);
    let before: LocalEntry | undefined;
    for (const entry of waiting()) {
      const areUpdates = [before, entry].every((one) => one?.op === 'update' && one.state === 'pending');
      const isOne =
        areUpdates && isOfOneContact(before!, entry, made) && !isPushedBetween(this.#db, before!, entry);
      if (isOne) mergeEntries(this.#db, before!, entry);
      before = entry;
    }
  }

  /** The row that shows what Salesforce has says more than the other one. */
  #keepBase(last: LocalEntry, former: LocalEntry): void {
    if (last.base !== null || former.base === null) return;
    takeBase(this.#db, last, former);
  }

  /** A creation that a person has given up takes along what was to follow it: there will be no contact. */
  #endWithoutCreation(entries: LocalEntry[]): void {
    if (entries.some(({ op }) => op === 'create')) return;
    for (const entry of entries) closeEntry(this.#db, entry);
  }

  /** What was edited while it was under way, and then refused, goes as one: an edit of a refused contact revives it. */
  #foldRefused(entries: LocalEntry[]): void {
    for (const [at, refused] of entries.entries()) {
      if (refused.state !== 'rejected') continue;
      const behind = entries.slice(at + 1).find(({ state, isUnsent }) => !isClosed(state) && isUnsent);
      if (behind === undefined) continue;
      if (refused.op === 'delete') {
        closeEntry(this.#db, refused);
        continue;
      }
      if (behind.op === 'delete') {
        closeEntry(this.#db, refused);
        if (refused.op === 'create') closeEntry(this.#db, behind);
        continue;
      }
      if (!isOfOneContact(refused, behind, madeOf(entries))) continue;
      // A creation writes over nothing.
      if (refused.op !== 'create' && isPushedBetween(this.#db, refused, behind)) continue;
      mergeEntries(this.#db, refused, behind);
    }
  }

  /**
   * Where a push stood between a refused edit and the next one, they went by themselves. What Salesforce has taken is not
   * written over by what was refused before it, and the rest is sent once more, as after every edit of a refused contact; but
   * for a part of which nothing can be written any more.
   */
  #reviveRefused(entries: readonly LocalEntry[], changed: readonly number[]): void {
    for (const taken of entries) {
      if (taken.state !== 'done' || taken.op !== 'update' || !changed.includes(taken.seq)) continue;
      for (const refused of entries) {
        const isBefore = refused.seq < taken.seq && (refused.settledAt ?? '') <= (taken.settledAt ?? '');
        if (refused.state !== 'rejected' || refused.op !== 'update' || !isBefore) continue;
        if (!isOfOneContact(refused, taken, madeOf(entries))) continue;
        const gone = giveUpGone(this.#db, refused, this.#writeable);
        if (refused.state === 'rejected') reviveRest(this.#db, refused, { ...taken.changes, ...gone });
      }
    }
  }

  #write(key: string, id: string | null, entries: readonly LocalEntry[]): void {
    const open = entries.filter(({ state }) => !isClosed(state));
    const values: Values = {};
    for (const { changes, state } of entries) if (state !== 'dropped') Object.assign(values, changes);
    const { state, error } = stateOf(open);
    const names = this.#names.map(quoteName).join(', ');
    const cells = this.#names.map((name) => {
      const path = sqlText(`$."${name}"`);
      return `CASE WHEN json_type(:values, ${path}) IS NULL THEN c.${quoteName(name)}
        ELSE json_extract(:values, ${path}) END`;
    });
    prepared(
      this.#db,
      `INSERT OR REPLACE INTO contact_local (_key, Id, _state, _error, _deleted, ${names})
       SELECT :key, :id, :state, :error, :deleted, ${cells.join(', ')}
       FROM (SELECT 1) LEFT JOIN contact c ON c.Id = :id`,
    ).run({
      key,
      id,
      state,
      error,
      deleted: isDeleted(entries) ? 1 : 0,
      values: JSON.stringify(values),
    });
  }
}

/** What its creation gave the contact. */
function madeOf(entries: readonly LocalEntry[]): Values {
  return entries.find(({ op }) => op === 'create')?.changes ?? {};
}

/**
 * Whether whoever wrote the later one saw this contact, whose creation gave it `made`. What another contact brought that was
 * merged into it goes by itself: it would take the place of the earlier one, and nothing would tell.
 */
function isOfOneContact(former: LocalEntry, later: LocalEntry, made: Values): boolean {
  // What a conflict has found since, nobody but the person who decided it has seen.
  return Object.entries({ ...later.base, ...later.firstBase }).every(([name, value]) => {
    if (!(name in former.changes)) return true;
    const before = former.base?.[name] ?? made[name] ?? null;
    return value === before || value === former.changes[name];
  });
}

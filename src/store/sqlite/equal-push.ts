import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { Connection } from '../../sqlite/connection.ts';
import type { OutboxState } from '../../sync/ports/outbox-entry.ts';
import type { PushFlags, UnlikePush } from '../../sync/ports/outbox-staging.ts';
import { contactsNamed } from './named-contacts.ts';
import { sqlText } from './sql-text.ts';

/** The push that records are to be, as they lie in the attached database `staging`. */
export interface SoughtPush {
  /** See `RecordDigest`. */
  digest: string;
  /** ISO; an equal push that was tried since is gone on with. Null: none is. */
  resumeSince: string | null;
}

export interface EqualPush extends StoredPush {
  /** It is gone on with, but for its changes, which are asked for anew: others of their contacts came behind them. */
  renews: boolean;
}

interface StoredPush {
  id: string;
  begun_at: string;
  /** Its end, or that it was queued, was told, or nobody has tried it again for long: it is the same only while something of it waits. */
  isOver: number;
}

export interface EqualPushes {
  /** The push that the records go on with. */
  open: EqualPush | undefined;
  /** Where there is none: one that they would be sent beside. */
  unlike: UnlikePush | null;
}

/** What is there of the same records; the caller holds the transaction. */
export function equalPushes(
  db: Connection,
  object: string,
  { digest, resumeSince }: SoughtPush,
): EqualPushes {
  if (resumeSince === null) return { open: undefined, unlike: null };
  // Those that nobody tried again are forgotten, or the table would grow for ever; but not while something of them waits, or
  // may be let out again.
  db.prepare(
    `DELETE FROM push WHERE object = ? AND tried_at < ? AND NOT EXISTS (${ofStates('push.id', [...waiting, 'rejected'])})`,
  ).run(object, resumeSince);
  const stored = db
    .prepare(
      `SELECT id, begun_at, digest, queued = 1 OR tried_at < :resumeSince AS isOver FROM push
       WHERE object = :object AND (digest = :digest OR instr(digest, ':') = 0) ORDER BY tried_at DESC, begun_at DESC`,
    )
    .all({ object, digest, resumeSince }) as (StoredPush & { digest: string })[];
  const former = new FormerDigests(db);
  const own = flagsOf(db, 'staging.entry');
  const pushes = stored.flatMap((push) => {
    const flags = flagsOf(db, 'main.outbox', push.id) ?? own;
    const isEqual = push.digest === digest || (flags !== null && push.digest === former.with(flags));
    const verdict = isEqual ? verdictOn(db, object, push) : 'over';
    return verdict === 'over' ? [] : [{ ...push, flags, renews: verdict === 'renew' }];
  });
  const open = pushes.find(({ flags }) => isDeepStrictEqual(flags, own));
  const beside = open === undefined ? pushes.find(({ id }) => countOf(db, id, inForce) > 0) : undefined;
  return { open, unlike: beside === undefined ? null : unlikePush(db, beside) };
}

/**
 * Whether the push is gone on with. Where other changes of its contacts were asked for behind it, its own are asked for anew,
 * for what is asked for last is to come last; but not those of a push whose end nobody has been told: that is the same try.
 * Contacts that it makes or has made are made by no other push for it.
 */
function verdictOn(db: Connection, object: string, { id, isOver }: StoredPush): 'goes on' | 'renew' | 'over' {
  const waits = countWaiting(db, id) > 0;
  if (isOver === 1 && !waits) return 'over';
  if (isOver === 0 || countOvertaken(db, object, id) === 0) return 'goes on';
  return makesContacts(db, id) ? 'renew' : 'over';
}

function unlikePush(
  db: Connection,
  { id, begun_at, flags }: EqualPush & { flags: PushFlags | null },
): UnlikePush | null {
  if (flags === null) return null;
  return {
    flags,
    begunAt: Date.parse(begun_at),
    waiting: countWaiting(db, id),
    inDoubt: countOf(db, id, ['sent', 'in-doubt']),
  };
}

/**
 * How many changes of the push are of contacts of which others were asked for behind it; what took the place of a refused one is
 * its own.
 */
export function countOvertaken(db: Connection, object: string, id: string): number {
  const later = `seq > (SELECT max(seq) FROM main.outbox WHERE push_id = ${sqlText(id)})
    AND push_id IS NOT ${sqlText(id)} AND object = ${sqlText(object)} AND ${isInForce}`;
  const own = changesOf(id);
  return db
    .prepare(
      `WITH ${contactsNamed(db, object, `${own} OR (${later})`)},
       overtaking AS MATERIALIZED (
         SELECT DISTINCT contact FROM named WHERE entry IN (SELECT seq FROM main.outbox WHERE ${later}))
       SELECT count(DISTINCT n.entry) FROM named n
       WHERE n.contact IN overtaking AND n.entry IN (SELECT seq FROM main.outbox WHERE ${own})`,
    )
    .pluck()
    .get() as number;
}

function makesContacts(db: Connection, id: string): boolean {
  const creates = `push_id = ? AND NOT ${isChange} AND ${isInForce}`;
  return db.prepare(`SELECT 1 FROM main.outbox WHERE ${creates} LIMIT 1`).get(id) !== undefined;
}

/** An upsert finds what it has made. */
const isChange = "(op <> 'create' OR upsert_field IS NOT NULL)";
const isInForce = "state NOT IN ('rejected', 'dropped')";

/** The condition over rows of `main.outbox` for the changes of a push that came to something, or may. */
export function changesOf(id: string): string {
  return `(push_id = ${sqlText(id)} AND ${isChange} AND ${isInForce})`;
}

/** Whether somebody may have entries of the push sent again that were refused. */
export function mayBeLetOut(db: Connection, id: string): boolean {
  return countOf(db, id, ['rejected']) > 0;
}

export function countWaiting(db: Connection, id: string): number {
  return countOf(db, id, waiting);
}

function countOf(db: Connection, id: string, states: readonly OutboxState[]): number {
  return db
    .prepare(`SELECT count(*) FROM (${ofStates(':id', states)})`)
    .pluck()
    .get({ id }) as number;
}

/** Those without an end yet. */
const waiting: readonly OutboxState[] = ['pending', 'sent', 'in-doubt', 'held', 'conflict'];
/** What came to something, or may. */
const inForce: readonly OutboxState[] = [...waiting, 'done'];

/** The condition over rows of the outbox for these. */
export const isWaiting = `state IN (${waiting.map(sqlText).join(', ')})`;

/** A query for the entries of a push in these states. */
function ofStates(id: string, states: readonly OutboxState[]): string {
  return `SELECT 1 FROM main.outbox o WHERE o.push_id = ${id} AND o.state IN (${states.map(sqlText).join(', ')})`;
}

/** With which flags records are or were pushed: all of one push have the same ones. Null: there is no record. */
function flagsOf(db: Connection, table: 'staging.entry' | 'main.outbox', push?: string): PushFlags | null {
  const row = db
    .prepare(
      `SELECT allow_duplicates AS allowDuplicates, atomic_group IS NOT NULL AS allOrNone, upsert_field AS upsertField
       FROM ${table} ${push === undefined ? '' : 'WHERE push_id = ?'} LIMIT 1`,
    )
    .get(...(push === undefined ? [] : [push])) as
    | { allowDuplicates: number; allOrNone: number; upsertField: string | null }
    | undefined;
  if (row === undefined) return null;
  const { allowDuplicates, allOrNone, upsertField } = row;
  return { allowDuplicates: allowDuplicates === 1, allOrNone: allOrNone === 1, upsertField };
}

/**
 * By what former versions knew the records of `staging`: hex alone, of fields in the order in which they were given, and with
 * the flags. They are read again only where such a version has left a push.
 */
class FormerDigests {
  readonly #db: Connection;
  readonly #made = new Map<string, string>();

  constructor(db: Connection) {
    this.#db = db;
  }

  with({ upsertField, allowDuplicates, allOrNone }: PushFlags): string {
    const flags = [upsertField, allowDuplicates ? 1 : 0, allOrNone ? 1 : 0];
    const name = JSON.stringify(flags);
    const made = this.#made.get(name) ?? this.#make(flags);
    this.#made.set(name, made);
    return made;
  }

  #make(flags: unknown[]): string {
    const hash = createHash('sha256');
    const rows = this.#db
      .prepare('SELECT op, contact_id, changes, replaces FROM staging.entry ORDER BY seq')
      .raw();
    for (const [op, contactId, changes, replaces] of rows.iterate() as Iterable<unknown[]>) {
      const place = replaces === null ? [] : [replaces];
      hash.update(`${JSON.stringify([op, contactId, changes, ...flags, ...place])}\n`);
    }
    return hash.digest('hex');
  }
}

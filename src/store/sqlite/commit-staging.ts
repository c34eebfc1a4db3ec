import { parseTime } from '../../base/iso-time.ts';
import type { Connection } from '../../sqlite/connection.ts';
import type { OutboxState, SendApi } from '../../sync/ports/outbox-entry.ts';
import type { Brake, CommitOutcome, StagingCommit } from '../../sync/ports/outbox-staging.ts';
import { heldOfStaged } from './held-of-staged.ts';
import { countReplaced, dropReplaced, refuseReplaced } from './replaced-entries.ts';
import { sqlText } from './sql-text.ts';

/** A push as the table `push` knows it while it has not ended. */
export interface OpenPush {
  id: string;
  /** Equal for equal records in equal order. */
  digest: string;
  /** ISO. */
  at: string;
  /** ISO; an equal push that was tried since is gone on with. Null: none is. */
  resumeSince: string | null;
  /** By what its entries are to go; null: as their number suggests. */
  api: SendApi | null;
}

/**
 * Makes entries of everything in the attached database `staging`, or finds those of an equal push that did not end;
 * the caller holds the transaction. `pushId` is the push that the entries belong to; null where records were refused.
 */
export function commitStaging(
  db: Connection,
  object: string,
  brake: Brake,
  push: OpenPush,
): CommitOutcome & { pushId: string | null } {
  const open = equalPush(db, object, push);
  if (open !== undefined) {
    const resumedOpen = countWaiting(db, open.id);
    db.prepare('UPDATE push SET tried_at = ?, queued = 0 WHERE id = ?').run(push.at, open.id);
    // Where the first choice did not do, the same push again is the way to another.
    db.prepare(
      "UPDATE main.outbox SET api = ? WHERE push_id = ? AND state IN ('pending', 'held') AND sent_at IS NULL",
    ).run(push.api, open.id);
    return { ...nothing, pushId: open.id, resumedFrom: parseTime(open.begun_at), resumedOpen, refused: 0 };
  }
  // Somebody may have let out again what was refused when the records were looked at.
  const refused = refuseReplaced(db, object);
  if (refused > 0) return { ...nothing, pushId: null, refused };
  db.prepare('INSERT INTO push (object, id, digest, begun_at, tried_at) VALUES (?, ?, ?, ?, ?)').run(
    object,
    push.id,
    push.digest,
    push.at,
    push.at,
  );
  const held = addEntries(db, object, brake, push);
  return { ...nothing, ...held, replaced: dropReplaced(db, object, push.at), pushId: push.id, refused: 0 };
}

const nothing: StagingCommit = {
  heldDeletes: 0,
  heldEdits: 0,
  resumedFrom: null,
  resumedOpen: 0,
  replaced: 0,
};

/**
 * What `commitStaging` would do now: how much is held, and by which condition over a row of `staging.entry`; or, of an equal
 * push that did not end, its id and when it was begun. The caller holds the transaction.
 */
export function draftStaging(
  db: Connection,
  object: string,
  brake: Brake,
  push: Pick<OpenPush, 'digest' | 'resumeSince'>,
): StagingCommit & { isHeld: string; pushId: string | null } {
  const open = equalPush(db, object, push);
  if (open === undefined) {
    const replaced = countReplaced(db, object);
    return { ...nothing, ...heldOfStaged(db, object, brake), replaced, pushId: null };
  }
  const resumedOpen = countWaiting(db, open.id);
  return {
    ...nothing,
    resumedFrom: parseTime(open.begun_at),
    resumedOpen,
    isHeld: 'false',
    pushId: open.id,
  };
}

/** Gives the records of `staging` that cannot take the place of the entry they name their faults. The caller holds the transaction. */
export function refuseStaged(
  db: Connection,
  object: string,
  push: Pick<OpenPush, 'digest' | 'resumeSince'>,
): void {
  if (equalPush(db, object, push) === undefined) refuseReplaced(db, object);
}

/** Equal records are a push of their own from now on, or, of one that was queued, when none of its entries waits any more. */
export function endPush(db: Connection, id: string, { queued }: { queued: boolean }): void {
  db.prepare(queued ? 'UPDATE push SET queued = 1 WHERE id = ?' : 'DELETE FROM push WHERE id = ?').run(id);
}

interface EqualPush {
  id: string;
  begun_at: string;
  /** It was queued and told so, or nobody has tried it again for long: it is the same only while something of it waits. */
  isOver: number;
}

function equalPush(
  db: Connection,
  object: string,
  { digest, resumeSince }: Pick<OpenPush, 'digest' | 'resumeSince'>,
): EqualPush | undefined {
  if (resumeSince === null) return undefined;
  // Those that nobody tried again are forgotten, or the table would grow for ever; but not while something of them waits, or
  // may be let out again.
  db.prepare(
    `DELETE FROM push WHERE object = ? AND tried_at < ? AND NOT EXISTS (${ofStates('push.id', [...waiting, 'rejected'])})`,
  ).run(object, resumeSince);
  const equal = db
    .prepare(
      `SELECT id, begun_at, queued = 1 OR tried_at < :resumeSince AS isOver FROM push WHERE object = :object AND digest = :digest
       ORDER BY tried_at DESC, begun_at DESC`,
    )
    .all({ object, digest, resumeSince }) as EqualPush[];
  return equal.find(
    ({ id, isOver }) => isOver === 0 || (countWaiting(db, id) > 0 && !isOvertaken(db, object, id)),
  );
}

/**
 * Whether other changes of the push's contacts were asked for behind it. Whoever queued has been told all, and what is asked
 * for now is to come last, not before them.
 */
function isOvertaken(db: Connection, object: string, id: string): boolean {
  const isChange = "(op <> 'create' OR upsert_field IS NOT NULL)";
  const own = `FROM main.outbox WHERE push_id = :id AND ${isChange}`;
  return (
    db
      .prepare(
        `SELECT 1 FROM main.outbox l
         WHERE l.seq > (SELECT max(seq) FROM main.outbox WHERE push_id = :id) AND l.push_id IS NOT :id
           AND l.object = :object AND l.state NOT IN ('rejected', 'dropped')
           AND (l.contact_id IN (SELECT contact_id ${own} AND contact_id IS NOT NULL)
             OR (l.upsert_field IS NOT NULL AND (l.upsert_field, lower(l.changes ->> l.upsert_field)) IN
               (SELECT upsert_field, lower(changes ->> upsert_field) ${own} AND upsert_field IS NOT NULL)))
         LIMIT 1`,
      )
      .get({ id, object }) !== undefined
  );
}

function countWaiting(db: Connection, id: string): number {
  return db
    .prepare(`SELECT count(*) FROM (${ofStates(':id', waiting)})`)
    .pluck()
    .get({ id }) as number;
}

/** Those without an end yet. */
const waiting: readonly OutboxState[] = ['pending', 'sent', 'in-doubt', 'held', 'conflict'];

/** A query for the entries of a push in these states. */
function ofStates(id: string, states: readonly OutboxState[]): string {
  return `SELECT 1 FROM main.outbox o WHERE o.push_id = ${id} AND o.state IN (${states.map(sqlText).join(', ')})`;
}

function addEntries(
  db: Connection,
  object: string,
  brake: Brake,
  { id: pushId, api }: Pick<OpenPush, 'id' | 'api'>,
): Pick<StagingCommit, 'heldDeletes' | 'heldEdits'> {
  const { isHeld, ...held } = heldOfStaged(db, object, brake);
  db.prepare(
    `INSERT INTO main.outbox (object, key, op, contact_key, contact_id, changes, base, state, upsert_field,
       allow_duplicates, atomic_group, created_at, push_id, push_place, api)
     SELECT :object, key, op, contact_key, contact_id, changes, base,
       CASE WHEN ${isHeld} THEN 'held' ELSE 'pending' END,
       upsert_field, allow_duplicates, atomic_group, created_at, :pushId, seq, :api
     FROM staging.entry ORDER BY seq`,
  ).run({ object, pushId, api });
  return held;
}

import { parseTime } from '../../base/iso-time.ts';
import type { Connection } from '../../sqlite/connection.ts';
import type { SendApi } from '../../sync/ports/outbox-entry.ts';
import type { Brake, CommitOutcome, StagingCommit } from '../../sync/ports/outbox-staging.ts';
import {
  changesOf,
  countOvertaken,
  countWaiting,
  equalPushes,
  isWaiting,
  mayBeLetOut,
  type SoughtPush,
} from './equal-push.ts';
import { heldOfStaged } from './held-of-staged.ts';
import { prepared } from './prepared.ts';
import { countReplaced, dropReplaced, refuseReplaced } from './replaced-entries.ts';
import { countCommit } from './two-way-records.ts';

/** A push as the table `push` knows it while it has not ended. */
export interface OpenPush extends SoughtPush {
  id: string;
  /** ISO. */
  at: string;
  /** By what its entries are to go; null: as their number suggests. */
  api: SendApi | null;
}

/**
 * Makes entries of everything in the attached database `staging`, or finds those of an equal push that did not end;
 * the caller holds the transaction. `pushId` is the push that the entries belong to; null where nothing is stored.
 */
export function commitStaging(
  db: Connection,
  object: string,
  brake: Brake,
  push: OpenPush,
): CommitOutcome & { pushId: string | null } {
  const { open, unlike } = equalPushes(db, object, push);
  if (unlike !== null) return { ...nothing, unlike, pushId: null, refused: 0 };
  if (open !== undefined) {
    db.prepare('UPDATE push SET tried_at = ?, queued = 0 WHERE id = ?').run(push.at, open.id);
    // Where the first choice did not do, the same push again is the way to another.
    db.prepare(
      "UPDATE main.outbox SET api = ? WHERE push_id = ? AND state IN ('pending', 'held') AND sent_at IS NULL",
    ).run(push.api, open.id);
    const { id } = open;
    const renewed = open.renews
      ? renewChanges(db, object, brake, { id, api: push.api })
      : { renewed: 0, overtaken: countOvertaken(db, object, id) };
    const resumedOpen = countWaiting(db, id) - renewed.renewed;
    const resumedFrom = parseTime(open.begun_at);
    return { ...nothing, ...renewed, pushId: id, resumedFrom, resumedOpen, refused: 0 };
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
  const { added: _added, ...held } = addEntries(db, object, brake, push);
  return { ...nothing, ...held, replaced: dropReplaced(db, object, push.at), pushId: push.id, refused: 0 };
}

const nothing: StagingCommit = {
  heldDeletes: 0,
  heldEdits: 0,
  resumedFrom: null,
  resumedOpen: 0,
  renewed: 0,
  overtaken: 0,
  replaced: 0,
  unlike: null,
};

/**
 * What `commitStaging` would do now: how much is held, and by which conditions over a row of `staging.entry` it would be held
 * and become an entry; of an equal push that did not end also its id and when it was begun. The caller holds the transaction.
 */
export function draftStaging(
  db: Connection,
  object: string,
  brake: Brake,
  push: SoughtPush,
): StagingCommit & { isHeld: string; isNew: string; pushId: string | null } {
  const { open, unlike } = equalPushes(db, object, push);
  if (open === undefined) {
    const replaced = countReplaced(db, object);
    return { ...nothing, ...heldOfStaged(db, object, brake), replaced, unlike, isNew: 'true', pushId: null };
  }
  const { id, renews } = open;
  const resumed = { ...nothing, resumedFrom: parseTime(open.begun_at), pushId: id };
  if (!renews) {
    const [resumedOpen, overtaken] = [countWaiting(db, id), countOvertaken(db, object, id)];
    return { ...resumed, resumedOpen, overtaken, isHeld: 'false', isNew: 'false' };
  }
  const count = (sql: string) => db.prepare(`SELECT count(*) ${sql}`).pluck().get() as number;
  return {
    ...resumed,
    ...heldOfStaged(db, object, brake),
    resumedOpen: countWaiting(db, id) - count(`FROM main.outbox WHERE ${changesOf(id)} AND ${isWaiting}`),
    renewed: count(`FROM main.outbox WHERE ${changesOf(id)}`),
    isNew: isRenewed(id),
  };
}

/** Gives the records of `staging` that cannot take the place of the entry they name their faults. The caller holds the transaction. */
export function refuseStaged(db: Connection, object: string, push: SoughtPush): void {
  const { open, unlike } = equalPushes(db, object, push);
  if (open === undefined && unlike === null) refuseReplaced(db, object);
}

/**
 * Equal records are a push of their own from now on, or, of one that was queued, when none of its entries waits any more. So
 * they are of one with refused entries, which somebody may let out again.
 */
export function endPush(db: Connection, id: string, { queued }: { queued: boolean }): void {
  const mayWait = queued || mayBeLetOut(db, id);
  if (queued) prepared(db, countCommit).run();
  db.prepare(mayWait ? 'UPDATE push SET queued = 1 WHERE id = ?' : 'DELETE FROM push WHERE id = ?').run(id);
}

function addEntries(
  db: Connection,
  object: string,
  brake: Brake,
  { id: pushId, api }: Pick<OpenPush, 'id' | 'api'>,
  isNew = 'true',
): Pick<StagingCommit, 'heldDeletes' | 'heldEdits'> & { added: number } {
  const { isHeld, ...held } = heldOfStaged(db, object, brake);
  const { changes: added } = db
    .prepare(
      `INSERT INTO main.outbox (object, key, op, contact_key, contact_id, changes, base, state, upsert_field,
       allow_duplicates, atomic_group, created_at, push_id, push_place, api)
     SELECT :object, key, op, contact_key, contact_id, changes, base,
       CASE WHEN ${isHeld} THEN 'held' ELSE 'pending' END,
       upsert_field, allow_duplicates, atomic_group, created_at, :pushId, seq, :api
     FROM staging.entry WHERE ${isNew} ORDER BY seq`,
    )
    .run({ object, pushId, api });
  return { ...held, added };
}

/** Asks once more for the changes of a push that is gone on with; the former ones are no part of it from then on. */
function renewChanges(
  db: Connection,
  object: string,
  brake: Brake,
  push: Pick<OpenPush, 'id' | 'api'>,
): Pick<StagingCommit, 'heldDeletes' | 'heldEdits' | 'renewed'> {
  const last = db.prepare('SELECT max(seq) FROM main.outbox').pluck().get();
  const { added: renewed, ...held } = addEntries(db, object, brake, push, isRenewed(push.id));
  db.prepare(
    `UPDATE main.outbox SET push_id = NULL, push_place = NULL WHERE ${changesOf(push.id)} AND seq <= ?`,
  ).run(last);
  return { ...held, renewed };
}

/** The condition over a row of `staging.entry` whose change is asked for anew. */
function isRenewed(id: string): string {
  return `seq IN (SELECT push_place FROM main.outbox WHERE ${changesOf(id)})`;
}

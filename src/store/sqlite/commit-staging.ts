import { parseTime } from '../../base/iso-time.ts';
import type { Connection } from '../../sqlite/connection.ts';
import type { SendApi } from '../../sync/ports/outbox-entry.ts';
import type { Brake, StagingCommit } from '../../sync/ports/outbox-staging.ts';
import { heldOfStaged } from './held-of-staged.ts';

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
 * the caller holds the transaction. `pushId` is the push that the entries belong to.
 */
export function commitStaging(
  db: Connection,
  object: string,
  brake: Brake,
  push: OpenPush,
): StagingCommit & { pushId: string } {
  const open = push.resumeSince === null ? undefined : equalPush(db, object, push.digest, push.resumeSince);
  if (open !== undefined) {
    db.prepare('UPDATE push SET tried_at = ? WHERE id = ?').run(push.at, open.id);
    // Where the first choice did not do, the same push again is the way to another.
    db.prepare(
      "UPDATE main.outbox SET api = ? WHERE push_id = ? AND state IN ('pending', 'held') AND sent_at IS NULL",
    ).run(push.api, open.id);
    return { heldDeletes: 0, heldEdits: 0, pushId: open.id, resumedFrom: parseTime(open.begun_at) };
  }
  db.prepare('INSERT INTO push (object, id, digest, begun_at, tried_at) VALUES (?, ?, ?, ?, ?)').run(
    object,
    push.id,
    push.digest,
    push.at,
    push.at,
  );
  return { ...addEntries(db, object, brake, push), pushId: push.id, resumedFrom: null };
}

/**
 * What `commitStaging` would do now: how much is held, and by which condition over a row of `staging.entry`; or, of an equal
 * push that did not end, its id and when it was begun. The caller holds the transaction.
 */
export function draftStaging(
  db: Connection,
  object: string,
  brake: Brake,
  { digest, resumeSince }: Pick<OpenPush, 'digest' | 'resumeSince'>,
): StagingCommit & { isHeld: string; pushId: string | null } {
  const open = resumeSince === null ? undefined : equalPush(db, object, digest, resumeSince);
  if (open === undefined) return { ...heldOfStaged(db, object, brake), pushId: null, resumedFrom: null };
  const resumedFrom = parseTime(open.begun_at);
  return { heldDeletes: 0, heldEdits: 0, isHeld: 'false', pushId: open.id, resumedFrom };
}

/** Equal records are a push of their own from now on. */
export function endPush(db: Connection, id: string): void {
  db.prepare('DELETE FROM push WHERE id = ?').run(id);
}

function equalPush(
  db: Connection,
  object: string,
  digest: string,
  since: string,
): { id: string; begun_at: string } | undefined {
  // Those that nobody tried again are forgotten, or the table would grow for ever.
  db.prepare('DELETE FROM push WHERE object = ? AND tried_at < ?').run(object, since);
  return db
    .prepare('SELECT id, begun_at FROM push WHERE object = ? AND digest = ? ORDER BY tried_at DESC LIMIT 1')
    .get(object, digest) as { id: string; begun_at: string } | undefined;
}

function addEntries(
  db: Connection,
  object: string,
  brake: Brake,
  { id: pushId, api }: Pick<OpenPush, 'id' | 'api'>,
): Omit<StagingCommit, 'resumedFrom'> {
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

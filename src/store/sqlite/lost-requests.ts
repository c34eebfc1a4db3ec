import { isoTime } from '../../base/iso-time.ts';
import type { Connection } from '../../sqlite/connection.ts';
import type { LostNote, LostRequest } from '../../sync/ports/outbox-entry.ts';
import { endUnknown } from './keep-lost.ts';
import { entryColumns, entryOf, type OutboxRow } from './outbox-records.ts';
import { prepared } from './prepared.ts';

/** A person, or a mended record in its place, may have ended the entry since. */
export function lostRequests(db: Connection, object: string): LostRequest[] {
  const rows = prepared(
    db,
    `SELECT ${entryColumns}, lost_org_at, lost_key FROM outbox WHERE lost_org_at IS NOT NULL AND +object = ? ORDER BY seq`,
  ).all(object) as (OutboxRow & { lost_org_at: string; lost_key: string })[];
  return rows.map((row) => ({
    entry: entryOf(row),
    sentAs: row.lost_key,
    endedOrgAt: row.lost_org_at === endUnknown ? null : Date.parse(row.lost_org_at),
  }));
}

export function noteLost(db: Connection, notes: readonly LostNote[]): void {
  const note = prepared(
    db,
    'UPDATE outbox SET lost_org_at = ?, lost_over_at = ? WHERE key = ? AND lost_org_at IS NOT NULL',
  );
  // By a person's word it has not written anything, and writes nothing.
  const disown = prepared(
    db,
    `UPDATE outbox SET lost_org_at = NULL, lost_over_at = NULL, lost_changes = NULL
     WHERE key = ? AND lost_org_at IS NOT NULL`,
  );
  for (const { key, ...end } of notes) {
    if ('over' in end && end.over === null) disown.run(key);
    else if ('over' in end) note.run(null, isoTime(end.over), key);
    else note.run(isoTime(end.endedOrgAt), null, key);
  }
}

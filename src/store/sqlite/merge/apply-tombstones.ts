import type { Connection } from '../../../sqlite/connection.ts';
import { nothingKnown, sameState } from '../../../sync/merge/evidence.ts';
import { mergeBurial } from '../../../sync/merge/merge-evidence.ts';
import { isBuriedAnew } from '../../../sync/merge/page-counts.ts';
import { burialOf } from '../../../sync/merge/page-row.ts';
import type { Tombstone } from '../../../sync/ports/page.ts';
import { ContactWriter } from './contact-writer.ts';
import { readState, type StateTuple, stateColumns } from './row-state.ts';

/**
 * Merges tombstones; the caller holds the transaction. An id that the mirror never saw becomes a row all the
 * same, so that a page read before the deletion cannot bring it to life. Returns how many rows that were in
 * the mirror became tombstones, or changed from one kind to another.
 */
export function applyTombstones(
  db: Connection,
  tombstones: readonly Tombstone[],
  columns: ReadonlySet<string>,
): number {
  if (tombstones.length === 0) return 0;
  const writer = new ContactWriter(db, columns);
  const select = db
    .prepare(
      `SELECT c.rowid, ${stateColumns(columns.has('MasterRecordId'))} FROM contact c
       LEFT JOIN contact_seen x ON x.id = c.Id WHERE c.Id = ?`,
    )
    .raw();
  const insert = db.prepare('INSERT INTO contact (Id) VALUES (?)');
  let buried = 0;
  for (const tombstone of tombstones) {
    const { id } = tombstone;
    const known = select.get(id) as [contact: number, ...state: StateTuple] | undefined;
    const contact = known === undefined ? Number(insert.run(id).lastInsertRowid) : known[0];
    const state = known === undefined ? nothingKnown : readState(known.slice(1) as StateTuple);
    const { next } = mergeBurial(state, burialOf(tombstone));
    if (sameState(state, next)) continue;
    if (next.gone === 'purged') writer.clearValues(contact, next);
    else writer.writeState(contact, next);
    if (known !== undefined && isBuriedAnew(state, next)) buried++;
  }
  return buried;
}

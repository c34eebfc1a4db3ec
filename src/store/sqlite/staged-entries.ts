import type { Connection } from '../../sqlite/connection.ts';
import type { OutboxEntry, SendApi } from '../../sync/ports/outbox-entry.ts';
import { entryOf, type OutboxRow } from './outbox-records.ts';
import { prepared } from './prepared.ts';

/**
 * Rows of the attached database `staging` as the entries of the outbox that they would be, in their order. `isHeld`: the
 * condition over a row for which the brake would hold it; `isNew`: the one over those that would become entries.
 */
export function listStagedEntries(
  db: Connection,
  { isHeld, isNew, api }: { isHeld: string; isNew: string; api: SendApi | null },
  { after, limit }: { after: number; limit: number },
): OutboxEntry[] {
  const rows = prepared(
    db,
    `SELECT seq, key, op, 0 AS local, contact_key, contact_id, changes, base,
       CASE WHEN ${isHeld} THEN 'held' ELSE 'pending' END AS state, NULL AS way, :api AS api, NULL AS job, upsert_field,
       allow_duplicates, atomic_group, 0 AS attempts, '[]' AS errors, created_at, NULL AS sent_at, NULL AS sent_org_at,
       NULL AS sent_by, NULL AS known_before, NULL AS doubt, NULL AS base_at, NULL AS first_base, NULL AS found, NULL AS settled_at, 0 AS read_back_due, NULL AS created
     FROM staging.entry WHERE ${isNew} AND seq > :after ORDER BY seq LIMIT :limit`,
  ).all({ api, after, limit }) as OutboxRow[];
  return rows.map(entryOf);
}

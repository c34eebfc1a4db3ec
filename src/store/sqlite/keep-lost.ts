import { isoTime } from '../../base/iso-time.ts';
import type { Connection } from '../../sqlite/connection.ts';
import type { Settlement } from '../../sync/ports/outbox-entry.ts';
import { prepared } from './prepared.ts';

/** `lost_org_at` of an entry whose request got no answer, while the end of that request is not known. */
export const endUnknown = '';

/**
 * To be called before these settlements are stored. What becomes of a create without an Id is told by what it made, and no
 * later change of that is undone by it.
 */
export function keepLost(db: Connection, settlements: readonly Settlement[]): void {
  const lost = settlements.flatMap((settlement) => {
    if (settlement.state !== 'in-doubt' || settlement.refused === true) return [];
    const end = settlement.doubt?.endedOrgAt ?? null;
    return [[settlement.key, end === null ? endUnknown : isoTime(end)]];
  });
  if (lost.length > 0) {
    prepared(
      db,
      `UPDATE outbox SET lost_org_at = j.value ->> 1, lost_key = outbox.key,
         lost_over_at = NULL,
         lost_changes = json_insert(coalesce(lost_changes, '[]'), '$[#]', json(changes)) FROM json_each(?) j
       WHERE outbox.key = j.value ->> 0 AND state = 'sent' AND (op <> 'create' OR upsert_field IS NOT NULL)`,
    ).run(JSON.stringify(lost));
  }
  const looked = settlements.flatMap((settlement) =>
    'lostBefore' in settlement && settlement.lostBefore !== undefined
      ? [[settlement.key, isoTime(settlement.lostBefore)]]
      : [],
  );
  if (looked.length > 0) {
    prepared(
      db,
      `UPDATE outbox SET lost_org_at = j.value ->> 1 FROM json_each(?) j
       WHERE outbox.key = j.value ->> 0 AND outbox.lost_org_at = '${endUnknown}'`,
    ).run(JSON.stringify(looked));
  }
}

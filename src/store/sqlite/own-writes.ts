import type { Connection } from '../../sqlite/connection.ts';
import type { LostWrite, OwnWrite } from '../../sync/ports/own-write.ts';
import { valuesOf } from './contact-lookup.ts';
import { prepared } from './prepared.ts';

type Values = Record<string, unknown>;

export function ownWritesSince(
  db: Connection,
  object: string,
  ids: readonly string[],
  since: number,
): OwnWrite[] {
  const rows = prepared(
    db,
    `SELECT o.seq, o.done_order, o.contact_id, o.op = 'create' AND o.upsert_field IS NULL AS is_creation, o.changes, o.became
     FROM json_each(?) i CROSS JOIN outbox o ON o.contact_id = i.value
     WHERE o.done_order > ? AND +o.object = ? ORDER BY o.done_order, o.seq`,
  ).all(JSON.stringify(ids), since, object) as {
    seq: number;
    done_order: number;
    contact_id: string;
    is_creation: number;
    changes: string;
    became: string | null;
  }[];
  return rows.map((row) => ({
    seq: row.seq,
    order: row.done_order,
    contactId: row.contact_id,
    isCreation: row.is_creation === 1,
    sent: JSON.parse(row.changes) as Values,
    became: row.became === null ? {} : (JSON.parse(row.became) as Values),
  }));
}

/** An upsert of which nobody knows whose it was is of the contact that has its value now. */
export function lostWritesOf(db: Connection, object: string, ids: readonly string[]): LostWrite[] {
  const rows = prepared(
    db,
    `SELECT seq, contact_id, lost_changes, lost_over_at, upsert_field, json_extract(changes, '$."' || upsert_field || '"') AS value
     FROM outbox WHERE lost_changes IS NOT NULL AND +object = ?
       AND (contact_id IN (SELECT value FROM json_each(?)) OR contact_id IS NULL) ORDER BY +seq`,
  ).all(object, JSON.stringify(ids)) as {
    seq: number;
    contact_id: string | null;
    lost_changes: string;
    lost_over_at: string | null;
    upsert_field: string | null;
    value: unknown;
  }[];
  const valuesBy = new Map<string, [id: string, value: string][]>();
  const metBy = (field: string | null, value: unknown): string | null => {
    if (field === null || value === null) return null;
    const values =
      valuesBy.get(field) ??
      [...valuesOf(db, object, field, ids)].map(
        ([id, of]) => [id, String(of).toLowerCase()] as [string, string],
      );
    valuesBy.set(field, values);
    return values.find(([, of]) => of === String(value).toLowerCase())?.[0] ?? null;
  };
  return rows.flatMap((row) => {
    const contactId = row.contact_id ?? metBy(row.upsert_field, row.value);
    if (contactId === null) return [];
    const overAt = row.lost_over_at === null ? null : Date.parse(row.lost_over_at);
    return [{ seq: row.seq, contactId, values: JSON.parse(row.lost_changes) as Values[], overAt }];
  });
}

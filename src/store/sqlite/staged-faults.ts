import type { Connection } from '../../sqlite/connection.ts';
import type { FaultGroup, InputPlace, StagingFault } from '../../sync/ports/outbox-staging.ts';
import { prepared } from './prepared.ts';

/** Refuses the creates of each source that has other records too. */
export function refuseMixed(db: Connection, { field, code, message }: StagingFault): void {
  db.prepare(
    `INSERT INTO fault (entry, field, code, message)
     SELECT seq, ?, ?, ? FROM entry WHERE op = 'create' AND source IN
       (SELECT source FROM entry GROUP BY source HAVING sum(op = 'create') > 0 AND sum(op <> 'create') > 0)`,
  ).run(field, code, message);
}

/**
 * Refuses all but the first record of a unique value. Two `%s` in the message stand for what the record has in the field, and
 * for the place of the first one.
 */
export function refuseRepeated(db: Connection, { field, code, message }: StagingFault): void {
  db.prepare(
    `INSERT INTO fault (entry, field, code, message)
     SELECT e.seq, ?, ?, printf(?, coalesce(json_extract(e.changes, ?), e.unique_value),
         f.source || coalesce(', line ' || f.line, '') || ', record ' || (f.place + 1))
     FROM (SELECT seq, row_number() OVER one AS nth, first_value(seq) OVER one AS first
           FROM entry WHERE unique_value IS NOT NULL WINDOW one AS (PARTITION BY unique_value ORDER BY seq))
       AS r JOIN entry e ON e.seq = r.seq JOIN entry f ON f.seq = r.first
     WHERE r.nth > 1 ORDER BY e.seq`,
  ).run(field, code, message, `$."${field}"`);
}

export function withdrawFaults(db: Connection, source: string, code: string): void {
  db.prepare('DELETE FROM fault WHERE code = ? AND entry IN (SELECT seq FROM entry WHERE source = ?)').run(
    code,
    source,
  );
}

export function groupFaults(db: Connection, limit: number): { groups: FaultGroup[]; total: number } {
  const grouped = `SELECT e.source, f.field, f.code, min(f.id) AS first, count(DISTINCT f.entry) AS records
    FROM fault f JOIN entry e ON e.seq = f.entry GROUP BY e.source, f.field, f.code`;
  const total = db.prepare(`SELECT count(*) FROM (${grouped})`).pluck().get() as number;
  const rows = db
    .prepare(
      `SELECT e.source, e.place, e.line, f.field, f.code, f.message, g.records
       FROM (${grouped}) g JOIN fault f ON f.id = g.first JOIN entry e ON e.seq = f.entry
       ORDER BY f.entry, f.id LIMIT ?`,
    )
    .all(limit) as (FaultGroup & { place: number })[];
  return { groups: rows.map(({ place, ...row }) => ({ ...row, index: place })), total };
}

/** Where a page of faults ended. */
export interface FaultPlace {
  entry: number;
  id: number;
}

/** Faults behind `after` in the order of their records; `last` is null where there are none. */
export function listFaults(
  db: Connection,
  { after, limit }: { after: FaultPlace; limit: number },
): { faults: (InputPlace & StagingFault)[]; last: FaultPlace | null } {
  const rows = prepared(
    db,
    `SELECT f.entry, f.id, e.source, e.place, e.line, f.field, f.code, f.message
     FROM fault f JOIN entry e ON e.seq = f.entry WHERE (f.entry, f.id) > (?, ?) ORDER BY f.entry, f.id LIMIT ?`,
  ).all(after.entry, after.id, limit) as (InputPlace & StagingFault & FaultPlace & { place: number })[];
  return {
    faults: rows.map(({ entry: _entry, id: _id, place, ...fault }) => ({ ...fault, index: place })),
    last: rows.at(-1) ?? null,
  };
}

import { isoTime } from '../../base/iso-time.ts';
import type { Connection } from '../../sqlite/connection.ts';
import type { SweptDue, SweptMark, SweptRow } from '../../sync/ports/sweep.ts';
import { prepared } from './prepared.ts';
import { addToRun, patchRunState } from './run-records.ts';

/** SQL: when a row of `contact c` was last read live, `contact_seen x` beside it. */
const lastRead = "coalesce(max(x.at, c._read_at), x.at, c._read_at, '1970')";

/** What an interrupted one has still to read is of no use to anybody else. */
export function beginSweep(db: Connection, object: string): void {
  db.exec('DELETE FROM contact_swept');
  db.prepare(
    `UPDATE chunk SET state = 'done' WHERE object = ? AND state = 'pending'
       AND run_id IN (SELECT id FROM run WHERE kind = 'reconcile')`,
  ).run(object);
}

/**
 * Compares the attached page with the mirror, by whole statements and no row by itself. What is deleted in the org and not live here is nothing
 * to keep, unless it was hidden, or restored meanwhile and deleted or merged anew.
 */
export function noteSwept(
  db: Connection,
  object: string,
  columns: readonly string[],
  { mends, readAt }: { mends: boolean; readAt: number },
): void {
  const cell = (name: string) => `p.c${columns.indexOf(name)}`;
  // Stamps are whole seconds: what was read within the second of its last change may have been changed in it once more.
  const secondEnd = `substr(${cell('SystemModstamp')}, 1, 19) || '.999Z'`;
  const isOfThatSecond = `coalesce(c._value_at, c._read_at) <= ${secondEnd}
         AND coalesce((SELECT at FROM contact_seen WHERE id = c.Id), '') <= ${secondEnd}`;
  // The cursor is about to pass these without a last look at what was committed late with the stamp of the same second.
  const isUncovered = `${cell('SystemModstamp')} >=
         (SELECT substr(at, 1, 16) || ':00.000Z' FROM main.cursor WHERE object = :object AND name = 'updated')`;
  const valueAt = "coalesce((SELECT at FROM main.contact_seen WHERE id = c.Id), c._value_at, c._read_at, '')";
  const isAhead = `(c.SystemModstamp > ${cell('SystemModstamp')} AND ${valueAt} < :readAt)`;
  const asOf = isoTime(Math.floor(readAt));
  if (mends)
    prepared(
      db,
      `UPDATE main.contact AS c SET SystemModstamp = NULL, _value_at = NULL
       FROM spool.page p WHERE c.Id = ${cell('Id')} AND ${isAhead}`,
    ).run({ readAt: asOf });
  const isGoneAnew = `(c._gone = 'hidden' OR (c._gone <> 'purged' AND c._deleted_stamp < ${cell('SystemModstamp')}))`;
  prepared(
    db,
    `INSERT INTO contact_swept (id, due)
     SELECT ${cell('Id')}, CASE
       WHEN ${cell('IsDeleted')} = 1 THEN 'deleted'
       WHEN c.Id IS NULL THEN 'missing'
       WHEN c._gone IS NOT NULL OR c.SystemModstamp IS NULL OR c.SystemModstamp < ${cell('SystemModstamp')} OR ${isAhead} THEN 'stale'
       WHEN (${isOfThatSecond}) OR ${isUncovered} THEN 'reread'
       END
     FROM spool.page p LEFT JOIN main.contact c ON c.Id = ${cell('Id')}
     WHERE ${cell('IsDeleted')} IS NOT 1 OR (c.Id IS NOT NULL AND (c._gone IS NULL OR ${isGoneAnew}))
     ON CONFLICT (id) DO UPDATE SET due = excluded.due, evidence_at = 0`,
  ).run({ object, readAt: asOf });
}

export function closeSweep(db: Connection, runId: string, before: number): void {
  const isClosed = db
    .prepare("SELECT json_extract(state, '$.swept') FROM run WHERE id = ?")
    .pluck()
    .get(runId);
  if (isClosed === 1) return;
  const checked = db.prepare('SELECT count(*) FROM contact_swept').pluck().get() as number;
  db.prepare(
    `INSERT INTO contact_swept (id, due)
     SELECT c.Id, 'absent' FROM contact c LEFT JOIN contact_seen x ON x.id = c.Id
     WHERE c._gone IS NULL AND ${lastRead} < ? AND NOT EXISTS (SELECT 1 FROM contact_swept s WHERE s.id = c.Id)`,
  ).run(isoTime(before));
  db.exec(
    `INSERT INTO contact_swept (id, due)
     SELECT c.Id, 'hidden' FROM contact c
     WHERE c._gone = 'hidden' AND NOT EXISTS (SELECT 1 FROM contact_swept s WHERE s.id = c.Id)`,
  );
  const counts = {
    checked,
    missing: countSwept(db, 'missing'),
    stale: countSwept(db, 'stale'),
    candidates: countSwept(db, 'deleted') + countSwept(db, 'absent'),
  };
  addToRun(db, runId, { counts, apiCalls: 0 });
  patchRunState(db, runId, { swept: true });
}

/** Cycles go on where a reconcile was interrupted. */
export function settleSwept(db: Connection): void {
  const gone = '(SELECT _gone FROM contact WHERE Id = contact_swept.id)';
  db.exec(
    `UPDATE contact_swept SET evidence_at = 0, due = CASE ${gone} WHEN 'hidden' THEN 'hidden' END
     WHERE due IN ('absent', 'unknown') AND ${gone} IS NOT NULL`,
  );
}

export function markSwept(db: Connection, runId: string, marks: readonly SweptMark[]): void {
  const known = db.prepare('SELECT due FROM contact_swept WHERE id = ?').pluck();
  const goneOf = db.prepare('SELECT _gone FROM contact WHERE Id = ?').pluck();
  const mark = db.prepare('UPDATE contact_swept SET due = ?, evidence_at = ? WHERE id = ?');
  let repaired = 0;
  for (const { id, due, evidenceAt = 0 } of marks) {
    const before = (known.get(id) ?? null) as SweptDue | null;
    if (before !== null && due === null) {
      const wasInOrg = before === 'missing' || before === 'stale';
      // Undefined where the mirror has no such row.
      const gone = goneOf.get(id) as string | null | undefined;
      if (wasInOrg ? gone === null : typeof gone === 'string') repaired++;
    }
    mark.run(due, Math.ceil(evidenceAt), id);
  }
  addToRun(db, runId, { counts: { repaired }, apiCalls: 0 });
}

export function countSwept(db: Connection, due: SweptDue): number {
  return db.prepare('SELECT count(*) FROM contact_swept WHERE due = ?').pluck().get(due) as number;
}

export function listSwept(
  db: Connection,
  due: SweptDue,
  { after, limit }: { after: string; limit: number },
): SweptRow[] {
  const rows = db
    .prepare(
      `SELECT s.id, ${lastRead}, s.evidence_at FROM contact_swept s
       LEFT JOIN contact c ON c.Id = s.id LEFT JOIN contact_seen x ON x.id = s.id
       WHERE s.due = ? AND s.id > ? ORDER BY s.id LIMIT ?`,
    )
    .raw()
    .all(due, after, limit) as [id: string, readAt: string, evidenceAt: number][];
  return rows.map(([id, readAt, evidenceAt]) => ({ id, readAt: Date.parse(readAt), evidenceAt }));
}

import { isoTime } from '../../base/iso-time.ts';
import type { Connection } from '../../sqlite/connection.ts';
import type { RunFilter } from '../../sync/ports/run.ts';
import { prepared } from './prepared.ts';
import { listRuns } from './run-records.ts';

/** Of runs, and of the chunks of one, so many at a time: a transaction that ends a run must stay short. */
const runsAtOnce = 20;
const chunksAtOnce = 2_000;

/**
 * See the effect `forget-runs`. Looks at the oldest runs alone, which costs next to nothing where none is old; those of a
 * time to come, which a clock that was ahead has left, stand in nobody's way.
 */
export function forgetRuns(
  db: Connection,
  object: string,
  {
    before,
    now,
    but,
    newestOf,
  }: { before: number; now: number; but: string; newestOf: readonly RunFilter[] },
): void {
  const old = prepared(
    db,
    `SELECT id FROM (SELECT id, kind, status, started_at FROM run WHERE object = ? AND started_at <= ?
       ORDER BY seq LIMIT ${runsAtOnce})
     WHERE started_at < ? AND id <> ? AND (status <> 'running' OR kind = 'push')`,
  )
    .pluck()
    .all(object, isoTime(now), isoTime(before), but) as string[];
  if (old.length === 0) return;
  const kept = new Set(
    newestOf.flatMap((filter) => listRuns(db, object, { ...filter, limit: 1 })).map(({ id }) => id),
  );
  let chunksLeft = chunksAtOnce;
  for (const id of old) {
    chunksLeft -= prepared(
      db,
      'DELETE FROM chunk WHERE id IN (SELECT id FROM chunk WHERE run_id = ? LIMIT ?)',
    ).run(id, chunksLeft).changes;
    // The rest goes with the next run that ends.
    if (chunksLeft === 0) return;
    if (kept.has(id)) continue;
    prepared(db, 'DELETE FROM run_step WHERE run_id = ?').run(id);
    prepared(db, 'DELETE FROM run WHERE id = ?').run(id);
  }
}

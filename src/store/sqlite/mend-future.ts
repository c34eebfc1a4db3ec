import { isoTime } from '../../base/iso-time.ts';
import type { Connection } from '../../sqlite/connection.ts';
import { forgetReadAt } from './contact-states.ts';

const evidence = ['_read_at', '_deleted_at', '_purged_at', '_hidden_at'] as const;
/**
 * Nobody knows when values were read in truth: it may have been within the second of their stamp, before another change
 * in it.
 */
const unknown = "'1970-01-01T00:00:00.000Z'";

/** Looks at every row. The caller holds the transaction. */
export function mendFuture(db: Connection, after: number, at: number): void {
  const times = { after: isoTime(after), at: isoTime(at) };
  const set = evidence
    .map((name) => `${name} = CASE WHEN ${name} > :after THEN :at ELSE ${name} END`)
    .join(', ');
  const where = [...evidence, '_value_at'].map((name) => `${name} > :after`).join(' OR ');
  db.prepare(
    `UPDATE contact SET ${set},
       _value_at = CASE WHEN coalesce(_value_at, _read_at) > :after THEN ${unknown} ELSE _value_at END
     WHERE ${where}`,
  ).run(times);
  // Whose values were confirmed then are those of their reading before.
  db.prepare(
    `UPDATE contact SET _value_at = coalesce(_value_at, _read_at), _read_at = :at
     WHERE Id IN (SELECT id FROM contact_seen WHERE at > :after)`,
  ).run(times);
  db.prepare('DELETE FROM contact_seen WHERE at > ?').run(times.after);
  forgetReadAt(db, after, at);
}

import { isoTime } from '../../base/iso-time.ts';
import type { Connection } from '../../sqlite/connection.ts';
import { forgetReadAt } from './contact-states.ts';

const evidence = ['_read_at', '_value_at', '_deleted_at', '_purged_at', '_hidden_at'] as const;

/** Looks at every row. The caller holds the transaction. */
export function mendFuture(db: Connection, after: number, at: number): void {
  const times = { after: isoTime(after), at: isoTime(at) };
  const set = evidence
    .map((name) => `${name} = CASE WHEN ${name} > :after THEN :at ELSE ${name} END`)
    .join(', ');
  const where = evidence.map((name) => `${name} > :after`).join(' OR ');
  db.prepare(`UPDATE contact SET ${set} WHERE ${where}`).run(times);
  db.prepare('UPDATE contact_seen SET at = :at WHERE at > :after').run(times);
  forgetReadAt(db, after, at);
}

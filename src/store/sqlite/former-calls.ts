import type { Connection } from '../../sqlite/connection.ts';
import type { HourCalls } from '../../sync/ports/stored-mirror.ts';

/** `api_call` has rows only where a version that counted calls in the mirror has written them. */
export function readFormerCalls(db: Connection): HourCalls[] {
  return db.prepare('SELECT hour, calls FROM api_call ORDER BY hour').all() as HourCalls[];
}

export function forgetFormerCalls(db: Connection): void {
  db.exec('DELETE FROM api_call');
}

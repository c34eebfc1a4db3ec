import { withFinallySync } from '../../../base/finally.ts';
import type { Connection } from '../../../sqlite/connection.ts';
import { prepared } from '../prepared.ts';

/** `work` with the database at `path` attached as `name`, which SQLite does outside of transactions only. */
export function withAttached<T>(
  db: Connection,
  name: 'fresh' | 'staging' | 'spool',
  path: string,
  work: () => T,
): T {
  prepared(db, `ATTACH ? AS ${name}`).run(path);
  return withFinallySync(work, () => void db.exec(`DETACH ${name}`));
}

import { withFinallySync } from '../../../base/finally.ts';
import type { Connection } from '../../../sqlite/connection.ts';
import { prepared } from '../prepared.ts';

/** `work` with the database at `path` attached as `name`, which SQLite does outside of transactions only. */
export function withAttached<A extends readonly unknown[], R>(
  name: 'fresh' | 'staging' | 'spool',
  work: (db: Connection, ...args: A) => R,
): (db: Connection, path: string, ...args: A) => R {
  return (db, path, ...args) => {
    prepared(db, `ATTACH ? AS ${name}`).run(path);
    return withFinallySync(
      () => work(db, ...args),
      () => void db.exec(`DETACH ${name}`),
    );
  };
}

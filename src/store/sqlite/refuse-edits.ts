import type { Connection } from '../../sqlite/connection.ts';
import { refusalSql } from './contact-view.ts';

/**
 * From the end of the transaction on, which the caller holds, each edit of a program is refused with `message`. The mirror's
 * own next write makes the view anew.
 */
export function refuseEdits(db: Connection, message: string): void {
  const hasView = db.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'view' AND name = 'contacts'").get();
  if (hasView === undefined) return;
  for (const sql of refusalSql(message)) db.exec(sql);
}

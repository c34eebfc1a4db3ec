import type { Connection } from '../../../sqlite/connection.ts';
import type { PageKey } from '../../../sync/ports/page.ts';
import { prepared } from '../prepared.ts';

/** (CreatedDate, Id) of the attached page's last row; null for an empty page or without CreatedDate. */
export function lastKeyOf(db: Connection, columns: readonly string[]): PageKey | null {
  const createdDate = columns.indexOf('CreatedDate');
  if (createdDate < 0) return null;
  const row = prepared(
    db,
    `SELECT c${createdDate} AS createdDate, c${columns.indexOf('Id')} AS id FROM spool.page
       ORDER BY rowid DESC LIMIT 1`,
  ).get() as { createdDate: string | null; id: string } | undefined;
  return row === undefined || row.createdDate === null ? null : { createdDate: row.createdDate, id: row.id };
}

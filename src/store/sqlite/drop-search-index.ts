import type { Connection } from '../../sqlite/connection.ts';

/** What the index of `contacts search` is made of; `src/store/sqlite/search-index.ts` tells how. */
export const searchIndexNames = {
  table: 'contact_search',
  changed: 'contact_search_changed',
  trigger: 'contact_search_note',
  metaKey: 'search_index',
} as const;

/** Needed before `contact` loses a column or its rows; the next search makes it anew. The caller holds the transaction. */
export function dropSearchIndex(db: Connection): void {
  const { table, changed, trigger, metaKey } = searchIndexNames;
  db.exec(`DROP TRIGGER IF EXISTS ${trigger}`);
  for (const name of [table, changed]) db.exec(`DROP TABLE IF EXISTS ${name}`);
  db.prepare('DELETE FROM meta WHERE key = ?').run(metaKey);
}

import type { Connection } from '../../sqlite/connection.ts';
import { prepared } from './prepared.ts';

/**
 * Lets contacts that Salesforce has made be found by the keys that the application knows them by. A key is one
 * contact's: one that was made once more takes it from the one that is gone, which may be restored some day; where the
 * first lives, the other goes by its Id. `pairs`: SQL that answers at most `most` rows of `id` and `key`, and takes
 * `parameters`.
 */
export function adoptKeys(
  db: Connection,
  { pairs, most }: { pairs: string; most: number },
  ...parameters: unknown[]
): void {
  const adopt = prepared(
    db,
    `UPDATE contact SET _key = p.key FROM (${pairs}) p
     WHERE contact.Id = p.id AND contact._key IS NULL
       AND NOT EXISTS (SELECT 1 FROM contact c WHERE c._key = p.key)`,
  );
  // Hardly a key was another contact's before, so that is looked for where some are left.
  if (adopt.run(...parameters).changes === most) return;
  const { changes: freed } = prepared(
    db,
    `UPDATE contact SET _key = NULL FROM (${pairs}) p
     WHERE contact._key = p.key AND contact.Id <> p.id AND contact._gone IS NOT NULL`,
  ).run(...parameters);
  if (freed > 0) adopt.run(...parameters);
}

/**
 * SQL: whether a creation by a program was sent, and what came of it is not known. The very terms of the index
 * `outbox_open_creation`, or SQLite does not use it.
 */
export const isOpenCreation = (entry: string) =>
  `${entry}.local = 1 AND ${entry}.op = 'create' AND ${entry}.contact_id IS NULL AND ${entry}.sent_at IS NOT NULL
    AND ${entry}.state IN ('pending', 'sent', 'in-doubt')`;

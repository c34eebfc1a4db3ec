/** SQL: what makes an entry as if no request had ever carried it. */
export const neverSent =
  'sent_at = NULL, sent_org_at = NULL, sent_by = NULL, known_before = NULL, doubt = NULL';

/** SQL: the same, but for what a push asks of a contact that is there, and is in doubt: that is read before it is sent again. */
export const neverSentUnlessRead = [
  ...['sent_at', 'sent_org_at', 'sent_by', 'known_before'].map(
    (column) =>
      `${column} = CASE WHEN state = 'in-doubt' AND local = 0 AND (op <> 'create' OR upsert_field IS NOT NULL) THEN ${column} END`,
  ),
  'doubt = NULL',
].join(', ');

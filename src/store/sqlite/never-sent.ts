/** SQL: what makes an entry as if no request had ever carried it. */
export const neverSent =
  'sent_at = NULL, sent_org_at = NULL, sent_by = NULL, known_before = NULL, doubt = NULL';

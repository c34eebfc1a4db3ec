/** SQL: a version 4 UUID, made of what every SQLite has. */
export const newKey = `(lower(hex(randomblob(4))) || '-' || lower(hex(randomblob(2))) || '-4' ||
  substr(lower(hex(randomblob(2))), 2) || '-' || substr('89ab', 1 + (random() & 3), 1) ||
  substr(lower(hex(randomblob(2))), 2) || '-' || lower(hex(randomblob(6))))`;

/** SQL: the time, in the form that mirrors store. */
export const sqlNow = `strftime('%Y-%m-%dT%H:%M:%fZ', 'now')`;

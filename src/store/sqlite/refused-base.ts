import { memberJson } from './written-value.ts';

// Parts of the triggers on the view `contacts`: OLD is the row that a program edits, and `contact_edit` has its new values.

/** SQL: an edit of the contact that has not come to its end. */
const openEdit = `o.local = 1 AND o.contact_key = OLD._key AND o.state NOT IN ('done', 'dropped') AND o.op = 'update'`;

/** SQL: the fields that open edits change. The row does not show what was there, least of all where they empty it. */
export const editedFields = `SELECT j.key FROM outbox o, json_each(o.changes) j WHERE ${openEdit}`;

/**
 * SQL: what was pushed to the field last since an edit of it was refused, or what the org has made of that, for a push does
 * not wait for such a one. The row has shown the refused value since, so whoever writes the field now comes after the push. An
 * edit that was sent and is `pending` may have been refused before: nothing else is overtaken.
 */
export const pushedSinceRefused = (field: string) => `(SELECT
    coalesce((SELECT ${memberJson('b', 'p.became')} FROM json_each(p.became) b WHERE b.key = w.key), ${memberJson('w', 'p.changes')})
  FROM outbox p CROSS JOIN json_each(p.changes) w
  WHERE p.seq > (SELECT min(o.seq) FROM outbox o, json_each(o.changes) j
      WHERE ${openEdit} AND o.attempts > 0 AND j.key = ${field})
    AND p.contact_id = OLD.Id AND p.local = 0 AND p.state = 'done' AND w.key = ${field}
  ORDER BY p.seq DESC LIMIT 1)`;

/**
 * SQL: bases an edit that was refused anew before another goes into it: of the fields that this one writes, on what was pushed
 * since. What it only takes along is older than the push.
 */
export const rebaseRefused = (into: string) => `UPDATE outbox SET base = (
    SELECT json_group_object(key, json(value)) FROM (
      SELECT b.key, coalesce(CASE WHEN EXISTS (SELECT 1 FROM contact_edit e WHERE e.field = b.key)
        THEN ${pushedSinceRefused('b.key')} END, ${memberJson('b', 'outbox.base')}) AS value FROM json_each(outbox.base) b))
  WHERE seq = ${into} AND attempts > 0 AND op = 'update' AND base IS NOT NULL AND EXISTS (SELECT 1 FROM contact_edit)`;

import { lastDone } from './last-done.ts';
import { newKey, sqlNow } from './new-key.ts';
import { sqlText } from './sql-text.ts';
import { memberJson } from './written-value.ts';

// Parts of the triggers on the view `contacts`: OLD is the row that a program edits, and `contact_edit` has its new values.

/**
 * So far an org's time may be behind that is told by its answers, whose `Date` has whole seconds and comes from servers that
 * differ by one or so.
 */
const toldTimeSeconds = 2;

/**
 * SQL: when the request of `p` was over at the latest, by the org's clock, as a Julian day. Where the machine's clock was set
 * back meanwhile, how long it took is not known.
 */
const overAt = `julianday(p.sent_org_at) + max(0, julianday(p.settled_at) - julianday(p.sent_at))
  + ${toldTimeSeconds} / 86400.0`;

/**
 * SQL: entries `p` of pushes that wrote to the contact, done and not read back yet, while the row that the mirror has was
 * read before they were over. What the row lacks of them is no change by others. The very terms of `outbox_pushed_unread`.
 */
const unseenPushes = `outbox p WHERE p.contact_id = OLD.Id AND p.local = 0 AND p.read_back_due = 1
    AND (p.op <> 'create' OR p.upsert_field IS NOT NULL)
    AND p.state = 'done' AND NOT EXISTS (SELECT 1 FROM contact c LEFT JOIN contact_seen x ON x.id = c.Id
      WHERE c.Id = OLD.Id AND julianday(coalesce(x.at, c._value_at, c._read_at)) > ${overAt})`;

/** SQL: an edit of the contact that has not come to its end. */
const openEdit = `o.local = 1 AND o.contact_key = OLD._key AND o.state NOT IN ('done', 'dropped')`;

/** SQL: the same of edits by SQL. The row shows what they have written, until they are read back. */
const unreadEdits = `outbox p WHERE p.local = 1 AND p.contact_key = OLD._key AND p.read_back_due = 1
    AND p.state = 'done' AND p.op <> 'delete'`;

/** SQL: the `order` of the first of these that has written the field. */
const firstUnseen = (field: string) => `(SELECT min(done) FROM (
    SELECT p.done_order AS done FROM ${unseenPushes} AND json_type(p.changes, '$."' || ${field} || '"') IS NOT NULL
    UNION ALL
    SELECT p.done_order FROM ${unreadEdits} AND json_type(p.changes, '$."' || ${field} || '"') IS NOT NULL))`;

/**
 * SQL: of the first open edit of a field that says what it found there: for nothing that was not taken is Salesforce's word. A
 * delete that waits for a person has found nothing for what comes instead of it: the row shows what Salesforce has said since.
 */
const ofFirstOpen = (field: string, what: string) => `(SELECT ${what}
    FROM outbox o, json_each(o.base) j WHERE ${openEdit} AND o.op <> 'delete' AND j.key = ${field}
    ORDER BY o.seq LIMIT 1)`;

/**
 * What a field's edit is based on: what the first open edit of it found, else what the row has. Unknown, and null here, where
 * the contact was just made and is not read back yet.
 */
const baseOf = (field: string) => {
  const was = `(SELECT was FROM contact_edit e WHERE e.field = ${field})`;
  return `coalesce(${ofFirstOpen(field, memberJson('j', 'o.base'))},
    CASE WHEN ${was} <> 'null' OR EXISTS (SELECT 1 FROM contact WHERE Id = OLD.Id) THEN ${was} END)`;
};

/**
 * SQL: what an edit was based on whose field waits for a person, or what it writes where nobody knows that. Its base is what the
 * conflict has found, which nobody may have seen: a delete is no answer to that. What a push of ours has written is found by
 * nobody's doing, and an edit of a contact that was merged into this one was based on that other one.
 */
const ofDisputed = (field: string) => `(SELECT coalesce((SELECT ${memberJson('b', 'o.first_base')}
      FROM json_each(o.first_base) b WHERE b.key = j.key), ${memberJson('j', 'o.changes')})
    FROM outbox o, json_each(o.changes) j WHERE ${openEdit} AND o.op <> 'delete' AND o.state = 'conflict'
      AND j.key = ${field} AND EXISTS (SELECT 1 FROM json_each(o.error_fields) e WHERE e.value = j.key)
      AND substr(o.error_message, 1, ${mergedAway.length}) <> ${sqlText(mergedAway)}
      AND NOT EXISTS (SELECT 1 FROM outbox p WHERE p.done_order IS NOT NULL AND p.contact_id = OLD.Id AND p.local = 0
        AND json_type(p.changes, j.fullkey) IS NOT NULL
        AND json_extract(p.changes, j.fullkey) IS json_extract(o.base, j.fullkey))
    ORDER BY o.seq LIMIT 1)`;
/** How a conflict begins whose contact was merged into another one. */
const mergedAway = 'The contact was merged into another one';

/** SQL: of the first open edit of a field that does not say what it found there, and so of what nobody knows. */
const ofFirstUnknown = (field: string, what: string) => `(SELECT ${what}
    FROM outbox o, json_each(o.changes) j WHERE ${openEdit} AND ${isBaseUnknown} AND j.key = ${field}
    ORDER BY o.seq LIMIT 1)`;
const isBaseUnknown = `o.op = 'update' AND NOT EXISTS (SELECT 1 FROM json_each(o.base) b WHERE b.key = j.key)`;

/** SQL: the `order` of the last write that this base knows of. */
const doneAt = (field: string) => `coalesce(
    ${ofFirstOpen(field, `coalesce(json_extract(o.base_at, '$."' || ${field} || '"[0]'), 0)`)},
    ${ofFirstUnknown(field, `json_extract(o.base_at, '$."' || ${field} || '"[0]')`)}, ${firstUnseen(field)} - 1, ${lastDone})`;

/**
 * SQL: up to when the base holds all that was changed in Salesforce, by the org's clock: what the first open edit found, or the
 * row, which was read then or has not changed since.
 */
const knownTo = (object: string, field: string) => `CASE
    WHEN ${ofFirstOpen(field, '1')} THEN ${ofFirstOpen(field, `json_extract(o.base_at, '$."' || ${field} || '"[2]')`)}
    ELSE (SELECT nullif(max(coalesce(x.at, c._value_at, c._read_at, ''),
        coalesce((SELECT at FROM cursor WHERE object = ${sqlText(object)} AND name = 'updated'), '')), '')
      FROM contact c LEFT JOIN contact_seen x ON x.id = c.Id WHERE c.Id = OLD.Id) END`;

/** What an open edit has put in the place of a value that nobody knows says nothing of that one. */
export const forgetOwn = `UPDATE contact_edit SET was = NULL WHERE EXISTS (
  SELECT 1 FROM outbox o, json_each(o.changes) j
  WHERE ${openEdit} AND ${isBaseUnknown} AND j.key = contact_edit.field)`;

/** SQL: the bases of these fields, as one object. `fields`: a table whose column `key` has their names. */
export const basesOf = (
  fields: string,
  baseOfField = baseOf,
) => `(SELECT json_group_object(field, json(base)) FROM (
    SELECT f.key AS field, ${baseOfField('f.key')} AS base FROM ${fields} f) WHERE base IS NOT NULL)`;

/** SQL: when these were taken, as `base_at` has it: of what is edited now, and of what another edit is taken along with. */
export const pointsOf = (
  object: string,
  fields: string,
) => `(SELECT json_group_object(f.key, json_array(${doneAt('f.key')},
    CASE WHEN EXISTS (SELECT 1 FROM contact_edit e WHERE e.field = f.key) THEN ${lastEntry}
      ELSE json_extract(outbox.base_at, '$."' || f.key || '"[1]') END, ${knownTo(object, 'f.key')})) FROM ${fields} f)`;
const lastEntry = '(SELECT coalesce(max(seq), 0) FROM outbox)';

/** The fields that a new edit changes, and those that a delete says what it found in, with those that it does not show. */
const editFields = '(SELECT field AS key FROM contact_edit)';
const deleteFields = `(SELECT field AS key FROM contact_edit
  UNION SELECT w.key FROM (SELECT p.changes FROM ${unseenPushes}) p CROSS JOIN json_each(p.changes) w
  UNION SELECT w.key FROM (SELECT p.changes FROM ${unreadEdits}) p CROSS JOIN json_each(p.changes) w
  UNION SELECT j.key FROM outbox o, json_each(o.changes) j WHERE ${openEdit} AND o.op = 'update')`;

const newPointsOf = (object: string, fields: string) => `(SELECT json_group_object(f.key,
  json_array(${doneAt('f.key')}, ${lastEntry} + 1, ${knownTo(object, 'f.key')})) FROM ${fields} f)`;

/** SQL: what an edit is based on that goes into no other one, and when that was taken. */
export const baseOfEdit = basesOf(editFields);
export const pointsOfEdit = (object: string) => newPointsOf(object, editFields);
/** SQL: what a delete is based on: all that the contact has. */
export const baseOfDelete = basesOf(
  deleteFields,
  (field) => `coalesce(${ofDisputed(field)}, ${baseOf(field)})`,
);
export const pointsOfDelete = (object: string) =>
  newPointsOf(object, `(SELECT key FROM ${deleteFields} UNION SELECT '')`);

/**
 * SQL: whether a write to the field was done since its base was taken, of the entry in question, or may have been: an upsert
 * without an answer may be of any contact.
 */
export const wasWrittenSince = (
  field: string,
) => `(EXISTS (SELECT 1 FROM outbox l, json_each(l.lost_changes) v
  WHERE l.lost_changes IS NOT NULL AND (l.contact_id = OLD.Id OR (l.contact_id IS NULL AND l.upsert_field IS NOT NULL))
    AND json_type(v.value, '$."' || ${field} || '"') IS NOT NULL)
  OR EXISTS (SELECT 1 FROM outbox p
  WHERE p.done_order > json_extract(outbox.base_at, '$."' || ${field} || '"[0]') AND p.contact_id = OLD.Id
    AND json_type(p.changes, '$."' || ${field} || '"') IS NOT NULL))`;

/**
 * SQL: whether `j`, a field that a refused entry changes, cannot be written now: the org has it no more, this user may not
 * write it, or the mirror does not keep it, so that nobody could mend its value. Taken along, it would be refused again.
 */
export const cannotBeWritten = (
  object: string,
  entry: string,
) => `${entry}.state = 'rejected' AND NOT EXISTS (
  SELECT 1 FROM field f WHERE f.object = ${sqlText(object)} AND f.name = j.key AND f.vanished = 0
    AND (json_extract(f.definition, '$.updateable')
      OR (${entry}.op = 'create' AND json_extract(f.definition, '$.createable'))))`;

/** SQL: of what an entry is to change, and of what it is based on, those fields that cannot be written now. */
const lostOf = (object: string, column: string) =>
  `(SELECT json_group_object(j.key, json(${memberJson('j', `o.${column}`)})) FROM json_each(o.${column}) j WHERE ${cannotBeWritten(object, 'o')})`;

/** The part that a program's edit of a refused contact gives up, as an entry of its own that nobody sends. */
export const keepGivenUp = (
  object: string,
  into: string,
) => `INSERT INTO outbox (object, local, key, op, contact_key, contact_id, changes, base,
    state, created_at, settled_at, errors, error_code, error_message, error_fields)
  SELECT object, 1, ${newKey}, 'update', contact_key, contact_id, changes, base, 'dropped', created_at, ${sqlNow},
    json_array(json_object('code', ${sqlText(givenUpCode)}, 'message', message, 'fields', json(fields))),
    ${sqlText(givenUpCode)}, message, fields
  FROM (SELECT o.object, o.contact_key, o.contact_id, o.created_at, ${lostOf(object, 'changes')} AS changes,
      CASE WHEN o.base IS NOT NULL THEN ${lostOf(object, 'base')} END AS base,
      (SELECT json_group_array(j.key) FROM json_each(o.changes) j WHERE ${cannotBeWritten(object, 'o')}) AS fields,
      (SELECT group_concat(j.key, ', ') FROM json_each(o.changes) j WHERE ${cannotBeWritten(object, 'o')})
        || ${sqlText(givenUp)} AS message
    FROM outbox o WHERE o.seq = ${into} AND EXISTS (SELECT 1 FROM contact_edit))
  WHERE fields <> '[]'`;
export const givenUpCode = 'INVALID_FIELD';
export const givenUp =
  ' cannot be written any more, and was given up when the contact was edited again after it was refused.';

/** SQL: of these values of an entry, those of fields that it changes. */
export const ofChanges = (column: string) => `CASE WHEN ${column} IS NOT NULL THEN
  (SELECT json_group_object(j.key, json(${memberJson('j', `outbox.${column}`)})) FROM json_each(outbox.${column}) j
    WHERE EXISTS (SELECT 1 FROM json_each(outbox.changes) c WHERE c.key = j.key)) END`;

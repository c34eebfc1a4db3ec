import { newKey, sqlNow } from './new-key.ts';
import { editedFields, pushedSinceRefused } from './refused-base.ts';
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

/** SQL: what the last of these pushes has written to the field. An edit by SQL goes out only when they are read back. */
const pushedValue = (field: string) => `(SELECT ${memberJson('w', 'p.changes')}
  FROM (SELECT p.seq, p.changes FROM ${unseenPushes}) p CROSS JOIN json_each(p.changes) w
  WHERE w.key = ${field} ORDER BY p.seq DESC LIMIT 1)`;

/** SQL: the fields that these pushes have written. */
const pushedFields = `SELECT w.key FROM (SELECT p.changes FROM ${unseenPushes}) p CROSS JOIN json_each(p.changes) w`;

/**
 * What a field's edit is based on: what the first open edit of it found, for nothing that was not taken is Salesforce's
 * word; else what was pushed since the row was read; else what the row had. Unknown, and null here, where the contact was
 * just made and is not read back yet. A delete that waits for a person has found nothing for what comes instead of it: the
 * row shows what Salesforce has said since.
 */
const baseOf = (field: string, was: string) => `coalesce(
  (SELECT ${memberJson('j', 'o.base')} FROM outbox o, json_each(o.base) j
    WHERE o.local = 1 AND o.contact_key = OLD._key AND o.state NOT IN ('done', 'dropped') AND o.op <> 'delete'
      AND j.key = ${field}
    ORDER BY o.seq LIMIT 1),
  ${pushedValue(field)},
  CASE WHEN ${was} <> 'null' OR EXISTS (SELECT 1 FROM contact WHERE Id = OLD.Id) THEN ${was} END)`;

/** What an open edit has put in the place of a value that nobody knows says nothing of that one. */
export const forgetOwn = `UPDATE contact_edit SET was = NULL WHERE EXISTS (
  SELECT 1 FROM outbox o, json_each(o.changes) j WHERE o.local = 1 AND o.contact_key = OLD._key
    AND o.state NOT IN ('done', 'dropped') AND o.op = 'update' AND j.key = contact_edit.field
    AND NOT EXISTS (SELECT 1 FROM json_each(o.base) b WHERE b.key = j.key))`;

const objectOf = (fields: string, baseOfField: string) => `(SELECT json_group_object(field, json(base)) FROM (
    SELECT f.key AS field, ${baseOfField} AS base
    FROM ${fields} f) WHERE base IS NOT NULL)`;
const found = baseOf('f.key', '(SELECT was FROM contact_edit e WHERE e.field = f.key)');

/** SQL: the bases of these fields of an edit that others went into, as one object. */
export const basesOf = (fields: string) => objectOf(fields, found);
/** SQL: the same of an entry that is made now. */
const basesOfNew = (fields: string) => objectOf(fields, `coalesce(${pushedSinceRefused('f.key')}, ${found})`);

/** SQL: what an edit is based on that goes into no other one. */
export const baseOfEdit = basesOfNew('(SELECT field AS key FROM contact_edit)');
/** SQL: what a delete is based on: all that the contact has. */
export const baseOfDelete = basesOfNew(
  `(SELECT field AS key FROM contact_edit UNION ${pushedFields} UNION ${editedFields})`,
);

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
const givenUpCode = 'INVALID_FIELD';
const givenUp =
  ' cannot be written any more, and was given up when the contact was edited again after it was refused.';

/** SQL: of these values of an entry, those of fields that it changes. */
export const ofChanges = (column: string) => `CASE WHEN ${column} IS NOT NULL THEN
  (SELECT json_group_object(j.key, json(${memberJson('j', `outbox.${column}`)})) FROM json_each(outbox.${column}) j
    WHERE EXISTS (SELECT 1 FROM json_each(outbox.changes) c WHERE c.key = j.key)) END`;

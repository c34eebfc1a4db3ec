import { serverClocksMs } from '../../org/server-clocks.ts';
import type { StoredColumn } from '../fields/stored-column.ts';
import { newKey, sqlNow } from './new-key.ts';
import { isOpenCreation } from './open-creation.ts';
import { quoteName } from './quote-name.ts';
import { sqlText } from './sql-text.ts';
import {
  holdsText,
  isNothing,
  isNoUtf8,
  isNoUtf8InJson,
  jsonForm,
  memberJson,
  noUtf8,
  refusingBy,
  rulesOf,
  storedForm,
  type ValueRule,
} from './written-value.ts';

/** SQL: the key of the row that an INSERT makes, as long as its trigger works. */
const madeKey = `(SELECT value FROM contact_edit WHERE field = '_key')`;

const open = `local = 1 AND contact_key = OLD._key AND state NOT IN ('done', 'dropped')`;
/** What no request may have carried, or Salesforce or a person has given back. */
const unsent = `(state IN ('held', 'rejected', 'conflict') OR (state = 'pending' AND sent_at IS NULL))`;
/** SQL: whether `t` is a contact that the creation `c` may have made, as far as its columns say. */
const mayBeMade = `${isOpenCreation('c')} AND substr(t.CreatedById, 1, 15) = substr(c.sent_by, 1, 15)
    AND t.CreatedDate >= strftime('%Y-%m-%dT%H:%M:%S', c.sent_org_at, '-${serverClocksMs / 1_000} seconds')`;
/** SQL: whether `o` was edited behind the entry in question, and waits. */
const isBehind = `o.local = 1 AND o.op <> 'create' AND o.state NOT IN ('done', 'dropped') AND +o.seq > outbox.seq`;
/**
 * SQL: whether what was edited behind this entry may be of the same contact, by the other of two names: its Id, and the key
 * of a creation whose answer never came. Then the two stay in their order. Of an entry by such a key, and of one by an Id.
 */
const isOvertaken = `CASE WHEN outbox.op = 'create' THEN 0
  WHEN outbox.contact_id IS NULL THEN EXISTS (SELECT 1 FROM outbox c CROSS JOIN outbox o CROSS JOIN contact t
    WHERE c.contact_key = outbox.contact_key AND ${isBehind} AND t.Id = o.contact_key AND ${mayBeMade})
  ELSE EXISTS (SELECT 1 FROM outbox o CROSS JOIN outbox c CROSS JOIN contact t
    WHERE ${isBehind} AND o.contact_id IS NULL AND c.contact_key = o.contact_key AND t.Id = outbox.contact_key
      AND ${mayBeMade}) END`;
/**
 * SQL: whether a push of the contact waits behind the entry in question, which must not overtake it with what was written
 * later. Any upsert may be of it. The very terms of the indexes `outbox_pushed` and `outbox_upserted`.
 */
const isPushedOver = `(EXISTS (SELECT 1 FROM outbox p WHERE p.contact_id = OLD.Id AND p.local = 0
    AND p.contact_id IS NOT NULL AND p.state NOT IN ('done', 'dropped') AND +p.seq > outbox.seq)
  OR EXISTS (SELECT 1 FROM outbox p WHERE p.seq > outbox.seq AND p.local = 0 AND p.contact_id IS NULL
    AND p.upsert_field IS NOT NULL AND p.state NOT IN ('done', 'dropped')))`;
/** SQL: the place of the contact's last entry, where no request may have carried it; a condition may follow. */
const lastUnsent = `SELECT seq FROM outbox WHERE ${open} AND op <> 'delete' AND ${unsent}
  AND seq = (SELECT max(seq) FROM outbox WHERE ${open}) AND NOT ${isPushedOver}`;
/**
 * SQL: the place of the entry that an edit goes into. A mirror that does not keep who made a contact, and when, cannot tell
 * which one a creation may have made.
 */
const foldInto = (columns: readonly StoredColumn[]) =>
  `(${lastUnsent}${keepsMaking(columns) ? ` AND NOT ${isOvertaken}` : ''})`;
const isAlone = `(SELECT count(*) FROM outbox WHERE ${open}) = 1`;

/**
 * What a field's edit is based on: what the first open edit of it found, for nothing that was not taken is Salesforce's
 * word; else what the row had. Unknown, and null here, where the contact was just made and is not read back yet. A delete
 * that waits for a person has found nothing for what comes instead of it: the row shows what Salesforce has said since.
 */
const baseOf = (field: string, was: string) => `coalesce(
  (SELECT ${memberJson('j', 'o.base')} FROM outbox o, json_each(o.base) j
    WHERE o.local = 1 AND o.contact_key = OLD._key AND o.state NOT IN ('done', 'dropped') AND o.op <> 'delete'
      AND j.key = ${field}
    ORDER BY o.seq LIMIT 1),
  CASE WHEN ${was} <> 'null' OR EXISTS (SELECT 1 FROM contact WHERE Id = OLD.Id) THEN ${was} END)`;

/** What an open edit has put in the place of a value that nobody knows says nothing of that one. */
const forgetOwn = `UPDATE contact_edit SET was = NULL WHERE EXISTS (
  SELECT 1 FROM outbox o, json_each(o.changes) j WHERE o.local = 1 AND o.contact_key = OLD._key
    AND o.state NOT IN ('done', 'dropped') AND o.op = 'update' AND j.key = contact_edit.field
    AND NOT EXISTS (SELECT 1 FROM json_each(o.base) b WHERE b.key = j.key))`;

/** SQL: the bases of these fields as one object. */
const basesOf = (fields: string) => `(SELECT json_group_object(field, json(base)) FROM (
    SELECT f.key AS field, ${baseOf('f.key', '(SELECT was FROM contact_edit e WHERE e.field = f.key)')} AS base
    FROM ${fields} f) WHERE base IS NOT NULL)`;

/**
 * SQL: whether `j`, a field that a refused entry changes, cannot be written now: the org has it no more, this user may not
 * write it, or the mirror does not keep it, so that nobody could mend its value. Taken along, it would be refused again.
 */
const cannotBeWritten = (object: string, entry: string) => `${entry}.state = 'rejected' AND NOT EXISTS (
  SELECT 1 FROM field f WHERE f.object = ${sqlText(object)} AND f.name = j.key AND f.vanished = 0
    AND (json_extract(f.definition, '$.updateable')
      OR (${entry}.op = 'create' AND json_extract(f.definition, '$.createable'))))`;

/** SQL: of what an entry is to change, and of what it is based on, those fields that cannot be written now. */
const lostOf = (object: string, column: string) =>
  `(SELECT json_group_object(j.key, json(${memberJson('j', `o.${column}`)})) FROM json_each(o.${column}) j WHERE ${cannotBeWritten(object, 'o')})`;

/** The part that a program's edit of a refused contact gives up, as an entry of its own that nobody sends. */
const keepGivenUp = (
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
const ofChanges = (column: string) => `CASE WHEN ${column} IS NOT NULL THEN
  (SELECT json_group_object(j.key, json(${memberJson('j', `outbox.${column}`)})) FROM json_each(outbox.${column}) j
    WHERE EXISTS (SELECT 1 FROM json_each(outbox.changes) c WHERE c.key = j.key)) END`;

/** Asked by a watch, which need not look at anything where no program has written. */
const countCommit = `UPDATE meta SET value = CAST(value AS INTEGER) + 1 WHERE key = 'local_commits'`;
const closeEdit = `DELETE FROM contact_edit`;

/**
 * The triggers by which a program's INSERT, UPDATE and DELETE on the view become a full row in `contact_local` and an
 * entry of the outbox, in the program's own transaction. They use what every SQLite since 3.15 with JSON has: no
 * computed message, no `->`, no upsert. A statement that names another conflict clause changes nothing in them, for they
 * look for what is there first.
 */
export function writeTriggers(object: string, columns: readonly StoredColumn[]): string[] {
  return [
    trigger('INSERT', insertSteps(object, columns)),
    trigger('UPDATE', updateSteps(object, columns)),
    trigger('DELETE', deleteSteps(object, columns)),
  ];
}

function trigger(verb: string, steps: readonly string[]): string {
  return `CREATE TRIGGER contacts_${verb.toLowerCase()} INSTEAD OF ${verb} ON contacts BEGIN\n${steps.join(';\n')};\nEND`;
}

function insertSteps(object: string, columns: readonly StoredColumn[]): string[] {
  const writeable = columns.filter(isCreateable);
  const names = writeable.map(({ name }) => quoteName(name));
  const isRequired = ({ nillable, defaultedOnCreate, type }: StoredColumn) =>
    !nillable && !defaultedOnCreate && type !== 'boolean';
  const collect = writeable.map((field) => {
    const [given, stored] = [`NEW.${quoteName(field.name)}`, `l.${quoteName(field.name)}`];
    const rules = rulesOf(field, given, stored);
    if (isRequired(field)) rules.push({ when: isNothing(stored), message: `${field.name} is required.` });
    const value = refusingBy(rules, jsonForm(field, stored));
    // What is not given is looked at only where that is a fault, or where the form has lost it.
    const isLookedAt = isRequired(field) ? '' : ` AND nullif(${given}, '') IS NOT NULL`;
    return `INSERT INTO contact_edit (field, value) SELECT ${sqlText(field.name)}, ${value}
      FROM contact_local l WHERE l._key = ${madeKey}${isLookedAt}`;
  });
  return [
    closeEdit,
    refuse([
      {
        when: 'NEW.Id IS NOT NULL',
        message: 'Id is given by Salesforce: leave it out, and find the row by _key.',
      },
      { when: 'NEW._state IS NOT NULL', message: '_state is set by parahack-sync: leave it out.' },
      { when: 'NEW._error IS NOT NULL', message: '_error is set by parahack-sync: leave it out.' },
      {
        when: "typeof(NEW._key) = 'blob' OR length(NEW._key) > 255",
        message: '_key takes a text of at most 255 characters.',
      },
      {
        when: "NEW._key GLOB '003*' AND length(NEW._key) IN (15, 18)",
        message: '_key looks like an Id of Salesforce: give another one, or none.',
      },
      { when: isNoUtf8('CAST(NEW._key AS TEXT)'), message: `_key ${noUtf8}` },
      {
        when: `EXISTS (SELECT 1 FROM contact_local WHERE _key = CAST(NEW._key AS TEXT) AND _deleted = 1)`,
        message:
          'the contact with this _key is still being deleted: give it again when that is done, or another one.',
      },
      {
        when: `EXISTS (SELECT 1 FROM contact WHERE _key = CAST(NEW._key AS TEXT) AND _gone IS NULL)
          OR EXISTS (SELECT 1 FROM contact_local WHERE _key = CAST(NEW._key AS TEXT))`,
        message: 'a contact with this _key is there already: UPDATE it.',
      },
      ...columns
        .filter((field) => !isCreateable(field) && field.name !== 'Id')
        .map((field) => ({
          when: `NEW.${quoteName(field.name)} IS NOT NULL`,
          message: `${field.name} ${readOnlyReason(field)} and cannot be given.`,
        })),
    ]),
    // One that is gone leaves its key to the new one; where it comes back it goes by its Id.
    `UPDATE contact SET _key = NULL WHERE _key = CAST(NEW._key AS TEXT) AND _gone IS NOT NULL`,
    `INSERT INTO contact_edit (field, value)
      SELECT '_key', coalesce(nullif(CAST(NEW._key AS TEXT), ''), ${newKey})`,
    `INSERT INTO contact_local (_key, _state, _deleted, ${names.join(', ')})
      SELECT ${madeKey}, 'pending', 0, ${writeable.map((field) => storedForm(field, `NEW.${quoteName(field.name)}`)).join(', ')}`,
    ...collect,
    refuseNoUtf8(writeable),
    `INSERT INTO outbox (object, local, key, op, contact_key, changes, state, created_at)
      SELECT ${sqlText(object)}, 1, ${newKey}, 'create', ${madeKey}, json_group_object(field, json(value)), 'pending', ${sqlNow}
      FROM contact_edit WHERE field <> '_key' AND value <> 'null'`,
    closeEdit,
    countCommit,
  ];
}

function updateSteps(object: string, columns: readonly StoredColumn[]): string[] {
  const writeable = columns.filter((field) => isUpdateable(field) || isCreateable(field));
  const into = foldInto(columns);
  const collect = writeable.map((field) => {
    const name = quoteName(field.name);
    const [given, stored] = [`NEW.${name}`, `l.${name}`];
    const rules = rulesOf(field, given, stored);
    if (field.type === 'boolean')
      rules.push({ when: `${stored} IS NULL`, message: `${field.name} takes 0 or 1.` });
    else if (!field.nillable)
      rules.push({ when: isNothing(stored), message: `${field.name} cannot be empty.` });
    const value = refusingBy(rules, jsonForm(field, stored));
    return `INSERT INTO contact_edit (field, value, was)
      SELECT ${sqlText(field.name)}, ${value}, ${jsonForm(field, `OLD.${name}`)}
      FROM contact_local l WHERE l._key = OLD._key AND ${given} IS NOT OLD.${name}
        AND (${stored} IS NOT OLD.${name} OR (${stored} IS NULL AND nullif(${given}, '') IS NOT NULL))`;
  });
  return [
    closeEdit,
    refuse([
      { when: 'NEW._key IS NOT OLD._key', message: '_key never changes.' },
      { when: 'NEW.Id IS NOT OLD.Id', message: 'Id is given by Salesforce and never changes.' },
      { when: 'NEW._state IS NOT OLD._state', message: '_state is set by parahack-sync.' },
      { when: 'NEW._error IS NOT OLD._error', message: '_error is set by parahack-sync.' },
      ...columns.filter(({ name }) => name !== 'Id').flatMap(fixedRules),
    ]),
    keepRow(columns),
    `UPDATE contact_local SET ${writeable
      .map((field) => `${quoteName(field.name)} = ${storedForm(field, `NEW.${quoteName(field.name)}`)}`)
      .join(', ')} WHERE _key = OLD._key`,
    ...collect,
    refuseNoUtf8(writeable),
    forgetOwn,
    keepGivenUp(object, into),
    // Under another key, so that a drain which has read the former values does not send them for the new ones.
    `UPDATE outbox SET key = ${newKey}, state = CASE state WHEN 'rejected' THEN 'pending' ELSE state END,
        sent_at = NULL, sent_org_at = NULL, known_before = NULL, settled_at = NULL,
        errors = CASE state WHEN 'rejected' THEN '[]' ELSE errors END,
        error_code = CASE state WHEN 'rejected' THEN NULL ELSE error_code END,
        error_message = CASE state WHEN 'rejected' THEN NULL ELSE error_message END,
        error_fields = CASE state WHEN 'rejected' THEN NULL ELSE error_fields END,
        changes = (SELECT json_group_object(field, json(value)) FROM (
          SELECT field, value FROM contact_edit
          UNION ALL
          SELECT j.key, ${memberJson('j', 'outbox.changes')} FROM json_each(outbox.changes) j
            WHERE j.key NOT IN (SELECT field FROM contact_edit) AND NOT (${cannotBeWritten(object, 'outbox')})
        ) WHERE CASE outbox.op WHEN 'create' THEN value <> 'null' ELSE NOT ${isAlone} OR value IS NOT
          (SELECT ${memberJson('b', 'outbox.base')} FROM json_each(outbox.base) b WHERE b.key = field) END)
      WHERE seq = ${into} AND EXISTS (SELECT 1 FROM contact_edit)`,
    `UPDATE outbox SET base = ${basesOf('json_each(outbox.changes)')},
        first_base = ${ofChanges('first_base')}, found = ${ofChanges('found')}
      WHERE seq = ${into} AND op = 'update' AND EXISTS (SELECT 1 FROM contact_edit)`,
    `INSERT INTO outbox (object, local, key, op, contact_key, contact_id, changes, base, state, created_at)
      SELECT ${sqlText(object)}, 1, ${newKey}, 'update', OLD._key, OLD.Id,
        (SELECT json_group_object(field, json(value)) FROM contact_edit),
        ${basesOf('(SELECT field AS key FROM contact_edit)')}, 'pending', ${sqlNow}
      WHERE ${into} IS NULL AND EXISTS (SELECT 1 FROM contact_edit)`,
    // Set back to what it was before: there is nothing to send.
    `UPDATE outbox SET state = 'dropped', settled_at = ${sqlNow}
      WHERE seq = ${into} AND op = 'update' AND changes = '{}'`,
    `UPDATE contact_local SET _state = (SELECT state FROM outbox WHERE seq = ${into}), _error = NULL
      WHERE _key = OLD._key AND (_state = 'rejected'
        OR (EXISTS (SELECT 1 FROM outbox WHERE ${isWaitingDelete}) AND NOT ${isDisputed})) AND ${into} IS NOT NULL`,
    dropWaitingDelete,
    `UPDATE contact_local SET _state = 'pending', _error = NULL WHERE _key = OLD._key AND (_state = 'synced'
        OR (_state = 'rejected' AND ${into} IS NULL)) AND EXISTS (SELECT 1 FROM outbox WHERE ${open} AND state <> 'rejected')`,
    closeEdit,
    letGo,
    countCommit,
  ];
}

function deleteSteps(object: string, columns: readonly StoredColumn[]): string[] {
  const isKnown = `(OLD.Id IS NOT NULL OR EXISTS (SELECT 1 FROM outbox WHERE ${open} AND NOT ${unsent}))`;
  const collect = columns.filter(isUpdateable).map((field) => {
    const old = `OLD.${quoteName(field.name)}`;
    return `INSERT INTO contact_edit (field, was) SELECT ${sqlText(field.name)}, ${jsonForm(field, old)} WHERE ${old} IS NOT NULL`;
  });
  return [
    closeEdit,
    keepRow(columns),
    `UPDATE contact_local SET _deleted = 1, _state = 'pending', _error = NULL WHERE _key = OLD._key`,
    ...collect,
    forgetOwn,
    `INSERT INTO outbox (object, local, key, op, contact_key, contact_id, changes, base, state, created_at)
      SELECT ${sqlText(object)}, 1, ${newKey}, 'delete', OLD._key, OLD.Id, '{}',
        CASE WHEN EXISTS (SELECT 1 FROM contact WHERE Id = OLD.Id)
          THEN ${basesOf('(SELECT field AS key FROM contact_edit)')} END, 'pending', ${sqlNow}
      WHERE ${isKnown}`,
    // A creation that was not sent and its delete cancel each other; edits have nothing left to change.
    `UPDATE outbox SET state = 'dropped', settled_at = ${sqlNow} WHERE ${open} AND op <> 'delete' AND ${unsent}`,
    dropWaitingDelete,
    closeEdit,
    letGo,
    countCommit,
  ];
}

/** SQL: a delete that no request carries and that something came after: its contact was shown, for it waits for a person. */
const isWaitingDelete = `${open} AND op = 'delete' AND ${unsent} AND seq < (SELECT max(seq) FROM outbox WHERE ${open})`;
const isDisputed = `EXISTS (SELECT 1 FROM outbox WHERE ${open} AND op <> 'delete' AND state = 'conflict')`;

/** What was to be deleted, and waits for a person, is edited, or deleted once more: that takes its place. */
const dropWaitingDelete = `UPDATE outbox SET state = 'dropped', settled_at = ${sqlNow} WHERE ${isWaitingDelete}`;

/** Where nothing waits to be sent, the row is what Salesforce says. */
const letGo = `DELETE FROM contact_local WHERE _key = OLD._key
  AND NOT EXISTS (SELECT 1 FROM outbox WHERE ${open})
  AND NOT EXISTS (SELECT 1 FROM outbox WHERE local = 1 AND contact_key = OLD._key AND read_back_due = 1)`;

/** The row as it is shown now becomes a local one, where it is none yet. */
function keepRow(columns: readonly StoredColumn[]): string {
  const names = columns.map(({ name }) => quoteName(name));
  return `INSERT INTO contact_local (_key, _state, _deleted, ${names.join(', ')})
    SELECT OLD._key, 'pending', 0, ${names.map((name) => `OLD.${name}`).join(', ')}
    WHERE NOT EXISTS (SELECT 1 FROM contact_local WHERE _key = OLD._key)`;
}

/**
 * Of all values that were written at once, for the check is long, and a trigger of 800 fields is read by each program
 * that opens the mirror. A message is a literal, so each field has its own.
 */
function refuseNoUtf8(columns: readonly StoredColumn[]): string {
  const rules = columns
    .filter(holdsText)
    .map(({ name }) => ({ when: sqlText(name), message: `${name} ${noUtf8}` }));
  return `SELECT ${refusingBy(rules, 'NULL', 'field')} FROM contact_edit WHERE field <> '_key' AND ${isNoUtf8InJson('value')}`;
}

function refuse(rules: readonly ValueRule[]): string {
  return `SELECT ${refusingBy(rules, 'NULL')}`;
}

/** Whether the mirror has what tells which contacts a creation may have made. */
function keepsMaking(columns: readonly StoredColumn[]): boolean {
  return ['CreatedById', 'CreatedDate'].every((name) => columns.some((column) => column.name === name));
}

function isCreateable({ createable, vanished }: StoredColumn): boolean {
  return createable && !vanished;
}

function isUpdateable({ updateable, vanished }: StoredColumn): boolean {
  return updateable && !vanished;
}

/** Fields that an edit may not touch, some of them as long as the contact waits for its creation, or from then on. */
function fixedRules(field: StoredColumn): ValueRule[] {
  const name = quoteName(field.name);
  const changes = `NEW.${name} IS NOT OLD.${name}`;
  const message = `${field.name} ${readOnlyReason(field)} and cannot be changed.`;
  const [atFirst, later] = [isCreateable(field), isUpdateable(field)];
  if (!atFirst && !later) return [{ when: changes, message }];
  const waits = `EXISTS (SELECT 1 FROM outbox WHERE seq = (${lastUnsent}) AND op = 'create')`;
  if (!later)
    return [
      {
        when: `${changes} AND NOT ${waits}`,
        message: `${field.name} can only be given when a contact is made.`,
      },
    ];
  if (!atFirst)
    return [
      {
        when: `${changes} AND ${waits}`,
        message: `${field.name} can only be changed when the contact has its Id.`,
      },
    ];
  return [];
}

function readOnlyReason({ name, vanished, calculated }: StoredColumn): string {
  if (vanished) return 'is no field of the org any more';
  if (name === 'IsDeleted') return 'is what DELETE is for,';
  return calculated ? 'is a formula' : 'is set by Salesforce';
}

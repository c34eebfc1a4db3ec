import type { StoredColumn } from '../fields/stored-column.ts';
import {
  baseOfDelete,
  baseOfEdit,
  basesOf,
  cannotBeWritten,
  forgetOwn,
  keepGivenUp,
  ofChanges,
  pointsOf,
  pointsOfDelete,
  pointsOfEdit,
  wasWrittenSince,
} from './edit-base.ts';
import { foldInto, isAlone, open, unsent } from './edit-target.ts';
import { newKey, sqlNow } from './new-key.ts';
import { quoteName } from './quote-name.ts';
import { sqlText } from './sql-text.ts';
import { countCommit } from './two-way-records.ts';
import {
  fixedRules,
  isCreateable,
  isUpdateable,
  partOfRow,
  readOnlyReason,
  refuse,
  refuseNoUtf8,
  refuseTooLong,
} from './write-refusals.ts';
import {
  isNothing,
  isNoUtf8,
  jsonForm,
  meantForm,
  memberJson,
  noUtf8,
  refusingBy,
  rulesOf,
  storedForm,
} from './written-value.ts';

/** SQL: the key of the row that an INSERT makes, as long as its trigger works. */
const madeKey = `(SELECT value FROM contact_edit WHERE field = '_key')`;

const closeEdit = `DELETE FROM contact_edit`;

/** What a conflict says of the values behind which an edit came since, so that the ones it names are not taken for those of now. */
const sinceEdited = ' It was edited again here since.';
/** SQL: the conflict's text, with that said once. */
const editedAgain = (text: string) =>
  `replace(${text}, ${sqlText(sinceEdited)}, '') || ${sqlText(sinceEdited)}`;

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
    const isLookedAt = isRequired(field) ? '' : ` AND ${meantForm(field, given)} IS NOT NULL`;
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
    ...refuseTooLong(writeable),
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
        AND (${stored} IS NOT OLD.${name} OR (${stored} IS NULL AND ${meantForm(field, given)} IS NOT NULL))`;
  });
  return [
    closeEdit,
    refuse([
      partOfRow(columns),
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
    ...refuseTooLong(writeable),
    forgetOwn,
    keepGivenUp(object, into),
    // Under another key, so that a drain which has read the former values does not send them for the new ones.
    `UPDATE outbox SET key = ${newKey}, state = CASE state WHEN 'rejected' THEN 'pending' ELSE state END,
        sent_at = NULL, sent_org_at = NULL, known_before = NULL, settled_at = NULL,
        errors = CASE state WHEN 'rejected' THEN '[]'
          WHEN 'conflict' THEN json_set(errors, '$[0].message', ${editedAgain("json_extract(errors, '$[0].message')")}) ELSE errors END,
        error_code = CASE state WHEN 'rejected' THEN NULL ELSE error_code END,
        error_message = CASE state WHEN 'rejected' THEN NULL WHEN 'conflict' THEN ${editedAgain('error_message')} ELSE error_message END,
        error_fields = CASE state WHEN 'rejected' THEN NULL ELSE error_fields END,
        changes = (SELECT json_group_object(field, json(value)) FROM (
          SELECT field, value FROM contact_edit
          UNION ALL
          SELECT j.key, ${memberJson('j', 'outbox.changes')} FROM json_each(outbox.changes) j
            WHERE j.key NOT IN (SELECT field FROM contact_edit) AND NOT (${cannotBeWritten(object, 'outbox')})
        ) WHERE CASE outbox.op WHEN 'create' THEN value <> 'null' ELSE NOT ${isAlone} OR value IS NOT
          (SELECT ${memberJson('b', 'outbox.base')} FROM json_each(outbox.base) b WHERE b.key = field)
          OR ${wasWrittenSince('field')} END)
      WHERE seq = ${into} AND EXISTS (SELECT 1 FROM contact_edit)`,
    `UPDATE outbox SET base = json_patch(${basesOf('json_each(outbox.changes)')}, ${seenGone}), base_at = ${pointsOf(object, 'json_each(outbox.changes)')},
        first_base = ${ofChanges('first_base')}, found = ${ofChanges('found')}
      WHERE seq = ${into} AND op = 'update' AND EXISTS (SELECT 1 FROM contact_edit)`,
    `INSERT INTO outbox (object, local, key, op, contact_key, contact_id, changes, base, base_at, state, created_at)
      SELECT ${sqlText(object)}, 1, ${newKey}, 'update', OLD._key, OLD.Id,
        (SELECT json_group_object(field, json(value)) FROM contact_edit),
        ${baseOfEdit}, ${pointsOfEdit(object)}, 'pending', ${sqlNow}
      WHERE ${into} IS NULL AND EXISTS (SELECT 1 FROM contact_edit)`,
    // Set back to what it was before: there is nothing to send, unless a request that was cut may still be carried out.
    `UPDATE outbox SET state = 'dropped', settled_at = ${sqlNow}
      WHERE seq = ${into} AND op = 'update' AND changes = '{}'`,
    `UPDATE contact_local SET _state = (SELECT state FROM outbox WHERE seq = ${into}), _error = NULL
      WHERE _key = OLD._key AND (_state = 'rejected'
        OR (EXISTS (SELECT 1 FROM outbox WHERE ${isWaitingDelete}) AND NOT ${isDisputed})) AND ${into} IS NOT NULL`,
    `UPDATE contact_local SET _error = ${editedAgain('_error')} WHERE _key = OLD._key AND _state = 'conflict'
      AND EXISTS (SELECT 1 FROM outbox WHERE seq = ${into} AND state = 'conflict') AND EXISTS (SELECT 1 FROM contact_edit)`,
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
    `INSERT INTO outbox (object, local, key, op, contact_key, contact_id, changes, base, base_at, state, created_at)
      SELECT ${sqlText(object)}, 1, ${newKey}, 'delete', OLD._key, OLD.Id, '{}',
        CASE WHEN EXISTS (SELECT 1 FROM contact WHERE Id = OLD.Id)
          THEN ${baseOfDelete} END, ${pointsOfDelete(object)}, 'pending', ${sqlNow}
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
/** SQL: that a conflict has found the contact gone, as its base has it; `{}` where it has not. */
const seenGone = `CASE WHEN state = 'conflict' AND json_extract(base, '$.IsDeleted') THEN '{"IsDeleted":true}' ELSE '{}' END`;
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

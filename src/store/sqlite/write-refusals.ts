import type { StoredColumn } from '../fields/stored-column.ts';
import { lastUnsent } from './edit-target.ts';
import { quoteName } from './quote-name.ts';
import { sqlText } from './sql-text.ts';
import {
  holdsText,
  isLimitedText,
  isLongerInUtf16,
  isNoUtf8InJson,
  noUtf8,
  refusingBy,
  tooLong,
  type ValueRule,
} from './written-value.ts';

// What the triggers on the view `contacts` refuse of a statement.

/**
 * Of all values that were written at once, for the check is long, and a trigger of 800 fields is read by each program
 * that opens the mirror. A message is a literal, so each field has its own.
 */
export function refuseNoUtf8(columns: readonly StoredColumn[]): string {
  const rules = columns
    .filter(holdsText)
    .map(({ name }) => ({ when: sqlText(name), message: `${name} ${noUtf8}` }));
  return `SELECT ${refusingBy(rules, 'NULL', 'field')} FROM contact_edit WHERE field <> '_key' AND ${isNoUtf8InJson('value')}`;
}

/** Of all at once for the same reason. Whose characters alone are too many is refused by the rule of its field. */
export function refuseTooLong(columns: readonly StoredColumn[]): string[] {
  const limited = columns.filter(isLimitedText);
  if (limited.length === 0) return [];
  const rules = limited.map((field) => ({ when: sqlText(field.name), message: tooLong(field) }));
  const most = `CASE field ${limited.map(({ name, length }) => `WHEN ${sqlText(name)} THEN ${length}`).join(' ')} END`;
  return [
    `SELECT ${refusingBy(rules, 'NULL', 'field')} FROM contact_edit WHERE field <> '_key' AND ${isLongerInUtf16('value', most)}`,
  ];
}

export function refuse(rules: readonly ValueRule[]): string {
  return `SELECT ${refusingBy(rules, 'NULL')}`;
}

/** What is left out are the columns that a statement does not name, and none names so many. */
const mostCompared = 60;
/** SQLite takes expressions up to a depth, and each OR is one deeper than what stands before it. */
const comparedAtOnce = 50;

/**
 * SQLite gives the trigger of an UPDATE … FROM null for each column of a view of several parts that the statement does not
 * name, in OLD and in NEW (seen from 3.41 to 3.54): nothing tells then what is to be written. It is known by columns that no
 * program can have filled meanwhile, as a trigger of its own may have filled others. A row that waits to be created has none
 * of these: of it all are compared, and what such a trigger has filled there is refused too.
 */
export function partOfRow(columns: readonly StoredColumn[]): ValueRule {
  const filled = columns
    .filter((field) => !field.nillable || !(isCreateable(field) || isUpdateable(field)))
    .slice(0, mostCompared);
  const lacks = (some: readonly StoredColumn[]) =>
    `EXISTS (SELECT 1 FROM contacts v WHERE v._key = OLD._key AND (${isLeftOut(some)}))`;
  return {
    when: `OLD._key IS NULL OR OLD._state IS NULL
      OR CASE WHEN OLD.Id IS NULL THEN ${lacks(columns)} ELSE ${lacks(filled)} END`,
    message:
      'UPDATE … FROM is not taken, as SQLite leaves out a part of the row: write UPDATE contacts SET Title = (SELECT title FROM other WHERE key = contacts._key) WHERE _key IN (SELECT key FROM other)',
  };
}

/** SQL: whether OLD has not what the row has, in one of these columns. */
function isLeftOut(columns: readonly StoredColumn[]): string {
  const lacking = columns.map(
    ({ name }) => `(OLD.${quoteName(name)} IS NULL AND v.${quoteName(name)} IS NOT NULL)`,
  );
  const parts: string[] = [];
  for (let from = 0; from < lacking.length; from += comparedAtOnce)
    parts.push(`(${lacking.slice(from, from + comparedAtOnce).join(' OR ')})`);
  return parts.join(' OR ');
}

export function isCreateable({ createable, vanished }: StoredColumn): boolean {
  return createable && !vanished;
}

export function isUpdateable({ updateable, vanished }: StoredColumn): boolean {
  return updateable && !vanished;
}

/** Fields that an edit may not touch, some of them as long as the contact waits for its creation, or from then on. */
export function fixedRules(field: StoredColumn): ValueRule[] {
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

export function readOnlyReason({ name, vanished, calculated }: StoredColumn): string {
  if (vanished) return 'is no field of the org any more';
  if (name === 'IsDeleted') return 'is what DELETE is for,';
  return calculated ? 'is a formula' : 'is set by Salesforce';
}

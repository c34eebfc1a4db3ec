import type { StoredColumn } from '../fields/stored-column.ts';
import { quoteName } from './quote-name.ts';
import { sqlText } from './sql-text.ts';
import type { TwoWayMode } from './two-way-mode.ts';
import { writeTriggers } from './write-triggers.ts';

const readOnly =
  'the view contacts is read-only: write contacts to Salesforce with parahack-sync push, and they come back into the mirror, or let programs write here with parahack-sync orgs set ORG --two-way on';
const turnedOff =
  'two-way by SQL is turned off for this org: parahack-sync orgs set ORG --two-way on lets programs write to the view contacts';

/** The view that applications read and, with two-way on, write, and its triggers, in the order in which they are made. */
export function contactViewSql(
  object: string,
  columns: readonly StoredColumn[],
  mode: TwoWayMode,
): [view: string, ...triggers: string[]] {
  const names = columns.map(({ name }) => quoteName(name)).join(', ');
  const view =
    mode === 'off'
      ? `CREATE VIEW contacts AS
    SELECT ${names}, coalesce(_key, Id) AS _key, 'synced' AS _state, NULL AS _error
    FROM contact WHERE _gone IS NULL`
      : overlaidView(names);
  if (mode === 'on') return [view, ...writeTriggers(object, columns)];
  return [view, ...refusals(mode === 'off' ? readOnly : turnedOff)];
}

/**
 * Live rows with the local ones laid over. The rows that applications have given a key are apart from all others, so
 * that each part finds a key by an index.
 */
function overlaidView(names: string): string {
  const live = `FROM contact WHERE _gone IS NULL
      AND NOT EXISTS (SELECT 1 FROM contact_local l WHERE l.Id = contact.Id)`;
  return `CREATE VIEW contacts AS
    SELECT ${names}, Id AS _key, 'synced' AS _state, NULL AS _error ${live} AND _key IS NULL
    UNION ALL
    SELECT ${names}, _key, 'synced', NULL ${live} AND _key IS NOT NULL
    UNION ALL
    SELECT ${names}, _key, _state, _error FROM contact_local WHERE _deleted = 0`;
}

/** Why a mirror that was put aside refuses edits. `mirror`: the one that is used. */
export function putAsideMessage(mirror: string): string {
  return `this is an old mirror that was put aside, and nothing that is written to it is sent: write to ${mirror}`;
}

/** Why a mirror refuses edits that was deleted while a program had it open. */
export const deletedMessage =
  'this mirror was deleted by parahack-sync logout --delete-data, and nothing that is written to it is sent: close it, and open the new one when its org is connected again';

/** SQL that lets nobody write to the view any more, which says why. */
export function refusalSql(message: string): string[] {
  const triggers = verbs.flatMap((verb) => [
    `DROP TRIGGER IF EXISTS contacts_${verb.toLowerCase()}`,
    `DROP TRIGGER IF EXISTS contacts_refuse_${verb.toLowerCase()}`,
  ]);
  return [...triggers, ...refusals(message)];
}

const verbs = ['INSERT', 'UPDATE', 'DELETE'] as const;

function refusals(message: string): string[] {
  return verbs.map(
    (verb) => `CREATE TRIGGER contacts_refuse_${verb.toLowerCase()} INSTEAD OF ${verb} ON contacts
       BEGIN SELECT raise(ABORT, ${sqlText(message)}); END`,
  );
}

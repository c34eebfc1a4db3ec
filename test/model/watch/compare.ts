import type { MirrorContents, Stored } from './mirror-contents.ts';
import type { Row } from './org.ts';

/** What the user may not see. */
export interface Withheld {
  /** Ids that sharing hides. */
  rows: ReadonlySet<string>;
  /** Ids that sharing has hidden at any time: what became of them meanwhile nobody told the user. */
  everHidden: ReadonlySet<string>;
  /** Ids that were deleted or merged at any time; null where nobody has noted them. */
  everGone: ReadonlySet<string> | null;
  /** Ids that were restored: where they are hidden since, the list of deletions names them, and queryAll does not know them. */
  everRestored: ReadonlySet<string>;
  /** Ids whose last deletion or merge came while sharing hid them: Salesforce tells this user of none. */
  goneUnseen: ReadonlySet<string>;
  /** Names that field-level security hides. */
  fields: ReadonlySet<string>;
  /** Whether the survivor of a merge could not be read for a while, so that a merge looks like a delete. */
  merges: boolean;
  /** Whether the org may have ceased to tell of some deletions before the mirror heard of them. */
  deletes: boolean;
  /** Whether lists of deletions came that vouch for nothing: what is hidden then may have been erased for all they say. */
  lists: boolean;
}

/** In what the mirror differs from what the user may see of the org, a line each. */
export function differences(rows: readonly Row[], mirror: MirrorContents, withheld: Withheld): string[] {
  const problems: string[] = [];
  const byId = new Map(rows.map((row) => [row.Id, row]));
  for (const [id, row] of byId) {
    const isVisible = !row.IsDeleted && !withheld.rows.has(id);
    const stored = mirror.live.get(id);
    if (isVisible !== (stored !== undefined)) problems.push(`${id} is ${isVisible ? 'lost' : 'a ghost'}.`);
    if (isVisible && stored !== undefined) problems.push(...wrongValues(row, stored, withheld.fields));
  }
  for (const id of mirror.live.keys()) if (!byId.has(id)) problems.push(`${id} is a ghost of a purged one.`);
  for (const [id, { kind, values }] of mirror.gone) {
    const row = byId.get(id);
    const expected = kindOf(row);
    if ((kind === 'deleted' || kind === 'merged') && withheld.everGone?.has(id) === false)
      problems.push(`${id} is gone as ${kind}, and was never deleted.`);
    if (row === undefined && kind === 'hidden' && !withheld.goneUnseen.has(id))
      problems.push(`${id} is gone as hidden, and was purged.`);
    const isUnsure =
      (withheld.everHidden.has(id) &&
        (kind === 'hidden' ||
          (kind === 'purged' && (withheld.deletes || withheld.lists || withheld.everRestored.has(id))))) ||
      (expected === 'merged' && kind === 'deleted' && (withheld.merges || isUnseen(id, withheld)));
    if (expected !== null && kind !== expected && !isUnsure)
      problems.push(`${id} is gone as ${kind}, not as ${expected}.`);
    if (kind === 'purged' && values > 0) problems.push(`${id} is purged and keeps ${values} values.`);
  }
  return problems;
}

/** Whether it was deleted or merged while it was hidden, and still is. */
function isUnseen(id: string, { goneUnseen, rows }: Withheld): boolean {
  return goneUnseen.has(id) && rows.has(id);
}

/** What the org says of a row that is gone; null where it says nothing that could be held against the mirror. */
function kindOf(row: Row | undefined): string | null {
  if (row === undefined || !row.IsDeleted) return null;
  return row.MasterRecordId ? 'merged' : 'deleted';
}

function wrongValues(row: Row, stored: Stored, hidden: ReadonlySet<string>): string[] {
  return Object.entries(row).flatMap(([name, value]) => {
    if (hidden.has(name) || (typeof value === 'object' && value !== null)) return [];
    const expected = asStored(value);
    // A compound address has no column of its own.
    if (!(name in stored)) return /Address$/.test(name) ? [] : [`${row.Id}.${name} has no column.`];
    return stored[name] === expected ? [] : [`${row.Id}.${name} is ${stored[name]}, not ${expected}.`];
  });
}

function asStored(value: unknown): unknown {
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (typeof value === 'string') return value.replace(/^(\d{4}-\d\d-\d\dT[\d:.]+)\+0000$/, '$1Z');
  return value;
}

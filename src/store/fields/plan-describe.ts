import type { Field } from '../../sync/ports/field.ts';
import type { SchemaChange } from '../../sync/ports/schema-store.ts';
import { type ColumnType, columnTypeOf } from './column-type.ts';
import { unfilled } from './unfilled.ts';

/** Compound fields come as objects; their parts are fields of their own. */
const compoundTypes = new Set(['address', 'location']);

/** Kept whatever `--fields` says: keys, stamps, and what became of the contact. */
const neededFields = new Set(['Id', 'IsDeleted', 'MasterRecordId', 'CreatedDate', 'SystemModstamp']);

interface KnownColumn {
  name: string;
  /** Of the field, as it was described last. */
  type: string;
  columnType: ColumnType;
  vanished: boolean;
}

export interface PlannedColumn {
  field: Field;
  columnType: ColumnType;
  /** The store has no such column; `replaces`: only one whose values are kept in another form, which are dropped. */
  isNew: boolean;
  replaces: boolean;
  /** What it lacks at least. */
  unfilled: number;
}

export interface DescribePlan {
  change: SchemaChange;
  columns: PlannedColumn[];
  /** Columns that are no longer described, or left out now. */
  vanished: { name: string; unfilled: number }[];
}

/**
 * What a describe makes of a store's columns. `only` limits them; a field outside it counts as vanished where it was
 * stored before. What has vanished keeps its values. `hasRows`: rows are there, or asked for, that lack what is new.
 */
export function planDescribe(
  known: readonly KnownColumn[],
  described: readonly Field[],
  only: readonly string[] | null,
  hasRows: boolean,
): DescribePlan {
  const wanted = only && new Set(only.map(folded));
  const fields = described.filter(
    (field) =>
      !compoundTypes.has(field.type) &&
      (wanted === null || neededFields.has(field.name) || wanted.has(folded(field.name))),
  );
  // Column names know no case, so a field whose name changed its case only is the same column.
  const rest = new Map(known.map((column) => [folded(column.name), column]));
  const change: SchemaChange = { added: [], vanished: [], returned: [] };
  const columns = fields.map((field) => {
    const old = rest.get(folded(field.name));
    rest.delete(folded(field.name));
    const columnType = columnTypeOf(field);
    const isNew = old === undefined || old.columnType !== columnType;
    if (isNew) change.added.push(field.name);
    else if (old.vanished) change.returned.push(field.name);
    // A change of type converts values or drops them, and touches no record's stamp.
    const isOld = old !== undefined && (old.vanished || old.type !== field.type);
    const lack = isNew ? unfilled.empty : isOld ? unfilled.old : 0;
    return { field, columnType, isNew, replaces: isNew && old !== undefined, unfilled: hasRows ? lack : 0 };
  });
  const vanished = [...rest.values()].map(({ name, vanished: before }) => {
    if (!before) change.vanished.push(name);
    const isLeftOut = wanted !== null && !wanted.has(folded(name));
    return { name, unfilled: isLeftOut ? unfilled.leftOut : 0 };
  });
  return { change, columns, vanished };
}

function folded(name: string): string {
  return name.toLowerCase();
}

import { derivedColumns, isDeletedOf } from '../../sync/merge/derived-columns.ts';
import type { ColumnType } from '../fields/column-type.ts';
import type { PlainCell } from '../page/plain-rows.ts';
import { isBelieved } from './memory-schema-store.ts';
import type { MemoryContact, MemoryState, MemoryValue } from './memory-state.ts';

/** A cell as a column of this type keeps it: numbers come as text. */
export function storedValue(cell: PlainCell, type: ColumnType): MemoryValue {
  if (type === 'TEXT' || typeof cell !== 'string') return cell;
  const number = Number(cell);
  return cell.trim() === '' || Number.isNaN(number) ? cell : number;
}

/** What the column `name` holds of a contact, those columns included that follow from its state. */
export function columnValue(id: string, { state, values }: MemoryContact, name: string): MemoryValue {
  if (!derivedColumns.has(name)) return values.get(name.toLowerCase()) ?? null;
  if (name === 'Id') return id;
  return name === 'IsDeleted' ? isDeletedOf(state) : state.masterRecordId;
}

/**
 * Live contacts whose field has the value, letters' case apart; in a field whose case counts several may differ in case
 * only: the very value goes before.
 */
export function findIdBy(state: MemoryState, field: string, value: string): string | undefined {
  if (!isBelieved(state.fields.get(field.toLowerCase()))) return undefined;
  let found: string | undefined;
  for (const [id, contact] of state.contacts) {
    if (contact.state.gone !== null) continue;
    const stored = columnValue(id, contact, field);
    if (stored === null) continue;
    if (typeof stored === 'number' ? stored === Number(value) : stored === value) return id;
    if (typeof stored === 'string' && folded(stored) === folded(value)) found ??= id;
  }
  return found;
}

/** As SQLite's NOCASE: letters of ASCII only. */
export function folded(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

import { derivedColumns } from '../../sync/merge/derived-columns.ts';
import { nothingKnown, type RowState, sameState } from '../../sync/merge/evidence.ts';
import { mergeBurial } from '../../sync/merge/merge-evidence.ts';
import { countRow, isBuriedAnew, type PageCounts } from '../../sync/merge/page-counts.ts';
import { burialOf, mayFill, mergeRow, type PageTimes } from '../../sync/merge/page-row.ts';
import type { Tombstone } from '../../sync/ports/page.ts';
import type { PlainCell } from '../page/plain-rows.ts';
import type { MemoryState, MemoryValue } from './memory-state.ts';
import { storedValue } from './memory-values.ts';

export interface PlainPage extends PageTimes {
  columns: readonly string[];
  rows: readonly (readonly PlainCell[])[];
  /** Only some fields, of contacts that the mirror has. */
  partial: boolean;
}

interface PageRow {
  id: string;
  stamp: string;
  isDeleted: boolean;
  masterRecordId: string | null;
  /** By the field's name in lower case. */
  values: ReadonlyMap<string, MemoryValue>;
}

/** Merges a page into the contacts; the caller holds the transaction. */
export function applyPage(state: MemoryState, page: PlainPage): PageCounts {
  const counts: PageCounts = { inserted: 0, updated: 0, undeleted: 0, buried: 0 };
  const rows = page.rows.map((cells) => rowOf(state, page.columns, cells));
  if (page.partial) {
    for (const row of rows) fill(state, row, page, counts);
    return counts;
  }
  // Live ones first: a contact that stands twice in the page is new by its live row.
  for (const row of [...rows.filter((row) => !row.isDeleted), ...rows.filter((row) => row.isDeleted)]) {
    if (state.contacts.has(row.id)) continue;
    const begun = row.isDeleted ? nothingKnown : mergeRow(nothingKnown, row.stamp, false, null, page).next;
    put(state, row.id, begun, row.isDeleted ? new Map() : row.values);
    counts.inserted++;
  }
  for (const row of rows) merge(state, row, page, counts);
  return counts;
}

/**
 * Merges tombstones; the caller holds the transaction. An id that the mirror never saw becomes a row all the same, so
 * that a page read before the deletion cannot bring it to life. Returns how many rows that were in the mirror became
 * tombstones, or changed from one kind to another.
 */
export function applyTombstones(state: MemoryState, tombstones: readonly Tombstone[]): number {
  let buried = 0;
  for (const tombstone of tombstones) {
    const known = state.contacts.get(tombstone.id);
    const before = known?.state ?? nothingKnown;
    const { next } = mergeBurial(before, burialOf(tombstone));
    put(state, tombstone.id, next, next.gone === 'purged' ? new Map() : (known?.values ?? new Map()));
    if (known !== undefined && isBuriedAnew(before, next)) buried++;
  }
  return buried;
}

function merge(state: MemoryState, row: PageRow, page: PlainPage, counts: PageCounts): void {
  const known = state.contacts.get(row.id)!;
  const { next, takes } = mergeRow(known.state, row.stamp, row.isDeleted, row.masterRecordId, page);
  const changes = takes && !(row.stamp === known.state.stamp && holdsAll(known.values, row.values));
  if (!changes && sameState(known.state, next)) return;
  countRow(counts, known.state, next, changes);
  put(state, row.id, next, changes ? new Map([...known.values, ...row.values]) : known.values);
}

function fill(state: MemoryState, row: PageRow, page: PlainPage, counts: PageCounts): void {
  const known = state.contacts.get(row.id);
  if (known === undefined || !mayFill(known.state, row.stamp, page.readAt)) return;
  if (holdsAll(known.values, row.values)) return;
  put(state, row.id, known.state, new Map([...known.values, ...row.values]));
  counts.updated++;
}

function holdsAll(
  stored: ReadonlyMap<string, MemoryValue>,
  values: ReadonlyMap<string, MemoryValue>,
): boolean {
  for (const [name, value] of values) if ((stored.get(name) ?? null) !== value) return false;
  return true;
}

function put(
  { contacts }: MemoryState,
  id: string,
  state: RowState,
  values: ReadonlyMap<string, MemoryValue>,
): void {
  const { place = contacts.size + 1, key = null } = contacts.get(id) ?? {};
  contacts.set(id, { place, key, state, values });
}

function rowOf(state: MemoryState, columns: readonly string[], cells: readonly PlainCell[]): PageRow {
  const cell = (name: string) => cells[columns.indexOf(name)] ?? null;
  const values = new Map<string, MemoryValue>();
  columns.forEach((name, i) => {
    if (derivedColumns.has(name)) return;
    const type = state.fields.get(name.toLowerCase())?.columnType ?? 'TEXT';
    values.set(name.toLowerCase(), storedValue(cells[i] ?? null, type));
  });
  const master = cell('MasterRecordId');
  return {
    id: String(cell('Id')),
    stamp: String(cell('SystemModstamp')),
    isDeleted: cell('IsDeleted') === 1,
    masterRecordId: typeof master === 'string' ? master : null,
    values,
  };
}

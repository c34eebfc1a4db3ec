import type { PushRecord, RecordNote } from '../../contract/push.ts';

/**
 * What a rejects file adds to each record, and what is no value of it when such a file is pushed. `_entry` is the key of
 * the refused entry. `_mapped` says that the names have been through `--map`, `_decimals` (of NDJSON; in CSV the delimiter
 * says so) that numbers may have decimal commas, `_lost` (of CSV) names the fields whose values CSV has no word for.
 */
export const ownRejectColumns = [
  '_source',
  '_index',
  '_line',
  '_entry',
  '_errors',
  '_mapped',
  '_decimals',
  '_lost',
] as const;

export type OwnRejectColumn = (typeof ownRejectColumns)[number];

/** Null: it is none of them. */
export function ownRejectColumn(name: string): OwnRejectColumn | null {
  return name.startsWith('_') ? (ownRejectColumns.find((own) => own === name) ?? null) : null;
}

/** Takes from an own column what it says of its record. Whoever has a column of that name himself loses nothing by it. */
export function takeOwnColumn(
  record: Pick<PushRecord, 'replaces' | 'decimalComma'>,
  column: OwnRejectColumn,
  value: unknown,
  faults: RecordNote[],
): void {
  const text = typeof value === 'string' ? value.trim() : '';
  if (text === '') return;
  if (column === '_entry' && text.length <= longestKey) record.replaces = text;
  if (column === '_decimals' && text === 'comma') record.decimalComma = true;
  if (column === '_lost') faults.push(...text.split(', ').map(lostValue));
}

/** Of a key, which has 36 characters. */
const longestKey = 64;
const shownCharacters = 80;

function lostValue(field: string): RecordNote {
  return {
    field: field.slice(0, shownCharacters),
    code: 'NOT_IN_CSV',
    message: `CSV has no word for its value, which _errors tells: push the rejects as NDJSON, or give the cell a value and empty _lost.`,
  };
}

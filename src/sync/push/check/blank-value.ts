import type { PushRecord } from './push-record.ts';

export function isBlank(value: unknown): boolean {
  return value === undefined || value === null || (typeof value === 'string' && value.trim() === '');
}

/** As in Bulk API 2.0, an empty cell leaves its field alone. */
export function isEmptyCell({ untyped }: PushRecord, value: unknown): boolean {
  return untyped && typeof value === 'string' && value.trim() === '';
}

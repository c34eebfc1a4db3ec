import { isGivenIdOf } from '../../../org/record-id.ts';
import type { SyncedObject } from '../../../org/synced-object.ts';

/** `Contact ID` of a report, `sf__Id` of a bulk job's results, `18 Digit Id`, and no lookup to another record. */
export function holdsRecordId(name: string, value: unknown, { keyPrefix }: SyncedObject): boolean {
  if (typeof value !== 'string' || !isGivenIdOf(keyPrefix, value.trim())) return false;
  const words = name.toLowerCase().replace(/[^a-z]/g, '');
  return /(^id|id$)/.test(words) && !/report|manager|master|parent|assistant|partner|referr/.test(words);
}

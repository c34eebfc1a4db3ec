import { fullId, isGivenIdOf } from '../../../org/record-id.ts';
import type { SyncedObject } from '../../../org/synced-object.ts';
import { isBlank } from './blank-value.ts';

/** `Contact ID` of a report, `sf__Id` of a bulk job's results, `18 Digit Id`, and no lookup to another record. */
export function holdsRecordId(name: string, value: unknown, { keyPrefix }: SyncedObject): boolean {
  if (typeof value !== 'string' || !isGivenIdOf(keyPrefix, value.trim())) return false;
  const words = wordsOf(name);
  return /(^id|id$)/.test(words) && !ofOthers.test(words);
}

/**
 * What is said of a column that is no field: without the advice to read it as the Id where it holds another system's, as the
 * `Record ID` of an export from there. An empty value says nothing of that.
 */
export function adviceFor(
  column: string,
  value: unknown,
  { message, meant }: { message: string; meant: string | null },
  { name, keyPrefix }: SyncedObject,
): string {
  if (meant !== 'Id' || isBlank(value) || isGivenIdOf(keyPrefix, String(value).trim())) return message;
  return `${name} has no field ${column}.`;
}

/** The Id of the record whose address in the REST API such a column holds: `attributes_url`; null where it holds none. */
export function recordIdInUrl(name: string, value: unknown, object: SyncedObject): string | null {
  const words = wordsOf(name);
  return /(url|uri|href)$/.test(words) && !ofOthers.test(words) ? idOfUrl(value, object) : null;
}

/** The Id that an address of a record in the REST API ends with; null where it is none of such a record. */
export function idOfUrl(value: unknown, { name, keyPrefix }: SyncedObject): string | null {
  const [, object, id = ''] =
    /\/sobjects\/(\w+)\/(\w+)\/?$/.exec(typeof value === 'string' ? value.trim() : '') ?? [];
  return object?.toLowerCase() === name.toLowerCase() && isGivenIdOf(keyPrefix, id) ? fullId(id) : null;
}

/** Names of what another record may be to this one. */
const ofOthers = /report|manager|master|parent|assistant|partner|referr/;

function wordsOf(name: string): string {
  return name.toLowerCase().replace(/[^a-z]/g, '');
}

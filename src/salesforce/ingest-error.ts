import type { SyncedObject } from '../org/synced-object.ts';
import type { RecordError } from '../sync/ports/record-writes.ts';
import { fieldNames, oneLine, shortCode } from './error-body.ts';
import { matchedIds } from './matched-ids.ts';

/** `CODE:message:FIELD,FIELD --`; the message may hold colons, and the fields be none. */
const parts = /^([A-Z][A-Z0-9_]{2,99}):([\s\S]*):([\w,. ]*?)\s*--\s*$/;

/** The `sf__Error` of a row that failed. What is of another form is told as it is. */
export function ingestError(object: SyncedObject, text: string): RecordError {
  const error = errorIn(text);
  const duplicates = matchedIds(object, error);
  return duplicates.length === 0 ? error : { ...error, duplicates };
}

function errorIn(text: string): RecordError {
  const [, code, message, fields] = parts.exec(text) ?? [];
  if (code === undefined) {
    const [, word, rest] = /^([A-Z][A-Z0-9_]{2,99}):([\s\S]*)$/.exec(text) ?? [];
    return { code: word ?? 'UNKNOWN_EXCEPTION', message: oneLine(rest ?? text), fields: [] };
  }
  const names = (fields ?? '').split(',').map((name) => name.trim());
  return {
    code: shortCode(code),
    message: oneLine(message ?? ''),
    fields: fieldNames(names.filter((name) => name !== '')),
  };
}

import { isIdOf } from '../org/record-id.ts';
import type { SyncedObject } from '../org/synced-object.ts';
import type { RecordError } from '../sync/ports/record-writes.ts';
import { fieldNames, oneLine, parseErrorBody, shortCode } from './error-body.ts';
import { refusalOf } from './refusals.ts';

/** One error of a collection's record (`{statusCode, message, fields}`) or of an error answer (`{errorCode, …}`). */
export function recordError(object: SyncedObject, raw: unknown): RecordError {
  const error = (typeof raw === 'object' && raw !== null ? raw : {}) as Record<string, unknown>;
  const code = [error.statusCode, error.errorCode].find((value) => typeof value === 'string' && value !== '');
  const fields = fieldNames(error.fields);
  const one = typeof error.field === 'string' ? (error.constituentField ?? error.field) : null;
  return {
    code: typeof code === 'string' ? shortCode(code) : 'UNKNOWN_EXCEPTION',
    message: withDuplicates(object, oneLine(typeof error.message === 'string' ? error.message : ''), raw),
    fields: fields.length === 0 && typeof one === 'string' ? [shortCode(one)] : fields,
  };
}

/**
 * Every fault of an error answer's body: REST's array, or the UI API's `output` with `errors` for the record and
 * `fieldErrors` by field. Source: User Interface API Developer Guide, "Error with Output", "Record Exceptions".
 */
export function recordErrors(object: SyncedObject, contentType: string | null, body: string): RecordError[] {
  return bodyErrors(object, contentType, body).map(({ error }) => error);
}

/**
 * The faults of an error answer's body where each of them is the record's own, so that nothing was written for it;
 * null where one says something of the request or the org, or nothing that is known.
 */
export function faultsOfRecord(
  object: SyncedObject,
  contentType: string | null,
  body: string,
): RecordError[] | null {
  const errors = bodyErrors(object, contentType, body);
  const own = errors.every(({ error, inOutput }) => inOutput || refusalOf(error.code)?.about === 'record');
  return own && errors.length > 0 ? errors.map(({ error }) => error) : null;
}

interface BodyError {
  error: RecordError;
  /** It stands in the UI API's `output`, which speaks of the record only. */
  inOutput: boolean;
}

function bodyErrors(object: SyncedObject, contentType: string | null, body: string): BodyError[] {
  return parseErrorBody(contentType, body).items.flatMap(({ code, message, fields, raw }): BodyError[] => {
    const inner = outputErrors(object, raw?.output);
    if (inner.length > 0) return inner.map((error) => ({ error, inOutput: true }));
    const error = {
      code: code || 'UNKNOWN_EXCEPTION',
      message: withDuplicates(object, message, raw),
      fields,
    };
    return [{ error, inOutput: false }];
  });
}

function outputErrors(object: SyncedObject, output: unknown): RecordError[] {
  if (typeof output !== 'object' || output === null) return [];
  const { errors, fieldErrors } = output as { errors?: unknown; fieldErrors?: unknown };
  const ofRecord = Array.isArray(errors) ? errors.map((error) => recordError(object, error)) : [];
  const ofFields = Object.entries(typeof fieldErrors === 'object' && fieldErrors !== null ? fieldErrors : {});
  return [
    ...ofRecord,
    ...ofFields.flatMap(([field, list]) =>
      (Array.isArray(list) ? list : []).map((raw: unknown) => {
        const error = recordError(object, raw);
        return error.fields.length > 0 ? error : { ...error, fields: [field] };
      }),
    ),
  ];
}

function withDuplicates(object: SyncedObject, message: string, raw: unknown): string {
  const ids = duplicateIds(object, raw);
  return ids.length === 0 ? message : `${message} (duplicates: ${ids.join(', ')})`;
}

/** So many are named; a rule that matches more is told as well by these. */
const mostDuplicates = 20;

/**
 * Ids of the records that a duplicate rule matched. REST calls them `duplicateResut` (sic) or `duplicateResult`,
 * `matchResults[].matchRecords[].record.Id`; the UI API `duplicateRecordError`, `matchResults[].matchRecordIds`.
 */
function duplicateIds({ keyPrefix }: SyncedObject, raw: unknown): string[] {
  if (typeof raw !== 'object' || raw === null) return [];
  const { duplicateResut, duplicateResult, duplicateRecordError } = raw as Record<string, unknown>;
  const found = new Set<string>();
  for (const source of [duplicateResut, duplicateResult, duplicateRecordError])
    collectIds(keyPrefix, source, found, 0);
  return [...found];
}

function collectIds(prefix: string, value: unknown, found: Set<string>, depth: number): void {
  if (depth > 8 || found.size >= mostDuplicates) return;
  if (typeof value === 'string') {
    if (isIdOf(prefix, value)) found.add(value);
  } else if (typeof value === 'object' && value !== null) {
    for (const inner of Object.values(value)) collectIds(prefix, inner, found, depth + 1);
  }
}

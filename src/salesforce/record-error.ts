import type { SyncedObject } from '../org/synced-object.ts';
import type { RecordError } from '../sync/ports/record-writes.ts';
import { fieldNames, oneLine, parseErrorBody, shortCode } from './error-body.ts';
import { matchedIds } from './matched-ids.ts';
import { refusalOf } from './refusals.ts';

/** One error of a collection's record (`{statusCode, message, fields}`) or of an error answer (`{errorCode, …}`). */
export function recordError(object: SyncedObject, raw: unknown): RecordError {
  const error = (typeof raw === 'object' && raw !== null ? raw : {}) as Record<string, unknown>;
  const code = [error.statusCode, error.errorCode].find((value) => typeof value === 'string' && value !== '');
  const fields = fieldNames(error.fields);
  const one = typeof error.field === 'string' ? (error.constituentField ?? error.field) : null;
  const word = typeof code === 'string' ? shortCode(code) : 'UNKNOWN_EXCEPTION';
  const message = oneLine(typeof error.message === 'string' ? error.message : '');
  return {
    code: word,
    ...duplicateOf(object, { code: word, message, raw }),
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
      ...duplicateOf(object, { code, message, raw }),
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

/** Their Ids stand in the message too, for whoever has no more of it. */
function duplicateOf(
  object: SyncedObject,
  error: { code: string; message: string; raw: unknown },
): Pick<RecordError, 'message' | 'duplicates'> {
  const { message } = error;
  const ids = matchedIds(object, error);
  if (ids.length === 0) return { message };
  const named = ids.filter((id) => !message.includes(id.slice(0, 15)));
  return {
    message: named.length === 0 ? message : `${message} (duplicates: ${named.join(', ')})`,
    duplicates: ids,
  };
}

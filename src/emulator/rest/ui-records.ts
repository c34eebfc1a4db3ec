import type { SaveResult } from '../engine/save-result.ts';
import type { Answer } from '../http/answer.ts';
import { emptyAnswer, jsonAnswer } from '../http/answer.ts';
import { ApiError, apiError, errorAnswer } from '../http/api-error.ts';
import type { ApiRequest } from '../http/request.ts';
import { jsonObject } from '../http/request.ts';
import type { PathParams } from '../http/router.ts';
import type { FieldDocument } from '../schema/describe-document.ts';
import type { ApiContext } from './api-context.ts';
import { onceByKey } from './idempotent.ts';
import { headerDate } from './row-condition.ts';
import { uiFieldList } from './ui-field-list.ts';
import { uiRecord } from './ui-record.ts';

/** POST `/ui-api/records` `{apiName, fields, allowSaveOnDuplicate?}`: 201 with the whole record. */
export function createUiRecord(request: ApiRequest, _params: PathParams, context: ApiContext): Answer {
  return onceByKey(request, context, () =>
    answered(context, () => {
      const { apiName, fields, allowDuplicates } = readRecordInput(request);
      if (apiName === undefined)
        throw apiError(400, 'MISSING_ARGUMENT', 'apiName is required to create a record.');
      const { org } = context.emulation;
      const [saved] = org.create(context.actor, [{ object: apiName, fields }], { allowDuplicates });
      const id = savedUiId(saved, apiName, 'create', context);
      return jsonAnswer(201, uiRecord(apiName, id, context), {
        Location: `${context.base}/ui-api/records/${id}`,
      });
    }),
  );
}

/** PATCH `/ui-api/records/{id}` `{fields}`: 200 with the record; If-Modified-Since guards it. */
export function updateUiRecord(request: ApiRequest, { id = '' }: PathParams, context: ApiContext): Answer {
  return onceByKey(request, context, () =>
    answered(context, () => {
      const { fields, allowDuplicates } = readRecordInput(request);
      const object = objectOf(id, context);
      refuseIfChanged(request, object, id, context);
      const record = { object, fields: { ...fields, Id: id } };
      const [saved] = context.emulation.org.update(context.actor, [record], { allowDuplicates });
      return jsonAnswer(200, uiRecord(object, savedUiId(saved, object, 'update', context), context));
    }),
  );
}

/** DELETE `/ui-api/records/{id}`: 204. */
export function deleteUiRecord(request: ApiRequest, { id = '' }: PathParams, context: ApiContext): Answer {
  return onceByKey(request, context, () =>
    answered(context, () => {
      const object = objectOf(id, context);
      const [saved] = context.emulation.org.delete(context.actor, [id], { object });
      savedUiId(saved, object, 'delete', context);
      return emptyAnswer(204);
    }),
  );
}

/** GET `/ui-api/records/{id}`. */
export function readUiRecord(request: ApiRequest, { id = '' }: PathParams, context: ApiContext): Answer {
  const object = objectOf(id, context);
  return jsonAnswer(200, uiRecord(object, id, context, uiFieldList(request, object, context)));
}

/** A write and its answer are one: whatever the answer fails of, nothing is written. Refusals become answers. */
function answered({ emulation }: ApiContext, work: () => Answer): Answer {
  try {
    return emulation.org.transaction(work);
  } catch (error) {
    if (error instanceof ApiError) return errorAnswer(error);
    throw error;
  }
}

function readRecordInput(request: ApiRequest): {
  apiName: string | undefined;
  fields: Record<string, unknown>;
  allowDuplicates: boolean;
} {
  const { apiName, fields, allowSaveOnDuplicate } = jsonObject(request);
  if (fields === null || typeof fields !== 'object' || Array.isArray(fields)) {
    throw apiError(400, 'JSON_PARSER_ERROR', 'The fields property is required and must be an object.');
  }
  return {
    apiName: typeof apiName === 'string' ? apiName : undefined,
    fields: fields as Record<string, unknown>,
    allowDuplicates: allowSaveOnDuplicate === true,
  };
}

function objectOf(id: string, { emulation }: ApiContext): string {
  const object = emulation.org.objectOfId(id);
  if (object === undefined) throw apiError(404, 'NOT_FOUND', 'The requested resource does not exist');
  return object;
}

/** The record as the user last saw it: newer changes refuse the save (UI API, Update a Record). */
function refuseIfChanged(
  request: ApiRequest,
  object: string,
  id: string,
  { emulation, actor }: ApiContext,
): void {
  const since = headerDate(request, 'if-modified-since') ?? headerDate(request, 'if-unmodified-since');
  if (since === undefined) return;
  const modifiedAtMs = emulation.org.modifiedAtMs(actor, object, id, { forWrite: true });
  if (modifiedAtMs !== undefined && Math.floor(modifiedAtMs / 1_000) * 1_000 > since) {
    throw apiError(412, 'PRECONDITION_FAILED', 'The record was modified since it was read.');
  }
}

/** A saved record's id, or "Error with Output" thrown (UI API, responses: Error with Output, Record Exception). */
function savedUiId(
  saved: SaveResult | undefined,
  object: string,
  operation: 'create' | 'update' | 'delete',
  { emulation, actor }: ApiContext,
): string {
  if (saved?.success && saved.id !== null) return saved.id;
  const labels = new Map(
    emulation.org.describe(actor, object).document.fields.map((f) => [f.name, f] as [string, FieldDocument]),
  );
  const errors: unknown[] = [];
  const fieldErrors: Record<string, unknown[]> = {};
  for (const e of saved?.errors ?? []) {
    const one = (name: string | null) => ({
      constituentField: null,
      duplicateRecordError: e.duplicateResult ?? null,
      errorCode: e.statusCode,
      field: name,
      fieldLabel: name === null ? null : (labels.get(name)?.label ?? name),
      message: e.message,
    });
    if (e.fields.length === 0) errors.push(one(null));
    for (const name of e.fields) fieldErrors[name] = [...(fieldErrors[name] ?? []), one(name)];
  }
  const first = saved?.errors[0];
  throw new ApiError(saved?.status ?? 400, {
    errorCode: first?.statusCode ?? 'UNKNOWN_EXCEPTION',
    message: `An error occurred while trying to ${operation} the record. ${first?.message ?? ''}`.trim(),
    statusCode: saved?.status ?? 400,
    enhancedErrorType: 'RecordError',
    output: { errors, fieldErrors },
  });
}

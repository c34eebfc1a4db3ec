import type { SaveResult } from '../engine/save-result.ts';
import type { Answer } from '../http/answer.ts';
import { emptyAnswer, jsonAnswer } from '../http/answer.ts';
import { apiError } from '../http/api-error.ts';
import type { ApiRequest } from '../http/request.ts';
import { jsonObject } from '../http/request.ts';
import type { PathParams } from '../http/router.ts';
import type { ApiContext } from './api-context.ts';
import { saveError } from './error-answer.ts';
import { requireType } from './record-attributes.ts';
import { allowsDuplicates } from './request-headers.ts';
import { checkRowCondition } from './row-condition.ts';
import { etagOf, hasEtag } from './row-etag.ts';

/** POST `/sobjects/Contact` (sObject Basic Information): 201 with the id and where it is. */
export function createRow(request: ApiRequest, { object = '' }: PathParams, context: ApiContext): Answer {
  const fields = jsonObject(request);
  requireType(fields, object);
  const { emulation, actor, base } = context;
  if (Object.keys(fields).some((name) => name.toLowerCase() === 'id')) {
    throw apiError(400, 'INVALID_FIELD', 'The Id field should not be specified in the sobject data.');
  }
  const [result] = emulation.org.create(actor, [{ object, fields }], writeOptions(request));
  const id = savedId(result, context);
  const name = emulation.org.objectOfId(id) ?? object;
  return jsonAnswer(201, { id, success: true, errors: [] }, { Location: `${base}/sobjects/${name}/${id}` });
}

/**
 * POST `/sobjects/Contact/Id` (Create Records Using sObject Rows by External ID): an upsert by an Id that is null.
 * "Do not specify Id or an external ID field in the request body or an error is generated."
 */
export function createRowWithoutId(request: ApiRequest, params: PathParams, context: ApiContext): Answer {
  const { emulation, actor } = context;
  const { fields } = emulation.org.describe(actor, params.object ?? '').document;
  const given = new Set(Object.keys(jsonObject(request)).map((name) => name.toLowerCase()));
  const key = fields.find((field) => field.externalId && given.has(field.name.toLowerCase()));
  if (key) {
    throw apiError(
      400,
      'INVALID_FIELD',
      `The ${key.name} field should not be specified in the sobject data.`,
    );
  }
  return createRow(request, params, context);
}

/** GET `/sobjects/Contact/{id}?fields=Id,LastName` (sObject Rows). */
export function readRow(request: ApiRequest, params: PathParams, context: ApiContext): Answer {
  const { object = '', id = '' } = params;
  const { emulation, actor, apiVersion } = context;
  const fields = fieldList(request);
  if (checkRowCondition(request, object, id, context) === 'not-modified') return emptyAnswer(304);
  const row = emulation.org.retrieve(actor, object, id, { apiVersion, fields });
  const modifiedAtMs = emulation.org.modifiedAtMs(actor, object, id);
  const headers: Record<string, string> =
    modifiedAtMs === undefined ? {} : { 'Last-Modified': new Date(modifiedAtMs).toUTCString() };
  if (hasEtag(object)) headers.ETag = etagOf(emulation.org.retrieve(actor, object, id, { apiVersion }));
  return jsonAnswer(200, row, headers);
}

/** PATCH `/sobjects/Contact/{id}`: 204. */
export function updateRow(request: ApiRequest, params: PathParams, context: ApiContext): Answer {
  const { object = '', id = '' } = params;
  const body = jsonObject(request);
  requireType(body, object);
  const { emulation, actor } = context;
  if (Object.keys(body).some((name) => name.toLowerCase() === 'id')) {
    throw apiError(400, 'INVALID_FIELD', 'The Id field should not be specified in the sobject data.');
  }
  checkRowCondition(request, object, id, context);
  const [result] = emulation.org.update(
    actor,
    [{ object, fields: { ...body, Id: id } }],
    writeOptions(request),
  );
  savedId(result, context);
  return emptyAnswer(204);
}

/** DELETE `/sobjects/Contact/{id}`: 204; conditional headers are not supported here. */
export function deleteRow(_request: ApiRequest, params: PathParams, context: ApiContext): Answer {
  const { object = '', id = '' } = params;
  const { emulation, actor } = context;
  const [result] = emulation.org.delete(actor, [id], { object });
  savedId(result, context);
  return emptyAnswer(204);
}

export function writeOptions(request: ApiRequest): { allowDuplicates: boolean; body: string } {
  return { allowDuplicates: allowsDuplicates(request), body: request.body.toString('utf8') };
}

/** The id of a saved record, or its refusal thrown. */
export function savedId(result: SaveResult | undefined, { emulation }: ApiContext): string {
  if (!result) throw apiError(500, 'UNKNOWN_EXCEPTION', 'The record was not processed.');
  if (!result.success || result.id === null) throw saveError(result, emulation.settings.duplicateResultKey);
  return result.id;
}

/** `?fields=Id,LastName`; undefined where all are wanted. */
export function fieldList(request: ApiRequest): string[] | undefined {
  const text = request.query.get('fields');
  if (text === null) return undefined;
  const names = text
    .split(',')
    .map((name) => name.trim())
    .filter(Boolean);
  return names.length > 0 ? names : undefined;
}

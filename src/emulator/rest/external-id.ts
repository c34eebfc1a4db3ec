import type { Answer } from '../http/answer.ts';
import { emptyAnswer, jsonAnswer } from '../http/answer.ts';
import { apiError, notFound } from '../http/api-error.ts';
import type { ApiRequest } from '../http/request.ts';
import { jsonObject } from '../http/request.ts';
import type { PathParams } from '../http/router.ts';
import type { ApiContext } from './api-context.ts';
import { saveError } from './error-answer.ts';
import { requireType } from './record-attributes.ts';
import { relatedParent } from './related-parent.ts';
import { relatedRows } from './related-rows.ts';
import { deleteRow, fieldList, savedId, updateRow, writeOptions } from './rows.ts';

/** From this version an upsert tells what it did: `created`, and 200 with a body where it updates, before 204. */
const createdSince = 46;

/**
 * PATCH `/sobjects/X/{extField}/{value}`: 201 when it creates, 200 or 204 when it updates, 300 with the rows'
 * URLs when the value is not unique. A relationship has the same form of path: its parent is updated.
 */
export function upsertRow(request: ApiRequest, params: PathParams, context: ApiContext): Answer {
  const { object = '', field = '', value = '' } = params;
  const parent = relatedParent({ object, id: field, relationship: value }, context);
  if (parent) return updateRow(request, { ...parent }, context);
  const body = jsonObject(request);
  requireType(body, object);
  const { emulation, actor, base, versionNumber } = context;
  // "Do not specify Id or an external ID field in the request body or an error is generated."
  const own = Object.keys(body).find((name) => ['id', field.toLowerCase()].includes(name.toLowerCase()));
  if (own !== undefined) {
    throw apiError(400, 'INVALID_FIELD', `The ${own} field should not be specified in the sobject data.`);
  }
  if (updatesOnly(request) && emulation.org.idsBy(actor, object, field, value).length === 0) throw notFound();
  const record = { object, fields: { ...body, [field]: value } };
  const [result] = emulation.org.upsert(actor, field, [record], writeOptions(request));
  if (result && !result.success) {
    if (result.matches && result.matches.length > 1) return severalMatches(result.matches, object, context);
    throw saveError(result, emulation.settings.duplicateResultKey);
  }
  const id = savedId(result, context);
  if (result?.created) {
    const location = `${base}/sobjects/${emulation.org.objectOfId(id) ?? object}/${id}`;
    const saved = { id, success: true, errors: [] };
    const told = versionNumber < createdSince ? saved : { ...saved, created: true };
    return jsonAnswer(201, told, { Location: location });
  }
  if (versionNumber < createdSince) return emptyAnswer(204);
  return jsonAnswer(200, { id, success: true, errors: [], created: false });
}

/** `?updateOnly=true`: "To prevent a new record from being created, use the updateOnly parameter." */
function updatesOnly({ query }: ApiRequest): boolean {
  const text = query.get('updateOnly');
  if (text === null || /^false$/i.test(text)) return false;
  if (/^true$/i.test(text)) return true;
  throw apiError(400, 'INVALID_FIELD', `The updateOnly parameter must be true or false: ${text}`);
}

/** GET by external id; 300 where several rows have the value. An id and a relationship have the same form of path. */
export function readRowByExternalId(request: ApiRequest, params: PathParams, context: ApiContext): Answer {
  const { object = '', field = '', value = '' } = params;
  const related = relatedRows(request, { object, id: field, relationship: value }, context);
  if (related) return related;
  const { emulation, actor, apiVersion } = context;
  const found = emulation.org.retrieveBy(actor, object, field, value, {
    apiVersion,
    fields: fieldList(request),
  });
  if ('ids' in found) return severalMatches(found.ids, object, context);
  return jsonAnswer(200, found.record);
}

/** DELETE by external id, or of the parent that a relationship leads to. */
export function deleteRowByExternalId(request: ApiRequest, params: PathParams, context: ApiContext): Answer {
  const { object = '', field = '', value = '' } = params;
  const parent = relatedParent({ object, id: field, relationship: value }, context);
  if (parent) return deleteRow(request, { ...parent }, context);
  const { emulation, actor } = context;
  const ids = emulation.org.idsBy(actor, object, field, value);
  if (ids.length > 1) return severalMatches(ids, object, context);
  if (ids.length === 0) throw notFound();
  const [result] = emulation.org.delete(actor, ids, { object });
  savedId(result, context);
  return emptyAnswer(204);
}

function severalMatches(ids: readonly string[], object: string, { base, emulation }: ApiContext): Answer {
  return jsonAnswer(
    300,
    ids.map((id) => `${base}/sobjects/${emulation.org.objectOfId(id) ?? object}/${id}`),
  );
}

import type { Answer } from '../http/answer.ts';
import { jsonAnswer } from '../http/answer.ts';
import type { ApiRequest } from '../http/request.ts';
import { normalizeId } from '../schema/record-id.ts';
import type { ApiContext } from './api-context.ts';
import { queryAnswer } from './query.ts';
import { type RelationshipPath, relatedParent } from './related-parent.ts';
import { fieldList } from './rows.ts';

/**
 * GET `/sobjects/Contact/{id}/Account`, `/sobjects/Account/{id}/Contacts` (sObject Relationships): the parent as a
 * row, 404 where there is none; children as the result of a query. Undefined where the path is no such thing.
 */
export function relatedRows(
  request: ApiRequest,
  path: RelationshipPath,
  context: ApiContext,
): Answer | undefined {
  const { emulation, actor, apiVersion } = context;
  const { object, relationship } = path;
  const id = normalizeId(path.id);
  if (id === undefined || emulation.org.objectOfId(id)?.toLowerCase() !== object.toLowerCase())
    return undefined;
  const wanted = relationship.toLowerCase();
  const { document } = emulation.org.describe(actor, object);
  const fields = fieldList(request);
  const parent = relatedParent(path, context);
  if (parent) {
    return jsonAnswer(200, emulation.org.retrieve(actor, parent.object, parent.id, { apiVersion, fields }));
  }
  const child = document.childRelationships.find((entry) => entry.relationshipName?.toLowerCase() === wanted);
  if (!child) return undefined;
  emulation.org.retrieve(actor, object, id, { apiVersion, fields: ['Id'] });
  const every = () =>
    emulation.org.describe(actor, child.childSObject).document.fields.map((field) => field.name);
  const soql = `SELECT ${(fields ?? every()).join(', ')} FROM ${child.childSObject} WHERE ${child.field} = '${id}'`;
  return queryAnswer(request, context, soql, false);
}

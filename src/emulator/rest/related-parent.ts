import { notFound } from '../http/api-error.ts';
import { normalizeId } from '../schema/record-id.ts';
import type { ApiContext } from './api-context.ts';

/** `/sobjects/Contact/{id}/Account`, which has the form of `/sobjects/Contact/{field}/{value}`. */
export interface RelationshipPath {
  object: string;
  id: string;
  relationship: string;
}

/**
 * The row that a relationship of another leads to (sObject Relationships); 404 where it leads nowhere, undefined where
 * the path is no such thing.
 */
export function relatedParent(
  path: RelationshipPath,
  { emulation, actor, apiVersion }: ApiContext,
): { object: string; id: string } | undefined {
  const { org } = emulation;
  const id = normalizeId(path.id);
  if (id === undefined || org.objectOfId(id)?.toLowerCase() !== path.object.toLowerCase()) return undefined;
  const wanted = path.relationship.toLowerCase();
  const { document } = org.describe(actor, path.object);
  const reference = document.fields.find((field) => field.relationshipName?.toLowerCase() === wanted);
  if (!reference) return undefined;
  const row = org.retrieve(actor, path.object, id, { apiVersion, fields: [reference.name] });
  const parent = row[reference.name];
  const object = typeof parent === 'string' ? org.objectOfId(parent) : undefined;
  if (typeof parent !== 'string' || object === undefined) throw notFound();
  return { object, id: parent };
}

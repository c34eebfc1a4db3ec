import type { ChildRelationshipDocument, DescribeDocument } from '../schema/describe-document.ts';
import { OrgFault } from '../schema/fault.ts';
import { idField, isDeletedField, systemFields } from './field-builder.ts';
import { checkedField, isApiName } from './field-facts.ts';
import { buildObject } from './object-builder.ts';

function refuse(what: string): never {
  throw new OrgFault('INVALID_DESCRIBE', `The describe document is not usable: ${what}.`);
}

/**
 * An object from a describe document in Salesforce's JSON. Missing keys get an ordinary object's values, and the
 * fields that every object has (Id, IsDeleted, the system's stamps, OwnerId's kin are the document's business) are
 * added where it leaves them out. Throws INVALID_DESCRIBE.
 */
export function objectFromDocument(value: unknown): DescribeDocument {
  if (typeof value !== 'object' || value === null) refuse('it is no JSON object');
  const given = value as Record<string, unknown>;
  const { name, fields } = given;
  if (!isApiName(name)) refuse('it has no usable name');
  if (!Array.isArray(fields)) refuse(`${name} has no fields`);
  const checked = fields.map((field) => checkedField(field, name));
  const names = new Set(checked.map((field) => field.name.toLowerCase()));
  if (names.size !== checked.length) refuse(`${name} names a field twice`);
  const before = [idField(), isDeletedField()].filter((field) => !names.has(field.name.toLowerCase()));
  const after = systemFields().filter((field) => !names.has(field.name.toLowerCase()));
  const keyPrefix = given.keyPrefix ?? null;
  if (keyPrefix !== null && (typeof keyPrefix !== 'string' || !/^[0-9A-Za-z]{3}$/.test(keyPrefix))) {
    refuse(`${name} has a keyPrefix that is not three letters or digits`);
  }
  const { urls: _urls, fields: _fields, childRelationships, ...flags } = given;
  return buildObject({
    name,
    keyPrefix,
    fields: [...before, ...checked, ...after],
    ...(typeof given.label === 'string' ? { label: given.label } : {}),
    ...(typeof given.labelPlural === 'string' ? { labelPlural: given.labelPlural } : {}),
    ...(Array.isArray(childRelationships)
      ? { childRelationships: childRelationships as ChildRelationshipDocument[] }
      : {}),
    flags: flags as Partial<DescribeDocument>,
  });
}

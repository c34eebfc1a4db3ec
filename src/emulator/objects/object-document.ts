import type { ChildRelationshipDocument, DescribeDocument } from '../org/describe-document.ts';
import { OrgFault } from '../org/fault.ts';
import { type FieldFacts, idField, isDeletedField, systemFields } from './field-builder.ts';
import { buildObject } from './object-builder.ts';

/** Types that describe knows and the org can store or compute. */
const FIELD_TYPES = new Set([
  'id',
  'string',
  'boolean',
  'int',
  'double',
  'currency',
  'percent',
  'date',
  'datetime',
  'time',
  'reference',
  'picklist',
  'multipicklist',
  'combobox',
  'textarea',
  'phone',
  'url',
  'email',
  'encryptedstring',
  'address',
  'location',
  'anyType',
  'base64',
]);

const API_NAME = /^[A-Za-z][A-Za-z0-9_]*$/;

function refuse(what: string): never {
  throw new OrgFault('INVALID_DESCRIBE', `The describe document is not usable: ${what}.`);
}

/** A field from a describe document or from `addFields`: name and type suffice. Throws INVALID_DESCRIBE. */
export function checkedField(value: unknown, where: string): FieldFacts {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    refuse(`${where} holds a field that is no object`);
  }
  const field = value as Record<string, unknown>;
  const { name, type } = field;
  if (typeof name !== 'string' || !API_NAME.test(name)) refuse(`${where} has a field without a usable name`);
  if (typeof type !== 'string' || !FIELD_TYPES.has(type)) {
    refuse(`${where}.${name} has the unknown type ${JSON.stringify(type)}`);
  }
  return { ...field, name, type } as FieldFacts;
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
  if (typeof name !== 'string' || !API_NAME.test(name)) refuse('it has no usable name');
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

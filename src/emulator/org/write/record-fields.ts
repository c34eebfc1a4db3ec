import type { Actor } from '../../engine/actor.ts';
import type { OrgState } from '../../engine/org-state.ts';
import type { SaveError } from '../../engine/save-result.ts';
import { OrgFault } from '../../schema/fault.ts';
import type { SqlValue } from '../../schema/field.ts';
import { type Field, quoted } from '../../schema/field.ts';
import type { ObjectSchema } from '../../schema/object-schema.ts';
import { type CoerceSource, coerce } from './coerce.ts';
import { referenceError } from './references.ts';
import { saveError } from './value-error.ts';

export interface ReadFields {
  /** Column values by the field's described name. */
  readonly set: Record<string, SqlValue>;
  readonly errors: SaveError[];
}

/**
 * Reads a record's fields as given: names in any case, values coerced, what may not be written refused. A name that
 * the object does not have, or that field-level security hides, throws INVALID_FIELD for the whole request.
 */
export function readFields(
  state: OrgState,
  actor: Actor,
  object: ObjectSchema,
  given: Readonly<Record<string, unknown>>,
  purpose: 'create' | 'update',
  source: CoerceSource,
): ReadFields {
  const set: Record<string, SqlValue> = {};
  const errors: SaveError[] = [];
  const refused: string[] = [];
  for (const [name, raw] of Object.entries(given)) {
    if (name === 'attributes' || name.toLowerCase() === 'id') continue;
    if (source.kind === 'csv' && raw === '') continue;
    const field = object.visibleField(name);
    if (!field) {
      const reference = parentReference(object, name, raw);
      if (!reference) {
        throw new OrgFault('INVALID_FIELD', `No such column '${name}' on sobject of type ${object.name}`);
      }
      readParent(state, object, reference, set, errors);
      continue;
    }
    if (purpose === 'create' ? !field.document.createable : !field.document.updateable) {
      refused.push(field.name);
      continue;
    }
    const coerced = coerce(field, raw, source);
    if ('error' in coerced) errors.push(coerced.error);
    else set[field.name] = coerced.value ?? (field.type === 'boolean' ? 0 : null);
  }
  if (refused.length > 0) errors.unshift(notWriteable(refused));
  checkReferences(state, actor, object, set, errors);
  return { set, errors };
}

function notWriteable(names: readonly string[]): SaveError {
  return saveError(
    'INVALID_FIELD_FOR_INSERT_UPDATE',
    `Unable to create/update fields: ${names.join(', ')}. Please check the security settings of this field and verify that it is read/write for your profile or permission set.`,
    ...names,
  );
}

function checkReferences(
  state: OrgState,
  actor: Actor,
  object: ObjectSchema,
  set: Readonly<Record<string, SqlValue>>,
  errors: SaveError[],
): void {
  for (const [name, value] of Object.entries(set)) {
    const field = object.field(name);
    if (field?.type !== 'reference' || typeof value !== 'string') continue;
    const error = referenceError(state, actor, field, value);
    if (error) errors.push(error);
  }
}

interface ParentReference {
  readonly reference: Field;
  /** The parent's field that names it, and its value. */
  readonly by: string;
  readonly value: unknown;
  /** The parent's own `attributes.type`: which of a polymorphic reference's objects it is. */
  readonly type: string | undefined;
}

/** `"Account": {"External__c": "x"}` in JSON, `Account.External__c` as a CSV column: a parent named by external id. */
function parentReference(object: ObjectSchema, name: string, raw: unknown): ParentReference | undefined {
  const [relationship = '', column, ...rest] = name.split('.');
  const reference = object.relationship(relationship);
  if (!reference || object.isHidden(reference) || rest.length > 0) return undefined;
  if (column !== undefined) return { reference, by: column, value: raw, type: undefined };
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) return undefined;
  const named = Object.entries(raw).filter(([key]) => key !== 'attributes');
  const only = named.length === 1 ? named[0] : undefined;
  return only && { reference, by: only[0], value: only[1], type: typeOf(raw) };
}

function typeOf(record: object): string | undefined {
  const { attributes } = record as { attributes?: unknown };
  const { type } = (attributes ?? {}) as { type?: unknown };
  return typeof type === 'string' ? type : undefined;
}

function readParent(
  state: OrgState,
  object: ObjectSchema,
  { reference, by, value, type }: ParentReference,
  set: Record<string, SqlValue>,
  errors: SaveError[],
): void {
  const parents = reference.document.referenceTo
    .filter((name) => type === undefined || name.toLowerCase() === type.toLowerCase())
    .flatMap((name) => state.schema.find(name) ?? []);
  const parent = parents[0];
  const field = parent?.visibleField(by);
  if (!parent || !field || !(field.document.externalId || field.document.idLookup)) {
    const relationship = reference.document.relationshipName;
    if (!parent && type !== undefined) {
      const message = `Foreign key external ID: ${type} is no type of ${relationship} in entity ${object.name}`;
      throw new OrgFault('INVALID_FIELD', message);
    }
    throw new OrgFault(
      'INVALID_FIELD',
      `Foreign key external ID: ${by} not found for field ${relationship} in entity ${object.name}`,
    );
  }
  state.storage.ensureIndex(parent, field.name);
  const found = state.storage.all<{ Id: string }>(
    `select "Id" from ${quoted(parent.name)} where ${quoted(field.name)} = ? collate nocase${parent.field('IsDeleted') ? ' and "IsDeleted" = 0' : ''} limit 2`,
    [typeof value === 'string' || typeof value === 'number' ? value : null],
  );
  if (found.length === 1) {
    set[reference.name] = found[0]!.Id;
    return;
  }
  errors.push(
    saveError(
      'INVALID_FIELD',
      found.length === 0
        ? `Foreign key external ID: ${String(value)} not found for field ${field.name} in entity ${parent.name}`
        : `Foreign key external ID: ${String(value)} matches more than one record of entity ${parent.name}`,
      field.name,
    ),
  );
}

/** Fields that must be given and are not; `row` is the record as it would be stored. */
export function missingFields(object: ObjectSchema, row: Readonly<Record<string, SqlValue>>): string[] {
  return object.columns
    .filter(({ document, name, type }) => {
      if (document.nillable || document.defaultedOnCreate || type === 'boolean') return false;
      return document.createable && (row[name] === null || row[name] === undefined);
    })
    .map((field) => field.name);
}

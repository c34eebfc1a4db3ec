import type { Field } from '../../src/sync/ports/field.ts';

/** A field that can be written and may be empty, of no length. */
export function plainField(name: string, type: string, more: Partial<Field> = {}): Field {
  return {
    name,
    label: name,
    type,
    length: 0,
    precision: 0,
    scale: 0,
    digits: 0,
    nillable: true,
    createable: true,
    updateable: true,
    calculated: false,
    defaultedOnCreate: false,
    externalId: false,
    unique: false,
    idLookup: false,
    custom: false,
    restrictedPicklist: false,
    picklistValues: [],
    referenceTo: [],
    relationshipName: null,
    caseSensitive: false,
    nameField: false,
    ...more,
  };
}

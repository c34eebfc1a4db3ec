import type { Field, ObjectDescribe } from '../../../src/sync/ports/field.ts';

export function field(name: string, type: string, more: Partial<Field> = {}): Field {
  return {
    name,
    label: name,
    type,
    length: type === 'string' ? 255 : 0,
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
    custom: name.endsWith('__c'),
    restrictedPicklist: false,
    picklistValues: [],
    referenceTo: [],
    relationshipName: null,
    caseSensitive: false,
    nameField: false,
    ...more,
  };
}

/** A small Contact with one field of each kind of storage, compound fields included. */
export const contactFields: Field[] = [
  field('Id', 'id'),
  field('IsDeleted', 'boolean'),
  field('MasterRecordId', 'reference'),
  field('LastName', 'string'),
  field('FirstName', 'string'),
  field('Email', 'email'),
  field('Phone', 'phone'),
  field('MailingLatitude', 'double'),
  field('MailingAddress', 'address'),
  field('Birthdate', 'date'),
  field('DoNotCall', 'boolean'),
  field('Visits__c', 'int'),
  field('CreatedDate', 'datetime'),
  field('SystemModstamp', 'datetime'),
];

export const storedNames = contactFields.filter(({ type }) => type !== 'address').map(({ name }) => name);

export function describeOf(fields: readonly Field[] = contactFields): ObjectDescribe {
  return { fields: [...fields], lastModified: null };
}

import type { DescribeDocument } from '../schema/describe-document.ts';
import { idField, isDeletedField, systemFields } from './field-builder.ts';
import { buildObject } from './object-builder.ts';

export function individualObject(): DescribeDocument {
  const part = { compoundFieldName: 'Name' };
  return buildObject({
    name: 'Individual',
    keyPrefix: '0PK',
    fields: [
      idField(),
      isDeletedField(),
      { ...part, name: 'LastName', type: 'string', length: 80, nillable: false },
      { ...part, name: 'FirstName', type: 'string', length: 40 },
      {
        name: 'Name',
        type: 'string',
        length: 121,
        nillable: false,
        createable: false,
        updateable: false,
        nameField: true,
      },
      {
        name: 'OwnerId',
        type: 'reference',
        nillable: false,
        defaultedOnCreate: true,
        referenceTo: ['User'],
        relationshipName: 'Owner',
      },
      { name: 'HasOptedOutTracking', type: 'boolean', label: "Don't Track" },
      { name: 'HasOptedOutProcessing', type: 'boolean', label: "Don't Process" },
      ...systemFields(),
    ],
    childRelationships: [
      { childSObject: 'Contact', field: 'IndividualId', relationshipName: 'Contacts', cascadeDelete: false },
    ],
  });
}

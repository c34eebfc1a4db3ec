import type { DescribeDocument } from '../schema/describe-document.ts';
import { addressFields, type FieldFacts, idField, systemFields } from './field-builder.ts';
import { buildObject } from './object-builder.ts';

function personFields(): FieldFacts[] {
  const part = { compoundFieldName: 'Name' };
  return [
    { name: 'Username', type: 'string', length: 80, nillable: false, unique: true, idLookup: true },
    { ...part, name: 'LastName', type: 'string', length: 80, nillable: false },
    { ...part, name: 'FirstName', type: 'string', length: 40 },
    {
      name: 'Name',
      label: 'Full Name',
      type: 'string',
      length: 121,
      nillable: false,
      createable: false,
      updateable: false,
      nameField: true,
    },
    { name: 'CompanyName', type: 'string', length: 80 },
    { name: 'Division', type: 'string', length: 80 },
    { name: 'Department', type: 'string', length: 80 },
    { name: 'Title', type: 'string', length: 80 },
    ...addressFields('').map((field) => (field.compoundFieldName ? field : { ...field, name: 'Address' })),
    { name: 'Email', type: 'email', length: 128, nillable: false, idLookup: true },
    { name: 'Phone', type: 'phone' },
    { name: 'Fax', type: 'phone' },
    { name: 'MobilePhone', label: 'Mobile', type: 'phone' },
    { name: 'Alias', type: 'string', length: 8, nillable: false },
    { name: 'CommunityNickname', label: 'Nickname', type: 'string', length: 40, nillable: false },
    { name: 'IsActive', label: 'Active', type: 'boolean' },
    {
      name: 'TimeZoneSidKey',
      label: 'Time Zone',
      type: 'picklist',
      length: 40,
      nillable: false,
      picklist: ['GMT', 'Europe/Berlin', 'America/Los_Angeles'],
    },
    {
      name: 'LocaleSidKey',
      label: 'Locale',
      type: 'picklist',
      length: 40,
      nillable: false,
      picklist: ['en_US', 'de_DE'],
    },
    {
      name: 'EmailEncodingKey',
      label: 'Email Encoding',
      type: 'picklist',
      length: 40,
      nillable: false,
      picklist: ['UTF-8', 'ISO-8859-1'],
    },
    {
      name: 'LanguageLocaleKey',
      label: 'Language',
      type: 'picklist',
      length: 40,
      nillable: false,
      picklist: ['en_US', 'de'],
    },
    {
      name: 'UserType',
      type: 'picklist',
      length: 40,
      createable: false,
      updateable: false,
      picklist: ['Standard', 'CsnOnly'],
    },
    {
      name: 'FederationIdentifier',
      label: 'SAML Federation ID',
      type: 'string',
      length: 512,
      unique: true,
      idLookup: false,
    },
    { name: 'ManagerId', type: 'reference', referenceTo: ['User'], relationshipName: 'Manager' },
    { name: 'LastLoginDate', type: 'datetime', createable: false, updateable: false },
  ];
}

export function userObject(): DescribeDocument {
  return buildObject({
    name: 'User',
    keyPrefix: '005',
    flags: { deletable: false, undeletable: false },
    fields: [idField(), ...personFields(), ...systemFields()],
    childRelationships: [
      { childSObject: 'User', field: 'ManagerId', relationshipName: 'ManagedUsers', cascadeDelete: false },
    ],
  });
}

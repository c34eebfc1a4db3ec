import type { DescribeDocument } from '../schema/describe-document.ts';
import { addressFields, idField, systemFields } from './field-builder.ts';
import { buildObject } from './object-builder.ts';

export function organizationObject(): DescribeDocument {
  const readOnly = { createable: false, updateable: false };
  return buildObject({
    name: 'Organization',
    keyPrefix: '00D',
    flags: {
      createable: false,
      deletable: false,
      undeletable: false,
      replicateable: false,
      searchable: false,
    },
    fields: [
      idField(),
      { name: 'Name', type: 'string', length: 80, nillable: false, nameField: true, createable: false },
      { name: 'Division', type: 'string', length: 80, createable: false },
      ...addressFields('').map((field) => ({
        ...field,
        ...(field.compoundFieldName ? { createable: false } : { name: 'Address' }),
      })),
      { name: 'Phone', type: 'phone', createable: false },
      { name: 'PrimaryContact', type: 'string', length: 80, createable: false },
      {
        ...readOnly,
        name: 'DefaultLocaleSidKey',
        type: 'picklist',
        length: 40,
        nillable: false,
        picklist: ['en_US'],
      },
      {
        ...readOnly,
        name: 'TimeZoneSidKey',
        type: 'picklist',
        length: 40,
        nillable: false,
        picklist: ['GMT'],
      },
      {
        ...readOnly,
        name: 'LanguageLocaleKey',
        type: 'picklist',
        length: 40,
        nillable: false,
        picklist: ['en_US'],
      },
      { ...readOnly, name: 'FiscalYearStartMonth', type: 'int', digits: 4 },
      {
        ...readOnly,
        name: 'OrganizationType',
        type: 'picklist',
        length: 40,
        picklist: ['Developer Edition', 'Enterprise Edition'],
      },
      { ...readOnly, name: 'InstanceName', type: 'string', length: 5 },
      { ...readOnly, name: 'NamespacePrefix', type: 'string', length: 15 },
      { ...readOnly, name: 'IsSandbox', type: 'boolean', nillable: false },
      { ...readOnly, name: 'TrialExpirationDate', type: 'datetime' },
      { ...readOnly, name: 'IsReadOnly', type: 'boolean', nillable: false },
      ...systemFields(),
    ],
  });
}

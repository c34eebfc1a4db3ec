import type { DescribeDocument } from '../schema/describe-document.ts';
import { addressFields, idField, isDeletedField, systemFields } from './field-builder.ts';
import { buildObject } from './object-builder.ts';

const INDUSTRIES = [
  'Agriculture',
  'Banking',
  'Biotechnology',
  'Consulting',
  'Education',
  'Electronics',
  'Energy',
  'Healthcare',
  'Insurance',
  'Manufacturing',
  'Media',
  'Retail',
  'Technology',
  'Transportation',
  'Other',
];

export function accountObject(): DescribeDocument {
  const readOnly = { createable: false, updateable: false };
  return buildObject({
    name: 'Account',
    keyPrefix: '001',
    flags: { mergeable: true, feedEnabled: true },
    fields: [
      idField(),
      isDeletedField(),
      {
        ...readOnly,
        name: 'MasterRecordId',
        type: 'reference',
        referenceTo: ['Account'],
        relationshipName: 'MasterRecord',
      },
      { name: 'Name', label: 'Account Name', type: 'string', length: 255, nillable: false, nameField: true },
      {
        name: 'Type',
        label: 'Account Type',
        type: 'picklist',
        picklist: [
          'Prospect',
          'Customer - Direct',
          'Customer - Channel',
          'Channel Partner / Reseller',
          'Other',
        ],
      },
      {
        name: 'ParentId',
        label: 'Parent Account ID',
        type: 'reference',
        referenceTo: ['Account'],
        relationshipName: 'Parent',
      },
      ...addressFields('Billing'),
      ...addressFields('Shipping'),
      { name: 'Phone', label: 'Account Phone', type: 'phone' },
      { name: 'Fax', label: 'Account Fax', type: 'phone' },
      { name: 'AccountNumber', type: 'string', length: 40 },
      { name: 'Website', type: 'url' },
      { ...readOnly, name: 'PhotoUrl', label: 'Photo URL', type: 'url' },
      { name: 'Sic', label: 'SIC Code', type: 'string', length: 20 },
      { name: 'Industry', type: 'picklist', picklist: INDUSTRIES },
      { name: 'AnnualRevenue', type: 'currency', precision: 18, scale: 0 },
      { name: 'NumberOfEmployees', label: 'Employees', type: 'int', digits: 8 },
      { name: 'Ownership', type: 'picklist', picklist: ['Public', 'Private', 'Subsidiary', 'Other'] },
      { name: 'TickerSymbol', type: 'string', length: 20 },
      { name: 'Description', label: 'Account Description', type: 'textarea', length: 32_000 },
      { name: 'Rating', label: 'Account Rating', type: 'picklist', picklist: ['Hot', 'Warm', 'Cold'] },
      { name: 'Site', label: 'Account Site', type: 'string', length: 80 },
      {
        name: 'OwnerId',
        type: 'reference',
        nillable: false,
        defaultedOnCreate: true,
        referenceTo: ['User'],
        relationshipName: 'Owner',
      },
      ...systemFields(),
      { ...readOnly, name: 'LastActivityDate', label: 'Last Activity', type: 'date' },
      { ...readOnly, name: 'LastViewedDate', type: 'datetime' },
      { ...readOnly, name: 'LastReferencedDate', type: 'datetime' },
      {
        name: 'AccountSource',
        type: 'picklist',
        picklist: ['Web', 'Phone Inquiry', 'Partner Referral', 'Other'],
      },
    ],
    childRelationships: [
      { childSObject: 'Account', field: 'ParentId', relationshipName: 'ChildAccounts', cascadeDelete: false },
      { childSObject: 'Contact', field: 'AccountId', relationshipName: 'Contacts', cascadeDelete: true },
      {
        childSObject: 'Opportunity',
        field: 'AccountId',
        relationshipName: 'Opportunities',
        cascadeDelete: true,
      },
    ],
  });
}

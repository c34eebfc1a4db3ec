import type { DescribeDocument } from '../schema/describe-document.ts';
import { contactCustomFields } from './contact-custom-fields.ts';
import { addressFields, type FieldFacts, idField, isDeletedField, systemFields } from './field-builder.ts';
import { buildObject } from './object-builder.ts';

const readOnly = { createable: false, updateable: false };

function nameFields(): FieldFacts[] {
  const part = { compoundFieldName: 'Name' };
  return [
    { ...part, name: 'LastName', type: 'string', length: 80, nillable: false },
    { ...part, name: 'FirstName', type: 'string', length: 40 },
    {
      ...part,
      name: 'Salutation',
      type: 'picklist',
      length: 40,
      picklist: ['Mr.', 'Ms.', 'Mrs.', 'Dr.', 'Prof.', 'Mx.'],
    },
    {
      ...readOnly,
      name: 'Name',
      label: 'Full Name',
      type: 'string',
      length: 121,
      nillable: false,
      nameField: true,
    },
  ];
}

function phoneFields(): FieldFacts[] {
  return [
    ['Phone', 'Business Phone'],
    ['Fax', 'Business Fax'],
    ['MobilePhone', 'Mobile Phone'],
    ['HomePhone', 'Home Phone'],
    ['OtherPhone', 'Other Phone'],
    ['AssistantPhone', 'Asst. Phone'],
  ].map(([name, label]) => ({ name: name!, label: label!, type: 'phone', length: 40 }));
}

function workFields(): FieldFacts[] {
  return [
    {
      name: 'ReportsToId',
      label: 'Reports To ID',
      type: 'reference',
      referenceTo: ['Contact'],
      relationshipName: 'ReportsTo',
    },
    { name: 'Email', type: 'email', length: 80, idLookup: true },
    { name: 'Title', type: 'string', length: 128 },
    { name: 'Department', type: 'string', length: 80 },
    { name: 'AssistantName', label: "Assistant's Name", type: 'string', length: 40 },
    {
      name: 'LeadSource',
      type: 'picklist',
      length: 255,
      picklist: ['Web', 'Phone Inquiry', 'Partner Referral', 'Purchased List', 'Other'],
    },
    { name: 'Birthdate', type: 'date' },
    { name: 'Description', label: 'Contact Description', type: 'textarea', length: 32_000 },
    {
      name: 'OwnerId',
      type: 'reference',
      nillable: false,
      defaultedOnCreate: true,
      referenceTo: ['User'],
      relationshipName: 'Owner',
    },
  ];
}

function trailingFields(): FieldFacts[] {
  return [
    { ...readOnly, name: 'LastActivityDate', label: 'Last Activity', type: 'date' },
    { ...readOnly, name: 'LastCURequestDate', label: 'Last Stay-in-Touch Request Date', type: 'datetime' },
    { ...readOnly, name: 'LastCUUpdateDate', label: 'Last Stay-in-Touch Save Date', type: 'datetime' },
    { ...readOnly, name: 'LastViewedDate', type: 'datetime' },
    { ...readOnly, name: 'LastReferencedDate', type: 'datetime' },
    { name: 'EmailBouncedReason', type: 'string', length: 255 },
    { name: 'EmailBouncedDate', type: 'datetime' },
    { ...readOnly, name: 'IsEmailBounced', type: 'boolean', nillable: false, defaultedOnCreate: true },
    { ...readOnly, name: 'PhotoUrl', label: 'Photo URL', type: 'url', length: 255 },
    { name: 'Jigsaw', label: 'Data.com Key', type: 'string', length: 20 },
    { ...readOnly, name: 'JigsawContactId', label: 'Jigsaw Contact ID', type: 'string', length: 20 },
    {
      name: 'CleanStatus',
      type: 'picklist',
      length: 40,
      restrictedPicklist: true,
      picklist: [
        'Matched',
        'Different',
        'Acknowledged',
        'NotFound',
        'Inactive',
        'Pending',
        'SelectMatch',
        'Skipped',
      ],
    },
    { name: 'IndividualId', type: 'reference', referenceTo: ['Individual'], relationshipName: 'Individual' },
  ];
}

/** Contact as an org without optional features describes it, with `customFields` custom fields. */
export function contactObject(customFields: number): DescribeDocument {
  return buildObject({
    name: 'Contact',
    keyPrefix: '003',
    flags: { mergeable: true, feedEnabled: true },
    fields: [
      idField(),
      isDeletedField(),
      {
        ...readOnly,
        name: 'MasterRecordId',
        type: 'reference',
        referenceTo: ['Contact'],
        relationshipName: 'MasterRecord',
      },
      { name: 'AccountId', type: 'reference', referenceTo: ['Account'], relationshipName: 'Account' },
      ...nameFields(),
      ...addressFields('Other'),
      ...addressFields('Mailing'),
      ...phoneFields(),
      ...workFields(),
      ...systemFields(),
      ...trailingFields(),
      ...contactCustomFields(customFields),
    ],
  });
}

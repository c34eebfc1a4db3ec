import type { DescribeDocument } from '../schema/describe-document.ts';
import { idField, isDeletedField, systemFields } from './field-builder.ts';
import { buildObject } from './object-builder.ts';

export const OPPORTUNITY_STAGES = [
  'Prospecting',
  'Qualification',
  'Needs Analysis',
  'Proposal/Price Quote',
  'Negotiation/Review',
  'Closed Won',
  'Closed Lost',
] as const;

export function opportunityObject(): DescribeDocument {
  const readOnly = { createable: false, updateable: false };
  return buildObject({
    name: 'Opportunity',
    labelPlural: 'Opportunities',
    keyPrefix: '006',
    flags: { feedEnabled: true },
    fields: [
      idField(),
      isDeletedField(),
      { name: 'AccountId', type: 'reference', referenceTo: ['Account'], relationshipName: 'Account' },
      { name: 'Name', type: 'string', length: 120, nillable: false, nameField: true },
      { name: 'Description', type: 'textarea', length: 32_000 },
      { name: 'StageName', label: 'Stage', type: 'picklist', nillable: false, picklist: OPPORTUNITY_STAGES },
      { name: 'Amount', type: 'currency', precision: 18, scale: 2 },
      { name: 'Probability', label: 'Probability (%)', type: 'percent', precision: 3, scale: 0 },
      { name: 'CloseDate', type: 'date', nillable: false },
      {
        name: 'Type',
        label: 'Opportunity Type',
        type: 'picklist',
        picklist: ['Existing Business', 'New Business'],
      },
      { name: 'NextStep', type: 'string', length: 255 },
      {
        name: 'LeadSource',
        type: 'picklist',
        picklist: ['Web', 'Phone Inquiry', 'Partner Referral', 'Purchased List', 'Other'],
      },
      { ...readOnly, name: 'IsClosed', label: 'Closed', type: 'boolean', nillable: false },
      { ...readOnly, name: 'IsWon', label: 'Won', type: 'boolean', nillable: false },
      {
        name: 'OwnerId',
        type: 'reference',
        nillable: false,
        defaultedOnCreate: true,
        referenceTo: ['User'],
        relationshipName: 'Owner',
      },
      {
        name: 'ContactId',
        type: 'reference',
        updateable: false,
        referenceTo: ['Contact'],
        relationshipName: 'Contact',
      },
      ...systemFields(),
      { ...readOnly, name: 'LastActivityDate', label: 'Last Activity', type: 'date' },
    ],
  });
}

import type { FieldFacts } from './field-builder.ts';

const NAMED: readonly FieldFacts[] = [
  {
    name: 'ParaHack_Id__c',
    label: 'ParaHack Id',
    type: 'string',
    length: 36,
    externalId: true,
    unique: true,
    idLookup: true,
  },
  { name: 'Lifetime_Value__c', type: 'currency', precision: 18, scale: 2 },
  { name: 'Newsletter__c', type: 'boolean', nillable: false, defaultedOnCreate: true },
  { name: 'Customer_Since__c', type: 'date' },
  {
    name: 'Tier__c',
    type: 'picklist',
    restrictedPicklist: true,
    picklist: ['Bronze', 'Silver', 'Gold', 'Platinum'],
  },
  {
    name: 'Interests__c',
    type: 'multipicklist',
    length: 4099,
    precision: 4,
    restrictedPicklist: true,
    picklist: ['Analytics', 'Billing', 'Integration', 'Mobile', 'Security'],
  },
  {
    name: 'Account_Label__c',
    type: 'string',
    length: 1300,
    calculated: true,
    createable: false,
    updateable: false,
    calculatedFormula: 'LastName & " @ " & Account.Name',
  },
  { name: 'Visits__c', type: 'double', precision: 18, scale: 0 },
  { name: 'Last_Seen__c', type: 'datetime' },
  { name: 'Notes__c', type: 'textarea', length: 32_768 },
];

/** The first `count` custom fields of Contact: ten with a use of their own, then plain texts. */
export function contactCustomFields(count: number): FieldFacts[] {
  const fields: FieldFacts[] = NAMED.slice(0, count).map((facts) => ({ ...facts }));
  for (let number = fields.length + 1; number <= count; number++) {
    fields.push({ name: `Custom_${number}__c`, type: 'string', length: 80 });
  }
  return fields;
}

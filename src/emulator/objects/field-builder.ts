import type { FieldDocument, PicklistValue } from '../schema/describe-document.ts';

/** What a field needs to be said of it; everything else follows from its type as Salesforce's describe has it. */
export type FieldFacts = Partial<FieldDocument> & {
  name: string;
  type: string;
  picklist?: readonly string[];
};

const SOAP_TYPES: Readonly<Record<string, string>> = {
  id: 'tns:ID',
  reference: 'tns:ID',
  boolean: 'xsd:boolean',
  int: 'xsd:int',
  double: 'xsd:double',
  currency: 'xsd:double',
  percent: 'xsd:double',
  date: 'xsd:date',
  datetime: 'xsd:dateTime',
  time: 'xsd:time',
  address: 'urn:address',
  location: 'urn:location',
  base64: 'xsd:base64Binary',
};

const DEFAULT_LENGTHS: Readonly<Record<string, number>> = {
  id: 18,
  reference: 18,
  email: 80,
  phone: 40,
  url: 255,
  picklist: 255,
  multipicklist: 4099,
  string: 255,
  textarea: 255,
  combobox: 255,
  encryptedstring: 175,
};

/** `MailingPostalCode` → `Mailing Postal Code`, `AccountId` → `Account ID`, `External_Id__c` → `External Id`. */
function labelOf(name: string): string {
  if (name.endsWith('__c')) return name.slice(0, -3).replaceAll('_', ' ');
  return name
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .replace(/\bId$/, 'ID')
    .trim();
}

export function picklistValue(value: string, defaultValue = false): PicklistValue {
  return { active: true, defaultValue, label: value, validFor: null, value };
}

/** A full field document: the keys of describe with the values that the type implies, where the facts say nothing. */
export function buildField(facts: FieldFacts): FieldDocument {
  const { picklist, ...given } = facts;
  const type = facts.type;
  const length = facts.length ?? DEFAULT_LENGTHS[type] ?? 0;
  const long = type === 'textarea' && length > 255;
  const compound = type === 'address' || type === 'location';
  const numeric = type === 'double' || type === 'currency' || type === 'percent';
  const referenceTo = facts.referenceTo ?? [];
  return {
    aggregatable: !long && !compound && type !== 'boolean' && type !== 'multipicklist',
    aiPredictionField: false,
    autoNumber: false,
    byteLength: facts.byteLength ?? (type === 'id' || type === 'reference' ? 18 : length * 3),
    calculated: false,
    calculatedFormula: null,
    cascadeDelete: false,
    caseSensitive: false,
    compoundFieldName: null,
    controllerName: null,
    createable: true,
    custom: facts.name.endsWith('__c'),
    defaultValue: type === 'boolean' ? false : null,
    defaultValueFormula: null,
    defaultedOnCreate: type === 'boolean',
    dependentPicklist: false,
    deprecatedAndHidden: false,
    digits: type === 'int' ? (facts.digits ?? 8) : 0,
    displayLocationInDecimal: type === 'location',
    encrypted: false,
    externalId: false,
    extraTypeInfo: null,
    filterable: !long,
    filteredLookupInfo: null,
    formulaTreatNullNumberAsZero: false,
    groupable: !long && !compound && !numeric && type !== 'datetime' && type !== 'multipicklist',
    highScaleNumber: false,
    htmlFormatted: false,
    idLookup: type === 'id',
    inlineHelpText: null,
    label: labelOf(facts.name),
    length,
    mask: null,
    maskType: null,
    nameField: false,
    namePointing: false,
    nillable: type !== 'boolean',
    permissionable: facts.name.endsWith('__c'),
    picklistValues: (picklist ?? []).map((value) => picklistValue(value)),
    polymorphicForeignKey: referenceTo.length > 1,
    precision: numeric ? 18 : 0,
    queryByDistance: compound,
    referenceTargetField: null,
    referenceTo,
    relationshipName: null,
    relationshipOrder: null,
    restrictedDelete: false,
    restrictedPicklist: false,
    scale: 0,
    searchPrefilterable: type === 'reference',
    soapType: SOAP_TYPES[type] ?? 'xsd:string',
    sortable: !long && !compound && type !== 'multipicklist',
    unique: false,
    updateable: true,
    writeRequiresMasterRead: false,
    ...given,
  };
}

/** The fields that Salesforce itself writes, in nearly every object. */
export function systemFields(): FieldFacts[] {
  const system = { nillable: false, createable: false, updateable: false, defaultedOnCreate: true };
  const user = { ...system, type: 'reference', referenceTo: ['User'] };
  return [
    { ...system, name: 'CreatedDate', type: 'datetime' },
    { ...user, name: 'CreatedById', relationshipName: 'CreatedBy' },
    { ...system, name: 'LastModifiedDate', type: 'datetime' },
    { ...user, name: 'LastModifiedById', relationshipName: 'LastModifiedBy' },
    { ...system, name: 'SystemModstamp', type: 'datetime' },
  ];
}

export function idField(): FieldFacts {
  return {
    name: 'Id',
    label: 'Record ID',
    type: 'id',
    nillable: false,
    createable: false,
    updateable: false,
    defaultedOnCreate: true,
    aggregatable: true,
  };
}

export function isDeletedField(): FieldFacts {
  return {
    name: 'IsDeleted',
    label: 'Deleted',
    type: 'boolean',
    nillable: false,
    createable: false,
    updateable: false,
    defaultedOnCreate: true,
  };
}

/** The parts of an address and the compound field over them. */
export function addressFields(prefix: string): FieldFacts[] {
  const part = { compoundFieldName: `${prefix}Address` };
  const degrees = { ...part, type: 'double', precision: 18, scale: 15 };
  return [
    { ...part, name: `${prefix}Street`, type: 'textarea', length: 255 },
    { ...part, name: `${prefix}City`, type: 'string', length: 40 },
    { ...part, name: `${prefix}State`, label: `${prefix} State/Province`, type: 'string', length: 80 },
    { ...part, name: `${prefix}PostalCode`, label: `${prefix} Zip/Postal Code`, type: 'string', length: 20 },
    { ...part, name: `${prefix}Country`, type: 'string', length: 80 },
    { ...degrees, name: `${prefix}Latitude` },
    { ...degrees, name: `${prefix}Longitude` },
    {
      ...part,
      name: `${prefix}GeocodeAccuracy`,
      type: 'picklist',
      length: 40,
      restrictedPicklist: true,
      picklist: [
        'Address',
        'NearAddress',
        'Block',
        'Street',
        'ExtendedZip',
        'Zip',
        'Neighborhood',
        'City',
        'County',
        'State',
        'Unknown',
      ],
    },
    {
      name: `${prefix}Address`,
      type: 'address',
      nillable: true,
      createable: false,
      updateable: false,
      filterable: true,
      sortable: false,
      groupable: false,
    },
  ];
}

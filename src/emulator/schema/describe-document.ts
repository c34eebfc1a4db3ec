/** A picklist value as describe gives it. */
export interface PicklistValue {
  active: boolean;
  defaultValue: boolean;
  label: string | null;
  validFor: string | null;
  value: string;
}

/** One field of a describe document, with the keys that the org itself reads; all others are kept as they came. */
export interface FieldDocument {
  name: string;
  label: string;
  type: string;
  soapType: string;
  length: number;
  byteLength: number;
  precision: number;
  scale: number;
  digits: number;
  nillable: boolean;
  createable: boolean;
  updateable: boolean;
  filterable: boolean;
  sortable: boolean;
  groupable: boolean;
  aggregatable: boolean;
  calculated: boolean;
  calculatedFormula: string | null;
  compoundFieldName: string | null;
  custom: boolean;
  externalId: boolean;
  idLookup: boolean;
  unique: boolean;
  caseSensitive: boolean;
  defaultValue: string | number | boolean | null;
  defaultedOnCreate: boolean;
  nameField: boolean;
  autoNumber: boolean;
  referenceTo: string[];
  relationshipName: string | null;
  restrictedPicklist: boolean;
  picklistValues: PicklistValue[];
  [key: string]: unknown;
}

/** A child relationship of a describe document. */
export interface ChildRelationshipDocument {
  childSObject: string;
  field: string;
  relationshipName: string | null;
  cascadeDelete: boolean;
  [key: string]: unknown;
}

/**
 * An object's describe document in Salesforce's own JSON shape (REST API, sObject Describe). `urls` hold
 * `/services/data/v{version}` with the version left as `{version}`: the HTTP side fills it in.
 */
export interface DescribeDocument {
  name: string;
  label: string;
  labelPlural: string;
  keyPrefix: string | null;
  custom: boolean;
  createable: boolean;
  updateable: boolean;
  deletable: boolean;
  undeletable: boolean;
  mergeable: boolean;
  queryable: boolean;
  replicateable: boolean;
  retrieveable: boolean;
  searchable: boolean;
  fields: FieldDocument[];
  childRelationships: ChildRelationshipDocument[];
  urls: Record<string, string>;
  [key: string]: unknown;
}

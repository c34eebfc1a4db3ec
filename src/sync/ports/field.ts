/** A field as describe tells it, reduced to what sync decides on. Names as Salesforce spells them. */
export interface Field {
  name: string;
  label: string;
  /** Salesforce's field type: `id`, `string`, `boolean`, `double`, `datetime`, `picklist`, … */
  type: string;
  /** Characters; 0 where the type has no length. */
  length: number;
  precision: number;
  scale: number;
  digits: number;
  nillable: boolean;
  createable: boolean;
  updateable: boolean;
  /** Formula field: its changes do not touch SystemModstamp. */
  calculated: boolean;
  defaultedOnCreate: boolean;
  externalId: boolean;
  unique: boolean;
  idLookup: boolean;
  /** Whether "A" and "a" are two values of a unique field; not told by what a former version stored. */
  caseSensitive?: boolean;
  custom: boolean;
  restrictedPicklist: boolean;
  /** Active values; empty where the field is no picklist. */
  picklistValues: string[];
  referenceTo: string[];
  /** Name of the parent as a member (`Account`, `Parent__r`); null where the field is no reference. */
  relationshipName: string | null;
  /** The object's name for people (`Name`). */
  nameField: boolean;
}

export interface ObjectDescribe {
  fields: Field[];
  /** `Last-Modified` of the answer, sent back as `If-Modified-Since`; null where there was none. */
  lastModified: string | null;
}

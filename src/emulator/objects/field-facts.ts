import { OrgFault } from '../schema/fault.ts';
import { type FieldFacts, picklistValue } from './field-builder.ts';

/** Types that describe knows and the org can store or compute. */
const FIELD_TYPES = new Set([
  'id',
  'string',
  'boolean',
  'int',
  'double',
  'currency',
  'percent',
  'date',
  'datetime',
  'time',
  'reference',
  'picklist',
  'multipicklist',
  'combobox',
  'textarea',
  'phone',
  'url',
  'email',
  'encryptedstring',
  'address',
  'location',
  'anyType',
  'base64',
]);

const API_NAME = /^[A-Za-z](?:\w*[A-Za-z0-9])?$/;
const LONGEST_NAME = 80;

export function isApiName(name: unknown): name is string {
  return typeof name === 'string' && name.length <= LONGEST_NAME && API_NAME.test(name);
}

/** The keys that the org reads, by what they must be; all others are kept as they came. */
const COUNTS = ['length', 'byteLength', 'precision', 'scale', 'digits'];
const FLAGS = [
  'nillable',
  'createable',
  'updateable',
  'filterable',
  'sortable',
  'groupable',
  'aggregatable',
  'calculated',
  'externalId',
  'idLookup',
  'unique',
  'caseSensitive',
  'defaultedOnCreate',
  'nameField',
  'restrictedPicklist',
];
const TEXTS = ['label', 'relationshipName', 'calculatedFormula', 'compoundFieldName'];

const isCount = (value: unknown) => Number.isInteger(value) && (value as number) >= 0;
const isText = (value: unknown) => typeof value === 'string';

/**
 * A field from a describe document or from `addFields`: name and type suffice, a null stands for a key left out.
 * Throws INVALID_DESCRIBE.
 */
export function checkedField(value: unknown, where: string): FieldFacts {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    refuse(`${where} holds a field that is no object`);
  }
  const field = Object.fromEntries(Object.entries(value).filter(([, given]) => given !== null));
  const { name, type } = field;
  if (!isApiName(name)) {
    refuse(`${where} has a field without a usable name: ${JSON.stringify(name)?.slice(0, 100)}`);
  }
  if (typeof type !== 'string' || !FIELD_TYPES.has(type)) {
    refuse(`${where}.${name} has the unknown type ${JSON.stringify(type)?.slice(0, 100)}`);
  }
  const check = (keys: readonly string[], what: string, fits: (value: unknown) => boolean) => {
    const wrong = keys.find((key) => field[key] !== undefined && !fits(field[key]));
    if (wrong !== undefined) refuse(`${where}.${name}.${wrong} must be ${what}`);
  };
  check(COUNTS, 'a whole number from 0 on', isCount);
  check(FLAGS, 'true or false', (flag) => typeof flag === 'boolean');
  check(TEXTS, 'a text', isText);
  check(['referenceTo', 'picklist'], 'a list of names', (list) => Array.isArray(list) && list.every(isText));
  check(['picklistValues'], 'a list of objects with a value', isListOfValues);
  return { ...field, ...picklistOf(field.picklistValues), name, type } as FieldFacts;
}

function isListOfValues(list: unknown): boolean {
  return (
    Array.isArray(list) &&
    list.every((entry) => typeof entry?.value === 'string' && entry.value.trim() !== '')
  );
}

/** Entries as describe has them, where only the value is given. */
function picklistOf(list: unknown): { picklistValues?: FieldFacts['picklistValues'] } {
  if (!Array.isArray(list)) return {};
  return { picklistValues: list.map((entry) => ({ ...picklistValue(entry.value), ...entry })) };
}

function refuse(what: string): never {
  throw new OrgFault('INVALID_DESCRIBE', `The describe document is not usable: ${what}.`);
}

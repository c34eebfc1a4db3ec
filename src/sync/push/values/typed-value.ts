import { NumberText } from '../../../base/number-text.ts';
import type { Field } from '../../ports/field.ts';
import { datetimeValue, dateValue } from './date-value.ts';
import { numberValue } from './number-value.ts';
import { textValue } from './text-value.ts';
import { quoted, type Typed, wrong } from './typed.ts';

/**
 * A value as Salesforce's JSON wants it for this field, or what is wrong with it; from CSV or JSON alike, since
 * Salesforce takes a text for every type. Only what describe says is checked; rules that live in the org, and
 * whatever it may or may not accept, are the org's to tell.
 *
 * Source: REST API Developer Guide, "Field types"; Bulk API 2.0 Developer Guide, "Prepare Data to Ingest".
 */
export function typedValue(value: unknown, field: Field): Typed {
  const typed = value === null || value === undefined ? { value: null } : givenValue(value, field);
  if (!('value' in typed) || typed.value !== null || field.nillable || field.defaultedOnCreate) return typed;
  return { fault: { code: 'REQUIRED_FIELD_MISSING', message: `${field.name} must not be empty.` } };
}

function givenValue(value: unknown, field: Field): Typed {
  // From programs alone: JSON has neither, and their text is nothing that anybody meant.
  if (typeof value === 'symbol' || typeof value === 'function')
    return wrong(`${field.name} takes a plain value, not a ${typeof value}.`);
  switch (field.type) {
    case 'boolean':
      return booleanValue(value, field);
    case 'int':
    case 'long':
    case 'double':
    case 'currency':
    case 'percent':
      return numberValue(value, field);
    case 'date':
      return dateValue(value, field);
    case 'datetime':
      return datetimeValue(value, field);
    default:
      return textValue(value, field);
  }
}

/** Data Loader's words. Source: Data Loader Guide, "Data Types Supported by Data Loader". */
const booleans = new Map<string, boolean>([
  ...['true', '1', 'yes', 'y', 'on'].map((word) => [word, true] as const),
  ...['false', '0', 'no', 'n', 'off'].map((word) => [word, false] as const),
]);

/** Null where the value is no boolean in any way of writing one. */
export function booleanOf(value: unknown): boolean | null {
  if (typeof value === 'object' && !(value instanceof NumberText)) return null;
  return booleans.get(String(value).trim().toLowerCase()) ?? null;
}

function booleanValue(value: unknown, field: Field): Typed {
  if (typeof value === 'string' && value.trim() === '') return { value: null };
  const boolean = booleanOf(value);
  return boolean === null
    ? wrong(`${field.name} is true or false, not ${quoted(value)}.`)
    : { value: boolean };
}

import { parseTime } from '../../base/iso-time.ts';
import type { Field } from '../ports/field.ts';

export interface FieldFault {
  /** Stable upper-case word. */
  code: string;
  message: string;
}

type Typed = { value: unknown } | { fault: FieldFault };

const wrong = (message: string): Typed => ({ fault: { code: 'WRONG_TYPE', message } });

/**
 * A value as Salesforce's JSON wants it for this field, or what is wrong with it. `untyped` values are CSV
 * text. Only what describe says is checked; rules that live in the org are the org's to tell.
 *
 * Source: REST API Developer Guide, "Field types" and "Working with datasets" (dates).
 */
export function typedValue(value: unknown, field: Field, untyped: boolean): Typed {
  if (value === null || value === undefined || (untyped && value === '')) {
    return field.nillable || field.defaultedOnCreate
      ? { value: null }
      : { fault: { code: 'REQUIRED_FIELD_MISSING', message: `${field.name} must not be empty.` } };
  }
  if (typeof value === 'object') return wrong(`${field.name} takes a plain value, not an object or a list.`);
  switch (field.type) {
    case 'boolean':
      return booleanValue(value, field, untyped);
    case 'int':
    case 'long':
    case 'double':
    case 'currency':
    case 'percent':
      return numberValue(value, field, untyped);
    case 'date':
      return dateValue(value, field);
    case 'datetime':
      return datetimeValue(value, field);
    default:
      return textValue(value, field);
  }
}

function booleanValue(value: unknown, field: Field, untyped: boolean): Typed {
  if (typeof value === 'boolean') return { value };
  const text = untyped ? String(value).toLowerCase() : '';
  if (text === 'true' || text === '1') return { value: true };
  if (text === 'false' || text === '0') return { value: false };
  return wrong(`${field.name} is true or false, not ${JSON.stringify(value)}.`);
}

function numberValue(value: unknown, field: Field, untyped: boolean): Typed {
  const number = untyped && typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isFinite(number)) {
    return wrong(`${field.name} is a number, not ${JSON.stringify(value)}.`);
  }
  const whole = field.type === 'int' || field.type === 'long';
  if (whole && !Number.isInteger(number)) return wrong(`${field.name} is a whole number, not ${number}.`);
  const digits = whole ? field.digits : field.precision - field.scale;
  if (digits > 0 && Math.abs(number) >= 10 ** digits) {
    return {
      fault: {
        code: 'NUMBER_OUTSIDE_VALID_RANGE',
        message: `${field.name} has at most ${digits} digits before the point.`,
      },
    };
  }
  return { value: number };
}

function dateValue(value: unknown, field: Field): Typed {
  if (typeof value === 'string' && /^\d{4}-\d\d-\d\d$/.test(value)) {
    const ms = parseTime(`${value}T00:00:00Z`);
    if (ms !== null && new Date(ms).toISOString().startsWith(value)) return { value };
  }
  return wrong(`${field.name} is a date like 2026-01-31, not ${JSON.stringify(value)}.`);
}

function datetimeValue(value: unknown, field: Field): Typed {
  const isTime =
    typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)$/.test(value);
  if (isTime && parseTime(value) !== null) return { value };
  return wrong(`${field.name} is a time like 2026-01-31T12:00:00Z, not ${JSON.stringify(value)}.`);
}

function textValue(value: unknown, field: Field): Typed {
  if (typeof value !== 'string') return wrong(`${field.name} is text, not ${JSON.stringify(value)}.`);
  const characters = [...value].length;
  if (field.length > 0 && field.type !== 'reference' && characters > field.length) {
    return {
      fault: {
        code: 'STRING_TOO_LONG',
        message: `${field.name} takes ${field.length} characters and got ${characters}.`,
      },
    };
  }
  if (field.type === 'email' && value !== '' && !/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(value)) {
    return {
      fault: { code: 'INVALID_EMAIL_ADDRESS', message: `${field.name} "${value}" is not an e-mail address.` },
    };
  }
  if (field.type === 'reference' && value !== '' && !/^[A-Za-z0-9]{15}([A-Za-z0-5]{3})?$/.test(value)) {
    return { fault: { code: 'MALFORMED_ID', message: `${field.name} "${value}" is not a Salesforce Id.` } };
  }
  if (field.restrictedPicklist && field.picklistValues.length > 0 && value !== '') {
    const given = field.type === 'multipicklist' ? value.split(';') : [value];
    const unknown = given.find((item) => !field.picklistValues.includes(item));
    if (unknown !== undefined) {
      return {
        fault: {
          code: 'INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST',
          message: `${field.name} does not know "${unknown}"; it takes ${field.picklistValues.join(', ')}.`,
        },
      };
    }
  }
  if (value.trim() === '' && !field.nillable && !field.defaultedOnCreate) {
    return { fault: { code: 'REQUIRED_FIELD_MISSING', message: `${field.name} must not be empty.` } };
  }
  return { value };
}

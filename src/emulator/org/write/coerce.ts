import type { SaveError } from '../../engine/save-result.ts';
import { OrgFault } from '../../schema/fault.ts';
import type { Field, SqlValue } from '../../schema/field.ts';
import { normalizeId } from '../../schema/record-id.ts';
import { parseDay, parseInstant, storedInstant } from '../../schema/stamp.ts';
import { saveError } from './value-error.ts';

export type Coerced = { readonly value: SqlValue } | { readonly error: SaveError };

/** Where values come from decides what a wrong type is: a request that cannot be read (JSON), or a bad row (CSV). */
export interface CoerceSource {
  readonly kind: 'json' | 'csv';
  readonly body: string | undefined;
}

/**
 * Something@something.tld, one @, no blanks, no dot at the beginning: what Salesforce's own check comes to for
 * ordinary addresses (help 000384328).
 */
const EMAIL = /^(?!\.)[^\s@<>()[\]\\,;:"]+@[^\s@<>()[\]\\,;:"]+\.[^\s@<>()[\]\\,;:".]{2,}$/u;

/**
 * A value as the field's column holds it, after Salesforce's own normalisation: texts are trimmed, empty texts are
 * null, instants lose their milliseconds, numbers are rounded to the field's scale.
 */
export function coerce(field: Field, raw: unknown, source: CoerceSource): Coerced {
  if (raw === null || raw === undefined || (source.kind === 'csv' && raw === '#N/A')) return { value: null };
  switch (field.type) {
    case 'boolean':
      return coerceBoolean(field, raw, source);
    case 'int':
    case 'double':
    case 'currency':
    case 'percent':
      return coerceNumber(field, raw, source);
    case 'date':
    case 'datetime':
    case 'time':
      return coerceTime(field, raw, source);
    default:
      return coerceText(field, raw, source);
  }
}

/**
 * The value cannot be of the field's type. For JSON the whole request is refused with JSON_PARSER_ERROR, its words
 * those of the parser; for CSV the row is, with INVALID_TYPE_ON_FIELD_IN_RECORD.
 */
function wrongType(field: Field, raw: unknown, type: string, source: CoerceSource): { error: SaveError } {
  if (source.kind === 'csv') {
    return {
      error: saveError(
        'INVALID_TYPE_ON_FIELD_IN_RECORD',
        `${field.document.label}: value not of required type: ${String(raw)}`,
        field.name,
      ),
    };
  }
  const token =
    typeof raw === 'string'
      ? `VALUE_STRING value ${raw}`
      : typeof raw === 'boolean'
        ? `VALUE_${String(raw).toUpperCase()} value ${raw}`
        : typeof raw === 'number'
          ? `VALUE_NUMBER_${Number.isInteger(raw) ? 'INT' : 'FLOAT'} value ${raw}`
          : Array.isArray(raw)
            ? 'START_ARRAY value ['
            : 'START_OBJECT value {';
  throw new OrgFault(
    'JSON_PARSER_ERROR',
    `Cannot deserialize instance of ${type} from ${token} or request may be missing a required field at [line:${lineColumn(field, source.body)}]`,
  );
}

/** Where the field stands in the request's text. */
function lineColumn(field: Field, body: string | undefined): string {
  const at = Math.max(0, body?.indexOf(`"${field.name}"`) ?? 0);
  const before = (body ?? '').slice(0, at);
  const line = before.split('\n').length;
  return `${line}, column:${at - (before.lastIndexOf('\n') + 1) + 1}`;
}

function coerceBoolean(field: Field, raw: unknown, source: CoerceSource): Coerced {
  const text = typeof raw === 'string' ? raw.trim().toLowerCase() : raw;
  if (text === true || text === 'true' || (source.kind === 'csv' && text === '1')) return { value: 1 };
  if (text === false || text === 'false' || (source.kind === 'csv' && text === '0')) return { value: 0 };
  return wrongType(field, raw, 'boolean', source);
}

function coerceNumber(field: Field, raw: unknown, source: CoerceSource): Coerced {
  const type = field.type === 'int' ? 'int' : 'double';
  if (raw === '') return { value: null };
  const number = typeof raw === 'string' && raw.trim() !== '' ? Number(raw) : raw;
  if (typeof number !== 'number' || !Number.isFinite(number)) return wrongType(field, raw, type, source);
  if (type === 'int') {
    if (!Number.isInteger(number)) return wrongType(field, raw, type, source);
    return Math.abs(number) > 0x7fffffff ? outsideRange(field, number) : { value: number };
  }
  const { precision, scale } = field.document;
  if (precision > 0 && Math.abs(number) >= 10 ** (precision - scale)) return outsideRange(field, number);
  // Doubles hold 15 digits, so a coarser scale is all that can be rounded to.
  return { value: scale < 15 ? shifted(Math.round(shifted(number, scale)), -scale) : number };
}

/** Times ten to the power of `places`, to the last digit: `1e-7` is a form that JavaScript writes numbers in, too. */
function shifted(number: number, places: number): number {
  const [digits, exponent = '0'] = String(number).split('e');
  return Number(`${digits}e${Number(exponent) + places}`);
}

function outsideRange(field: Field, number: number): { error: SaveError } {
  return {
    error: saveError(
      'NUMBER_OUTSIDE_VALID_RANGE',
      `${field.document.label}: value outside of valid range on numeric field: ${number}`,
      field.name,
    ),
  };
}

function coerceTime(field: Field, raw: unknown, source: CoerceSource): Coerced {
  if (raw === '') return { value: null };
  if (typeof raw !== 'string') return wrongType(field, raw, field.type, source);
  const text = raw.trim();
  if (field.type === 'time') {
    const match = /^(\d\d):(\d\d):(\d\d)(?:\.(\d{1,3}))?Z?$/.exec(text);
    return match
      ? { value: `${text.slice(0, 8)}.${(match[4] ?? '').padEnd(3, '0')}Z` }
      : wrongType(field, raw, 'time', source);
  }
  if (field.type === 'date') {
    const instant = parseInstant(text);
    const day = parseDay(text) ?? (instant === undefined ? undefined : storedInstant(instant).slice(0, 10));
    return day === undefined ? wrongType(field, raw, 'date', source) : { value: day };
  }
  const ms = parseInstant(text) ?? (source.kind === 'csv' && parseDay(text) ? Date.parse(text) : undefined);
  if (ms === undefined) return wrongType(field, raw, 'datetime', source);
  return { value: storedInstant(Math.floor(ms / 1000) * 1000) };
}

function coerceText(field: Field, raw: unknown, source: CoerceSource): Coerced {
  if (typeof raw === 'object') return wrongType(field, raw, 'string', source);
  const text = trimEdges(String(raw).replaceAll('\0', ''));
  if (text === '') return { value: null };
  switch (field.type) {
    case 'id':
    case 'reference':
      return coerceId(field, text);
    case 'picklist':
      return coercePicklist(field, text);
    case 'multipicklist':
      return coerceMultiPicklist(field, text);
    case 'email':
      if (!EMAIL.test(text)) {
        return {
          error: saveError(
            'INVALID_EMAIL_ADDRESS',
            `${field.document.label}: invalid email address: ${text}`,
            field.name,
          ),
        };
      }
      // "Salesforce stores email addresses in lower case" (help 000384328).
      return checkedLength(field, text.toLowerCase());
    default:
      return checkedLength(field, text);
  }
}

function checkedLength(field: Field, text: string): Coerced {
  const { length, label } = field.document;
  if (length > 0 && text.length > length) {
    const message = `${label}: data value too large: ${text} (max length=${length})`;
    return { error: saveError('STRING_TOO_LONG', message, field.name) };
  }
  return { value: text };
}

function coerceId(field: Field, text: string): Coerced {
  const id = normalizeId(text);
  if (id !== undefined) return { value: id };
  const message = `${field.document.label}: id value of incorrect type: ${text}`;
  return { error: saveError('MALFORMED_ID', message, field.name) };
}

function restricted(field: Field, text: string): { error: SaveError } {
  const message = `${field.document.label}: bad value for restricted picklist field: ${text}`;
  return { error: saveError('INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST', message, field.name) };
}

/** A value in another case is taken as the one that is defined. */
function defined(field: Field, text: string): string | undefined {
  const folded = text.toLowerCase();
  return field.document.picklistValues.find((entry) => entry.active && entry.value.toLowerCase() === folded)
    ?.value;
}

/** Without blanks and control characters at both ends; a no-break space stays (Apex Developer Guide, "String", trim). */
function trimEdges(text: string): string {
  let [from, to] = [0, text.length];
  while (from < to && text.charCodeAt(from) <= 0x20) from++;
  while (from < to && text.charCodeAt(to - 1) <= 0x20) to--;
  return text.slice(from, to);
}

function coercePicklist(field: Field, text: string): Coerced {
  const value = defined(field, text);
  if (value !== undefined) return { value };
  return field.document.restrictedPicklist ? restricted(field, text) : checkedLength(field, text);
}

function coerceMultiPicklist(field: Field, text: string): Coerced {
  const chosen: string[] = [];
  for (const part of text.split(';').map((piece) => piece.trim())) {
    if (part === '') continue;
    const value = defined(field, part);
    if (value === undefined && field.document.restrictedPicklist) return restricted(field, part);
    if (!chosen.includes(value ?? part)) chosen.push(value ?? part);
  }
  // Stored in the order of the values' definition, unknown ones behind.
  const order = field.document.picklistValues.map((entry) => entry.value);
  const rank = (value: string) => (order.includes(value) ? order.indexOf(value) : order.length);
  chosen.sort((a, b) => rank(a) - rank(b));
  return chosen.length === 0 ? { value: null } : checkedLength(field, chosen.join(';'));
}

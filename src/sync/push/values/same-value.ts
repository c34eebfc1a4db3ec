import { parseTime } from '../../../base/iso-time.ts';
import { trimEdges } from '../../../base/trim-edges.ts';
import { fullId } from '../../../org/record-id.ts';
import type { Field } from '../../ports/field.ts';
import { decimalText, parseDecimal, plainDecimal, roundedTo } from './decimal.ts';

/**
 * Whether two values of a field are the same once Salesforce has taken them: texts are trimmed, an empty text is
 * nothing, e-mail addresses are kept in small letters, numbers rounded to the field's scale. Either may be as the
 * API gives it, as a file gave it, or as the mirror stores it.
 */
export function sameValue(a: unknown, b: unknown, field: Pick<Field, 'type' | 'scale'> | undefined): boolean {
  return normalValue(a, field) === normalValue(b, field);
}

/**
 * Whether Salesforce surely keeps the same of two values of a field: as `sameValue`, without what an org may tell apart. It
 * keeps a no-break space at the end of a text, and the letters' case of a picklist value that is not defined.
 */
export function surelySame(
  a: unknown,
  b: unknown,
  field: Pick<Field, 'type' | 'scale' | 'picklistValues'> | undefined,
): boolean {
  if (!sameValue(a, b, field)) return false;
  if (typeof a === 'number' || typeof b === 'number') return true;
  return keptValue(a, field) === keptValue(b, field);
}

/** The one text for all values of a field of which Salesforce surely keeps the same; null for nothing. */
export function keptValue(
  value: unknown,
  field: Pick<Field, 'type' | 'scale' | 'picklistValues'> | undefined,
): string | null {
  if (typeof value === 'number') return normalValue(value, field);
  switch (field?.type) {
    case 'boolean':
    case 'int':
    case 'long':
    case 'double':
    case 'currency':
    case 'percent':
    case 'date':
    case 'datetime':
    case 'time':
    case 'reference':
    case 'email':
      return normalValue(value, field);
    case 'picklist':
      return picked([keptText(value)], field) || null;
    case 'multipicklist':
      return picked(itemsOf(keptText(value)), field) || null;
    default:
      return keptText(value) || null;
  }
}

function keptText(value: unknown): string {
  return value === null || value === undefined ? '' : trimEdges(String(value).replaceAll('\r\n', '\n'));
}

/** Values in any order, the defined ones in one case. */
function picked(items: readonly string[], { picklistValues }: Pick<Field, 'picklistValues'>): string {
  const defined = definedOf(picklistValues);
  return asSet(items.map((item) => (defined.has(item.toLowerCase()) ? item.toLowerCase() : item)));
}

/** The values of a multi-select picklist: what is blank between two semicolons is none. */
export function itemsOf(text: string): string[] {
  return text
    .split(';')
    .map((item) => trimEdges(item).trim())
    .filter((item) => item !== '');
}

/** In any order, and each once, as Salesforce keeps them. */
function asSet(items: readonly string[]): string {
  return [...new Set(items)].toSorted().join(';');
}

/** In small letters, by a field's values: very many values are compared. */
const definedValues = new WeakMap<readonly string[], ReadonlySet<string>>();

function definedOf(values: readonly string[]): ReadonlySet<string> {
  const known = definedValues.get(values) ?? new Set(values.map((item) => item.toLowerCase()));
  definedValues.set(values, known);
  return known;
}

/** The one text for all values of a field that are the same; null for nothing. */
export function normalValue(value: unknown, field: Pick<Field, 'type' | 'scale'> | undefined): string | null {
  if (value === null || value === undefined) return field?.type === 'boolean' ? 'false' : null;
  const text = trimEdges(String(value).replaceAll('\r\n', '\n')).trim();
  if (text === '') return null;
  switch (field?.type) {
    case 'boolean':
      return text === '1' || text.toLowerCase() === 'true' ? 'true' : 'false';
    case 'int':
    case 'long':
    case 'double':
    case 'currency':
    case 'percent':
      return rounded(text, field.scale);
    case 'date':
      return dayOf(text);
    case 'datetime': {
      const ms = parseTime(text);
      return ms === null ? text : String(Math.floor(ms / 1_000));
    }
    case 'time':
      return text
        .replace(/Z$/, '')
        .replace(/(\.\d*?)0+$/, '$1')
        .replace(/\.$/, '');
    case 'reference':
      return fullId(text);
    case 'email':
    case 'picklist':
    case 'combobox':
      return text.toLowerCase();
    case 'multipicklist':
      return asSet(itemsOf(text.toLowerCase())) || null;
    default:
      return typeof value === 'number' ? plainDecimal(text) : text;
  }
}

/** Of an instant Salesforce keeps the day in UTC; an earlier version sent it as it was given. */
function dayOf(text: string): string {
  const ms = /T.*(?:Z|[+-]\d\d:?\d\d)$/.test(text) ? parseTime(text) : null;
  return ms === null ? text.slice(0, 10) : new Date(ms).toISOString().slice(0, 10);
}

function rounded(text: string, scale: number): string {
  const decimal = parseDecimal(text);
  return decimal === null ? text : decimalText(roundedTo(decimal, scale));
}

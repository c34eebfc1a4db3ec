import type { Field } from '../../ports/field.ts';
import { plainDecimal } from './decimal.ts';

const numberTypes = new Set(['int', 'long', 'double', 'currency', 'percent']);

/**
 * One text for all values of an external id field that Salesforce takes for the same: numbers by value, texts without
 * regard to case unless the field is case-sensitive. Null where the value is empty and so names nothing.
 * Source: Object Reference, "Custom Fields" (External ID, Unique).
 */
export function externalIdName(
  field: Pick<Field, 'name' | 'type' | 'caseSensitive'>,
  value: unknown,
): string | null {
  if (value === null || value === undefined) return null;
  const text = String(value).trim();
  if (text === '') return null;
  const number = numberTypes.has(field.type) ? plainDecimal(text) : null;
  return `${field.name} ${number ?? (field.caseSensitive === true ? text : text.toLowerCase())}`;
}

import type { Field } from '../../ports/field.ts';
import { normalValue } from './same-value.ts';

/**
 * The one form of all values that Salesforce takes for this one, where it is another than the value itself; null else. Of what
 * has one form only by the org's own setup (an open picklist in another case), each value stands for itself.
 */
export function alikeValue(value: unknown, field: Field): string | null {
  if (typeof value !== 'string') return null;
  switch (field.type) {
    case 'picklist':
    case 'multipicklist':
      return field.restrictedPicklist ? normalOf(value, field) : null;
    case 'reference':
    case 'email':
    case 'date':
    case 'datetime':
    case 'time':
      return normalOf(value, field);
    default:
      return null;
  }
}

function normalOf(value: string, field: Field): string | null {
  const one = normalValue(value, field);
  return one === value ? null : one;
}

import type { StoredField } from '../ports/schema-store.ts';

/**
 * Kept by Salesforce itself, each user's own or derived, without a new SystemModstamp. Source: Object Reference,
 * "System Fields" and the fields of Contact.
 */
const keptBySalesforce: ReadonlySet<string> = new Set([
  'LastActivityDate',
  'LastViewedDate',
  'LastReferencedDate',
  'PhotoUrl',
]);

/**
 * Names of the fields whose values change while SystemModstamp stays: formulas and roll-ups, which describe calls
 * calculated, and what Salesforce keeps. No cycle brings their changes. Pure.
 */
export function stamplessFields(fields: readonly StoredField[]): string[] {
  return fields
    .filter(({ vanished, calculated, name }) => !vanished && (calculated || keptBySalesforce.has(name)))
    .map(({ name }) => name);
}

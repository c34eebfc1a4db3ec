import type { Field } from '../sync/ports/field.ts';

/** Salesforce allows some 900 fields of an object, a table of ours 2,000 columns with its own. */
const mostFields = 1_800;

/** Which have their meaning for the mirror whatever the org calls its fields. */
const reserved = new Set(['rowid', 'oid']);

/** What keeps described fields from being columns, in a few words; null where nothing does. */
export function faultOfFields(fields: readonly Field[]): string | null {
  if (fields.length > mostFields) return `${fields.length} fields`;
  const names = new Set<string>();
  for (const { name } of fields) {
    const lower = name.toLowerCase();
    // Names of fields begin with a letter, so they never meet the mirror's own columns, which do not.
    if (!/^[a-z]\w{0,119}$/.test(lower) || reserved.has(lower)) {
      return `a field cannot be called ${JSON.stringify(name.slice(0, 40))}`;
    }
    if (names.has(lower)) return `the field ${name} twice`;
    names.add(lower);
  }
  return null;
}

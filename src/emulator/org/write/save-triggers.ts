import type { SaveTrigger } from '../../engine/org-settings.ts';
import type { OrgState, StoredRow } from '../../engine/org-state.ts';
import type { SaveError } from '../../engine/save-result.ts';
import type { ObjectSchema } from '../../schema/object-schema.ts';
import { coerce } from './coerce.ts';

/**
 * What the org's own triggers make of a row before it is checked and stored: the columns that they give another value,
 * and why one of these cannot be stored.
 */
export function triggered(
  state: OrgState,
  object: ObjectSchema,
  row: StoredRow,
): { set: StoredRow; errors: SaveError[] } {
  const set: StoredRow = {};
  const errors: SaveError[] = [];
  for (const trigger of state.settings.saveTriggers) {
    if ((trigger.object ?? 'Contact').toLowerCase() !== object.name.toLowerCase()) continue;
    const field = object.field(trigger.field);
    if (!field) continue;
    const before = field.name in set ? set[field.name] : row[field.name];
    const value = valueBehind(trigger, before ?? null);
    if (value === before) continue;
    const coerced = coerce(field, value, { kind: 'json', body: undefined });
    if ('error' in coerced) errors.push(coerced.error);
    else set[field.name] = coerced.value;
  }
  return { set, errors };
}

/** A text that has its prefix gets it no second time. */
function valueBehind({ set, prefix, upper }: SaveTrigger, before: unknown): unknown {
  if (set !== undefined) return set;
  if (typeof before !== 'string') return before;
  const text = prefix === undefined || before.startsWith(prefix) ? before : `${prefix}${before}`;
  return upper === true ? text.toUpperCase() : text;
}

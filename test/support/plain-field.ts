import type { Field } from '../../src/sync/ports/field.ts';
import { field } from '../store/sqlite/contact-fields.ts';

/** A standard field that can be written and may be empty, of no length. */
export function plainField(name: string, type: string, more: Partial<Field> = {}): Field {
  return field(name, type, { length: 0, custom: false, ...more });
}

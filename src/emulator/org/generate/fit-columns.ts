import { contactObject } from '../../objects/contact.ts';
import type { FieldDocument } from '../../schema/describe-document.ts';
import type { Field, SqlValue } from '../../schema/field.ts';
import type { ObjectSchema } from '../../schema/object-schema.ts';
import { coerce } from '../write/coerce.ts';

/** As many custom fields as the generator fills. */
const contactFieldsMeant = 12;

type Fit = (row: SqlValue[]) => void;

/**
 * What brings generated values in line with fields that are not those they were thought out for: a describe document
 * or a setting may have made them shorter, of another type, unique. Nothing for the built-in fields, so that it costs
 * a large org nothing.
 */
export function fitsOf(schema: ObjectSchema, columns: readonly string[]): Fit[] {
  const builtIn = new Map(
    contactObject(contactFieldsMeant).fields.map((document) => [document.name, document]),
  );
  return columns.flatMap((column, at) => {
    const field = schema.field(column);
    const meant = builtIn.get(column);
    // What no user may write comes from no user either.
    if (!field || !meant || !(meant.createable || meant.updateable) || holds(field.document, meant))
      return [];
    const mend: Fit = (row) => {
      row[at] = fitted(field, row[at] ?? null);
    };
    return [mend];
  });
}

/** Whether a field takes every value of the other. */
function holds(field: FieldDocument, meant: FieldDocument): boolean {
  const values = (document: FieldDocument) => document.picklistValues.map((entry) => entry.value).join(';');
  return (
    field.type === meant.type &&
    field.length >= meant.length &&
    field.precision - field.scale >= meant.precision - meant.scale &&
    field.scale >= meant.scale &&
    (!field.unique || meant.unique) &&
    (!field.restrictedPicklist || values(field) === values(meant))
  );
}

function fitted(field: Field, value: SqlValue): SqlValue {
  const nothing = field.type === 'boolean' ? 0 : null;
  if (value === null || field.document.unique) return nothing;
  const { length } = field.document;
  const cut = typeof value === 'string' && length > 0 && !field.document.restrictedPicklist;
  const given = cut ? value.slice(0, length) : value;
  const coerced = coerce(field, typeof given === 'number' ? String(given) : given, {
    kind: 'csv',
    body: undefined,
  });
  return 'error' in coerced ? nothing : (coerced.value ?? nothing);
}

import { AppError } from '../../../base/errors.ts';
import type { Field } from '../../ports/field.ts';

/** The external id field to upsert by. Throws AppError `INVALID_INPUT` where it names no single contact. */
export function upsertFieldOf(name: string, fields: readonly Field[]): Field {
  const field = fields.find((own) => own.name.toLowerCase() === name.toLowerCase());
  if (field?.externalId && field.unique) return field;
  const usable = fields.filter((own) => own.externalId && own.unique).map((own) => own.name);
  const why =
    field === undefined ? `Contact has no field ${name}` : `${field.name} is not a unique external id`;
  throw new AppError('INVALID_INPUT', `--upsert cannot use ${name}: ${why}.`, {
    hint:
      usable.length > 0
        ? `Use ${usable.join(' or ')}.`
        : 'Add a custom field to Contact in Salesforce that is marked "External ID" and "Unique".',
  });
}

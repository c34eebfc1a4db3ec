import { apiError } from '../http/api-error.ts';
import type { ApiRequest } from '../http/request.ts';
import type { ApiContext } from './api-context.ts';

/**
 * The fields that a GET of a record asks for, as paths from its object, undefined where it names none: `fields` that
 * are not there are an error, `optionalFields` are left out (UI API, Get a Record).
 */
export function uiFieldList(request: ApiRequest, object: string, context: ApiContext): string[] | undefined {
  const read = (name: string) =>
    (request.query.get(name) ?? '')
      .split(',')
      .map((field) => field.trim())
      .filter(Boolean)
      .map((field) => pathFrom(field, object));
  if ((request.query.get('childRelationships') ?? '') !== '') {
    throw apiError(400, 'INVALID_FIELD', 'childRelationships are not supported by this emulator');
  }
  const fields = read('fields');
  const optional = read('optionalFields').filter((path) => isThere(path.split('.'), object, context));
  // A record has no layout here whose fields could be meant, so that without `fields` it comes whole.
  return fields.length === 0 ? undefined : [...fields, ...optional];
}

/** "Specify names in the format ObjectApiName.FieldName." */
function pathFrom(name: string, object: string): string {
  const [first = '', ...path] = name.split('.');
  if (first.toLowerCase() !== object.toLowerCase() || path.length === 0) {
    throw apiError(400, 'INVALID_FIELD', `Field names have the format ${object}.FieldName: ${name}`);
  }
  return path.join('.');
}

function isThere(path: readonly string[], object: string, context: ApiContext): boolean {
  const { fields } = context.emulation.org.describe(context.actor, object).document;
  const [first = '', ...rest] = path.map((name) => name.toLowerCase());
  if (rest.length === 0) return fields.some((field) => field.name.toLowerCase() === first);
  const parent = fields.find((field) => field.relationshipName?.toLowerCase() === first)?.referenceTo[0];
  return parent !== undefined && isThere(rest, parent, context);
}

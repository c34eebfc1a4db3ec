import { apiError } from '../http/api-error.ts';

/** What a record of a request says of itself under `attributes`. */
export function attributesOf(record: Record<string, unknown>): { type?: string; referenceId?: string } {
  const { attributes } = record;
  if (attributes === null || typeof attributes !== 'object') return {};
  const { type, referenceId } = attributes as Record<string, unknown>;
  return {
    ...(typeof type === 'string' ? { type } : {}),
    ...(typeof referenceId === 'string' ? { referenceId } : {}),
  };
}

/**
 * Refuses a record whose own type is not the object that its request's path names: "objects only of the type
 * indicated in the request URI" (Upsert Records Using sObject Collections). Without a type it is the path's.
 */
export function requireType(record: Record<string, unknown>, object: string, what = 'The record'): void {
  const { type } = attributesOf(record);
  if (type === undefined || type.toLowerCase() === object.toLowerCase()) return;
  throw apiError(400, 'INVALID_FIELD', `${what} is of type ${type}; ${object} was expected.`);
}

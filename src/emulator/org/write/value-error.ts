import type { SaveError } from '../org.ts';

export function saveError(statusCode: string, message: string, ...fields: string[]): SaveError {
  return { statusCode, message, fields };
}

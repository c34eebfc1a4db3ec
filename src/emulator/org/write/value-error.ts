import type { SaveError } from '../../engine/save-result.ts';

export function saveError(statusCode: string, message: string, ...fields: string[]): SaveError {
  return { statusCode, message, fields };
}

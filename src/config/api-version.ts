import { AppError } from '../base/errors.ts';

const defaultApiVersion = '62.0';

/** Bulk API 2.0 query jobs came with 47.0 (Salesforce release notes, Winter '20). */
const oldestApiVersion = 47;

/** `62.0`, `62` and `v62.0` → `62.0`. Throws AppError `INVALID_INPUT`. */
export function readApiVersion(flag: string | undefined, origin = '--api-version'): string {
  if (flag === undefined) return defaultApiVersion;
  const number = Number(/^v?(\d{2,3})(?:\.0)?$/.exec(flag.trim())?.[1]);
  if (!(number >= oldestApiVersion)) {
    throw new AppError('INVALID_INPUT', `"${flag}" is not an API version that ${origin} can take.`, {
      hint: `Write a version from ${oldestApiVersion}.0 on, such as ${defaultApiVersion}.`,
    });
  }
  return `${number}.0`;
}

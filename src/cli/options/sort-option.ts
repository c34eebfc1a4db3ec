import { InvalidArgumentError } from 'commander';

/** `LastName`, `LastName:asc`, `LastName:desc`. */
export function sortOption(text: string): { field: string; descending: boolean } {
  const match = /^([A-Za-z_]\w*)(?::(asc|desc))?$/i.exec(text.trim());
  if (match?.[1] === undefined) throw new InvalidArgumentError('Write FIELD or FIELD:desc.');
  return { field: match[1], descending: match[2]?.toLowerCase() === 'desc' };
}

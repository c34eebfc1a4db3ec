import type { SqlValue } from '../schema/field.ts';

/** A piece of SQL with the values of its placeholders, in order. */
export interface Sql {
  readonly text: string;
  readonly values: readonly SqlValue[];
}

export function sql(text: string, ...values: SqlValue[]): Sql {
  return { text, values };
}

export const NOTHING: Sql = { text: '', values: [] };

export function joined(pieces: readonly Sql[], separator: string): Sql {
  return {
    text: pieces.map((piece) => piece.text).join(separator),
    values: pieces.flatMap((piece) => piece.values),
  };
}

export function concatenated(...pieces: readonly (Sql | string)[]): Sql {
  return joined(
    pieces.map((piece) => (typeof piece === 'string' ? sql(piece) : piece)),
    '',
  );
}

/**
 * Pieces in parentheses with an operator between them. Balanced, since SQLite takes expressions of depth 1,000 and
 * a chain of operators is as deep as it is long.
 */
export function grouped(items: readonly Sql[], operator: string): Sql {
  if (items.length === 1) return items[0]!;
  const half = items.length >> 1;
  const sides = items.length > 8 ? [items.slice(0, half), items.slice(half)] : items.map((item) => [item]);
  const pieces = sides.map((side) => grouped(side, operator));
  return concatenated('(', joined(pieces, operator), ')');
}

/** A text constant inside SQL, for what is the org's own and never a caller's (field names, URLs). */
export function textConstant(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

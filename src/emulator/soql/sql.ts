import type { SqlValue } from '../org/storage.ts';

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

/** A text constant inside SQL, for what is the org's own and never a caller's (field names, URLs). */
export function textConstant(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

export interface IgnoredColumn {
  /** Null: all further ones together. */
  column: string | null;
  reason: 'unknown' | 'read-only';
  /** The field that is labelled or spelt as the column is, which --map would have read it as; null where none is. */
  meant: string | null;
  /** Records in which it was left out. */
  records: number;
}

/** JSON records may bring ever new names. */
const namedColumns = 200;

/** Counts what was left out of records on the user's word, by column. */
export class IgnoredColumns {
  readonly #columns = new Map<string, IgnoredColumn>();

  note(column: string, reason: IgnoredColumn['reason'], meant: string | null = null): void {
    const key = `${reason} ${column}`;
    const isNamed = this.#columns.has(key) || this.#columns.size < namedColumns;
    const own = isNamed ? key : reason;
    const known = this.#columns.get(own) ?? {
      column: isNamed ? column : null,
      reason,
      meant: isNamed ? meant : null,
      records: 0,
    };
    known.records++;
    this.#columns.set(own, known);
  }

  list(): IgnoredColumn[] {
    return [...this.#columns.values()];
  }
}

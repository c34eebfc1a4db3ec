import type { Field, ObjectDescribe } from './field.ts';

export interface StoredField extends Field {
  /** The field is no longer in describe, or left out by `--fields`; its column keeps its last values. */
  vanished: boolean;
  /** The column came (again) to a mirror with rows, and has not been filled for them yet. */
  unfilled: boolean;
  /** Not left out by `--fields`, nor still to be filled since it is asked for again: programs and commands see it. */
  current: boolean;
}

export interface SchemaChange {
  added: string[];
  vanished: string[];
  returned: string[];
}

/** The fields that a mirror has columns for, as the org's describe has told them. */
export interface SchemaStore {
  /** In column order, vanished ones included; empty before the first describe. */
  fields(): Promise<StoredField[]>;
  /** Names of those that are still in describe and whose columns are unfilled, in column order; asked by each cycle. */
  toFill(): Promise<string[]>;
  /**
   * Names of those in describe whose columns were filled since the last reconcile that held nothing: contacts that were
   * hidden then lack the values, and no stamp tells so when they are shown again.
   */
  filledSinceReconcile(): Promise<string[]>;
  /** `Last-Modified` and time of the last describe, for the conditional request. */
  describedAt(): Promise<{ lastModified: string | null; at: number } | null>;
  /** Remembers that the last describe was still true at `at`. */
  confirmDescribe(at: number): Promise<void>;
  /** Adds columns for new fields, marks vanished ones, remembers the describe. `only` limits the columns (`--fields`). */
  applyDescribe(describe: ObjectDescribe, at: number, only?: readonly string[]): Promise<SchemaChange>;
}

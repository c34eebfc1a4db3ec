import type { CellKind } from './cell-kind.ts';
import type { CellSink } from './cell-sink.ts';

/** What a parser needs to know of a page before its first byte. */
export interface PageShape {
  /** The fields asked for. */
  fields: readonly string[];
  /** How a field's bytes are stored; undefined for a name that the store does not know. */
  kindOf(field: string): CellKind | undefined;
  /** Called once, as soon as the columns are known. */
  openSink(columns: readonly string[]): CellSink;
}

/** One format's incremental parser. */
export interface PageParser {
  /**
   * Reads whole rows from `bytes[0, end)` and returns how many bytes it used; the rest is handed in again,
   * with more behind it. `last`: nothing more will come.
   */
  parse(bytes: Uint8Array, end: number, last: boolean): number;
  /** Throws where the answer ended too early. */
  finish(): void;
  readonly columns: readonly string[];
  readonly rows: number;
  readonly absent: number;
  /** Rows that say IsDeleted. */
  readonly dead: number;
  readonly done: boolean;
  readonly totalSize: number | null;
}

/**
 * Where parsers put a page's rows, cell by cell, in whatever form a store keeps them. A parser writes a cell's bytes
 * (UTF-8) to `bytes` from `end` on and then closes it: there is no object and no string per cell on this side.
 *
 * A process has one class of sinks on its way in: with a second one V8 would no longer put `close` into the parsers.
 */
export interface CellSink {
  /** Asked for anew in each block, for `reserve` may replace it. */
  readonly bytes: Uint8Array;
  /** Where the next cell's bytes go. */
  readonly end: number;
  /**
   * Room for rows made of at most `inputBytes` bytes of input: no cell is longer than its source but a time written
   * without its milliseconds. To be called before each block, for the room may be shared with other pages.
   */
  reserve(inputBytes: number): void;
  /** All cells of the new row are null until they are closed. */
  begin(): void;
  /** Closes the cell whose bytes lie in `bytes[from, to)`; an empty cell is null. Cells come in any order. */
  close(column: number, from: number, to: number): void;
  isNull(column: number): boolean;
  isTrue(column: number): boolean;
  /** Whether a cell of text, an Id say, holds just that (ASCII). */
  holds(column: number, text: string): boolean;
  /**
   * Keeps the row, or throws where a cell is not of its type: not before, for cells that stand in the wrong columns
   * are a row cut short.
   */
  finish(): void;
}

const lineFeed = 10;
const carriageReturn = 13;

/**
 * Counts lines in text that comes in pieces. `\r\n`, `\n` and a lone `\r` each end one, as editors count them, also
 * where a piece ends between `\r` and `\n`.
 */
export interface LineCount {
  /** Line of the next character, from 1. */
  readonly line: number;
  /** Column of the next character, from 1, in UTF-16 units. */
  readonly column: number;
  advance(text: string, from: number, to: number): void;
  /** The place of `text[to]` where the next character is `text[from]`; counts nothing. */
  placeOf(text: string, from: number, to: number): { line: number; column: number };
}

export function createLineCount(): LineCount {
  let line = 1;
  let column = 1;
  let afterReturn = false;
  const advance = (text: string, from: number, to: number) => {
    for (let at = from; at < to; at++) {
      const code = text.charCodeAt(at);
      if (code === lineFeed && afterReturn) {
        afterReturn = false;
        continue;
      }
      afterReturn = code === carriageReturn;
      if (code === lineFeed || afterReturn) {
        line++;
        column = 1;
      } else {
        column++;
      }
    }
  };
  return {
    get line() {
      return line;
    },
    get column() {
      return column;
    },
    advance,
    placeOf(text, from, to) {
      const before = { line, column, afterReturn };
      advance(text, from, to);
      const place = { line, column };
      ({ line, column, afterReturn } = before);
      return place;
    },
  };
}

/** Line breaks within `text`, `\r\n` being one. */
export function lineBreaksIn(text: string): number {
  return text.match(/\r\n|\n|\r/g)?.length ?? 0;
}

/** In the order in which they win a draw. */
const delimiters = [',', ';', '\t', '|'] as const;

/** No header is longer: what has no line end by then is looked at as it is. */
const longestHeader = 1_000_000;

export interface CsvDialect {
  delimiter: string;
  /** Characters before the header: blank lines, and Excel's line `sep=;`. */
  skip: number;
}

/**
 * The delimiter that the line `sep=…` names (Excel writes and obeys it), else the one that stands most often in the
 * header; quoted names may hold any. Null where `text`, unless it is all (`last`), may not hold the whole header.
 */
export function csvDialect(text: string, last: boolean): CsvDialect | null {
  const all = last || text.length > longestHeader;
  const blank = /^[ \t\r\n]*[\r\n]/.exec(text)?.[0].length ?? 0;
  const rest = text.slice(blank);
  const named = /^"?sep=(\\t|[^\r\n"])"?[ \t]*(?:\r\n|\n|\r|$)/i.exec(rest);
  if (named?.[1] !== undefined) {
    // The line feed of a `\r\n` may still be to come.
    if (!all && named[0].length === rest.length) return null;
    return { delimiter: named[1] === '\\t' ? '\t' : named[1], skip: blank + named[0].length };
  }
  const { counts, complete } = countInHeader(rest);
  if (!complete && !all) return null;
  const delimiter = delimiters.reduce((best, next) => (counts[next] > counts[best] ? next : best));
  return { delimiter, skip: blank };
}

/** How often each delimiter stands outside of quotes in the first line. */
function countInHeader(text: string): {
  counts: Record<(typeof delimiters)[number], number>;
  complete: boolean;
} {
  const counts = { ',': 0, ';': 0, '\t': 0, '|': 0 };
  let cellBegins = true;
  for (let at = 0; at < text.length; at++) {
    const char = text[at]!;
    if (char === '\n' || char === '\r') return { counts, complete: true };
    if (char === '"' && cellBegins) {
      // A doubled quote goes on as the beginning of another quoted piece.
      const close = text.indexOf('"', at + 1);
      if (close < 0) break;
      at = close;
    } else if (char in counts) {
      counts[char as keyof typeof counts]++;
      cellBegins = true;
    } else {
      cellBegins &&= char === ' ';
    }
  }
  return { counts, complete: false };
}

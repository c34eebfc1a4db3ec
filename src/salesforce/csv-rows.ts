/** A record holds at most 400,000 characters. Source: Bulk API 2.0 Developer Guide, "Limits". */
const longestRow = 4_000_000;

/**
 * The rows of a CSV (UTF-8, commas, quotes doubled) as its bytes come, those that each block completes together; the header is the
 * first. Throws `broken()` where it ends within quotes or a row is longer than any of Salesforce's.
 */
export async function* csvRows(
  blocks: AsyncIterable<Uint8Array>,
  broken: () => Error,
): AsyncGenerator<string[][], undefined, undefined> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let rest = '';
  /** Of `rest`: how far it was looked through in vain, and whether that ends within quotes. */
  let seen = { at: 0, quoted: false };
  for await (const block of blocks) {
    rest += decoded(decoder, block, broken);
    const { rows, used, quoted } = cut(rest, seen, broken);
    rest = rest.slice(used);
    seen = { at: rest.length, quoted };
    if (rest.length > longestRow) throw broken();
    if (rows.length > 0) yield rows;
  }
  rest += decoded(decoder, undefined, broken);
  if (seen.quoted) throw broken();
  if (rest !== '') yield [cellsOf(rest.replace(/\r$/, ''), broken)];
}

function decoded(
  decoder: InstanceType<typeof TextDecoder>,
  block: Uint8Array | undefined,
  broken: () => Error,
): string {
  try {
    return decoder.decode(block, { stream: block !== undefined });
  } catch {
    throw broken();
  }
}

function cut(
  text: string,
  seen: { at: number; quoted: boolean },
  broken: () => Error,
): { rows: string[][]; used: number; quoted: boolean } {
  const rows: string[][] = [];
  let { quoted } = seen;
  let used = 0;
  for (let at = seen.at; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === quote) quoted = !quoted;
    else if (code === lineFeed && !quoted) {
      const end = text.charCodeAt(at - 1) === carriageReturn ? at - 1 : at;
      if (end > used) rows.push(cellsOf(text.slice(used, end), broken));
      used = at + 1;
    }
  }
  return { rows, used, quoted };
}

function cellsOf(row: string, broken: () => Error): string[] {
  if (!row.includes('"')) return row.split(',');
  const cells: string[] = [];
  for (let at = 0; ; ) {
    let cell = '';
    if (row.charCodeAt(at) === quote) {
      for (;;) {
        const end = row.indexOf('"', at + 1);
        if (end < 0) throw broken();
        cell += row.slice(at + 1, end);
        at = end + 1;
        if (row.charCodeAt(at) !== quote) break;
        cell += '"';
      }
    }
    const comma = row.indexOf(',', at);
    if (comma < 0) {
      cells.push(cell + row.slice(at));
      return cells;
    }
    cells.push(cell + row.slice(at, comma));
    at = comma + 1;
  }
}

const quote = 34;
const lineFeed = 10;
const carriageReturn = 13;

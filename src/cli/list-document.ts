import { printableJson } from '../base/printable-json.ts';
import type { ErrorInfo } from '../contract/error-info.ts';

export interface ListDocument {
  /** The members that come first. */
  head: Record<string, unknown>;
  /** The list's name, and its items. */
  name: string;
  batches: AsyncIterable<readonly unknown[]>;
  /** Indented, for a person to read. */
  pretty: boolean;
}

/**
 * The one JSON document of a list that is too long to hold, in pieces; together the same text as of a whole one.
 * Where the list cannot be read to its end, the document is ended all the same and carries the error.
 */
export async function* listDocument(
  { head, name, batches, pretty }: ListDocument,
  infoOf: (thrown: unknown) => ErrorInfo,
): AsyncGenerator<string> {
  const [line, indent, space] = pretty ? ['\n', 2, ' '] : ['', undefined, ''];
  const json = (value: unknown, depth: number) => {
    const margin = pretty ? `\n${'  '.repeat(depth)}` : '';
    const text = printableJson(value, indent);
    return margin + (pretty ? text.replaceAll('\n', margin) : text);
  };
  const member = (key: string) => `${pretty ? '\n  ' : ''}${printableJson(key)}:${space}`;
  yield `${printableJson(head, indent).slice(0, pretty ? -2 : -1)},${member(name)}[`;
  let items = 0;
  let error: ErrorInfo | null = null;
  try {
    for await (const batch of batches) {
      if (batch.length === 0) continue;
      yield (items === 0 ? '' : ',') + batch.map((item) => json(item, 2)).join(',');
      items += batch.length;
    }
  } catch (thrown) {
    error = infoOf(thrown);
  }
  yield items > 0 && pretty ? '\n  ]' : ']';
  if (error !== null) yield `,${member('error')}${json(error, 1).trimStart()}`;
  yield `${line}}\n`;
}

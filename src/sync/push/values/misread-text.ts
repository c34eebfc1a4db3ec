/**
 * UTF-8 that was read as Windows-1252: `ü` as `Ã¼`, `’` as `â€™`. Two letters that a text has side by side for other
 * reasons (a quote after a capital `Ã`) are left out, so that nobody is warned of what is right.
 */
const misread =
  /Ã[\u0081\u008d\u008f\u0090\u009d\u00a0-\u00aa\u00ac-\u00ba\u00bc-\u00bf€ƒ„…†‡ˆ‰Š‹ŒŽŸšœž]|Â[\u00a0-\u00aa\u00ac-\u00ba\u00bc-\u00bf]|â€[™œ\u009d“”¦˜š]/;

const windows1252 = new TextDecoder('windows-1252');
let bytes: Map<string, number> | null = null;

/** The text as it was meant; null where it holds what Windows-1252 has not, or is no UTF-8 then. */
export function rereadText(text: string): string | null {
  bytes ??= new Map(
    Array.from({ length: 256 }, (_, byte) => [windows1252.decode(Uint8Array.of(byte)), byte]),
  );
  const own: number[] = [];
  for (const character of text) {
    const byte = bytes.get(character);
    if (byte === undefined) return null;
    own.push(byte);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Uint8Array.from(own));
  } catch {
    return null;
  }
}

/** Watches the texts of one source, so that its records are looked at only where there is something to find. */
export class MisreadWatch {
  cells = 0;
  first: { line: number | null; field: string; text: string } | null = null;
  #isSeen = false;
  #last = '';

  async *over(texts: AsyncIterable<string>): AsyncGenerator<string> {
    for await (const text of texts) {
      this.#isSeen ||= misread.test(text) || misread.test(this.#last + text.slice(0, 2));
      this.#last = text.slice(-2);
      yield text;
    }
  }

  look({ line, fields }: { line: number | null; fields: Record<string, unknown> }): void {
    if (!this.#isSeen) return;
    for (const field in fields) {
      const text = fields[field];
      if (typeof text !== 'string' || !misread.test(text)) continue;
      this.cells++;
      this.first ??= { line, field, text };
    }
  }
}

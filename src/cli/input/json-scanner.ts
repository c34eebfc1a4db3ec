/** Where and why a text is no JSON. */
export class JsonFault extends Error {
  readonly offset: number;

  constructor(offset: number, message: string) {
    super(message);
    this.name = 'JsonFault';
    this.offset = offset;
  }
}

/**
 * Finds where JSON values end (RFC 8259), so that records get their lines and faults their place: JSON.parse
 * tells neither the place of every fault nor where an array's elements begin.
 */
export interface JsonScanner {
  skipSpace(offset: number): number;
  /** The offset after the value that begins at `offset`. Throws JsonFault. */
  endOfValue(offset: number): number;
}

/** Deeper than any contact, and far from the end of the stack. */
const deepest = 200;
const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const escaped = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;
const word = /true|false|null/y;
const space = /[ \t\r\n]*/y;

export function createJsonScanner(text: string): JsonScanner {
  const match = (pattern: RegExp, offset: number): number => {
    pattern.lastIndex = offset;
    return pattern.test(text) ? pattern.lastIndex : -1;
  };
  const skipSpace = (offset: number) => match(space, offset);

  const fault = (offset: number, expected: string): JsonFault => {
    if (offset >= text.length)
      return new JsonFault(text.length, `the text ends where ${expected} should follow`);
    const found = JSON.stringify(String.fromCodePoint(text.codePointAt(offset)!));
    return new JsonFault(offset, `${found} stands where ${expected} should`);
  };

  const endOfString = (offset: number, expected: string): number => {
    if (text[offset] !== '"') throw fault(offset, expected);
    for (let at = offset + 1; at < text.length; ) {
      const char = text[at]!;
      if (char === '"') return at + 1;
      if (char === '\n') throw new JsonFault(at, 'a string does not end on its line');
      if (char < ' ') throw new JsonFault(at, 'a string holds a bare control character');
      const next = char === '\\' ? match(escaped, at) : at + 1;
      if (next < 0) throw new JsonFault(at, 'a backslash begins no known escape');
      at = next;
    }
    throw new JsonFault(offset, 'a string does not end');
  };

  const endOfMembers = (offset: number, close: '}' | ']', depth: number): number => {
    if (depth > deepest) throw new JsonFault(offset, `values are nested more than ${deepest} deep`);
    let at = skipSpace(offset + 1);
    if (text[at] === close) return at + 1;
    for (;;) {
      if (close === '}') {
        at = skipSpace(endOfString(at, 'a field name in double quotes'));
        if (text[at] !== ':') throw fault(at, 'a colon');
        at = skipSpace(at + 1);
      }
      at = skipSpace(endOfValue(at, depth));
      if (text[at] === close) return at + 1;
      if (text[at] !== ',') throw fault(at, `a comma or "${close}"`);
      at = skipSpace(at + 1);
    }
  };

  const endOfValue = (offset: number, depth = 0): number => {
    const first = text[offset];
    if (first === '{') return endOfMembers(offset, '}', depth + 1);
    if (first === '[') return endOfMembers(offset, ']', depth + 1);
    if (first === '"') return endOfString(offset, 'a value');
    const end = Math.max(match(number, offset), match(word, offset));
    if (end < 0) throw fault(offset, 'a value');
    return end;
  };

  return { skipSpace, endOfValue: (offset) => endOfValue(offset) };
}

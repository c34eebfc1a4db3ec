/** Where and why a text is no JSON. */
export class JsonFault extends Error {
  readonly offset: number;

  constructor(offset: number, message: string) {
    super(message);
    this.name = 'JsonFault';
    this.offset = offset;
  }
}

/** What stands at `offset` instead of what should. */
export function unexpected(text: string, offset: number, expected: string): JsonFault {
  if (offset >= text.length)
    return new JsonFault(text.length, `the text ends where ${expected} should follow`);
  const found = JSON.stringify(String.fromCodePoint(text.codePointAt(offset)!));
  return new JsonFault(offset, `${found} stands where ${expected} should`);
}

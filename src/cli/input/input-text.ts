import { AppError } from '../../base/errors.ts';

/** The bytes of `source` as text: UTF-8, or UTF-16 where a byte order mark says so. Throws `INVALID_INPUT`. */
export function decodeInput(bytes: Uint8Array, source: string): string {
  const encoding = bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf-16le' : 'utf-8';
  try {
    // The decoder drops the byte order mark.
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch (error) {
    const tooLong = (error as NodeJS.ErrnoException).code === 'ERR_STRING_TOO_LONG';
    throw new AppError(
      'INVALID_INPUT',
      tooLong ? `${source} is too large to be read at once.` : `${source} is not UTF-8 text.`,
      {
        hint: tooLong ? 'Split it into several files.' : 'Save it as UTF-8 (in Excel: "CSV UTF-8").',
        details: { source },
        cause: error,
      },
    );
  }
}

/** Line and column of an offset, both from 1. */
export function positionOf(text: string, offset: number): { line: number; column: number } {
  let line = 1;
  let lineStart = 0;
  for (let at = text.indexOf('\n'); at >= 0 && at < offset; at = text.indexOf('\n', at + 1)) {
    line++;
    lineStart = at + 1;
  }
  return { line, column: offset - lineStart + 1 };
}

import { isUtf8 } from 'node:buffer';
import { fileWord } from './file-word.ts';
import { inputFault } from './input-fault.ts';
import { createLineCount, type LineCount } from './line-count.ts';
import { magicBytes, refuseBinary } from './refuse-binary.ts';

/** Enough of the beginning to tell UTF-16 without a byte order mark from UTF-8. */
const headBytes = 512;

type Encoding = 'utf-8' | 'utf-16le' | 'utf-16be';
type Decode = (bytes: Uint8Array, last: boolean) => string;

/**
 * The bytes of `source` as text: UTF-8 or UTF-16 of either order, with or without a byte order mark, which is left
 * out. Throws `INVALID_INPUT` with the line of the first byte that is no such text.
 */
export async function* decodeText(
  chunks: AsyncIterable<Uint8Array>,
  source: string,
): AsyncGenerator<string, void, undefined> {
  let decode: Decode | null = null;
  let head: Uint8Array = new Uint8Array(0);
  const begin = () => {
    refuseBinary(head.subarray(0, magicBytes), source);
    const { encoding, mark } = encodingOf(head);
    const lines = createLineCount();
    decode = encoding === 'utf-8' ? utf8Decoder(source, lines) : utf16Decoder(encoding, source, lines);
    return decode(head.subarray(mark), false);
  };
  for await (const chunk of chunks) {
    if (decode === null) {
      head = head.length === 0 ? chunk.slice() : Buffer.concat([head, chunk]);
      if (head.length < headBytes) continue;
      yield begin();
    } else {
      yield (decode as Decode)(chunk, false);
    }
  }
  if (decode === null) yield begin();
  yield decode!(new Uint8Array(0), true);
}

function encodingOf(head: Uint8Array): { encoding: Encoding; mark: number } {
  if (head[0] === 0xff && head[1] === 0xfe) return { encoding: 'utf-16le', mark: 2 };
  if (head[0] === 0xfe && head[1] === 0xff) return { encoding: 'utf-16be', mark: 2 };
  if (head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf) return { encoding: 'utf-8', mark: 3 };
  return { encoding: unmarkedEncoding(head.subarray(0, headBytes)), mark: 0 };
}

/** Characters that CSV and JSON are built of, in whatever language the rest is. */
const structure = new Set([...'\t\n\r ",:;|[{'].map((char) => char.charCodeAt(0)));

/** UTF-16 shows by the zero bytes of its ASCII characters; others too may have one (U+4E00), a stray one is none. */
function unmarkedEncoding(head: Uint8Array): Encoding {
  const zeros = [0, 0];
  const marks = [0, 0];
  for (let at = 0; at < head.length; at++) {
    if (head[at] !== 0) continue;
    const half = at % 2;
    zeros[half]!++;
    if (structure.has(head[half === 0 ? at + 1 : at - 1] ?? 0)) marks[half]!++;
  }
  const many = zeros[0]! + zeros[1]! >= head.length / 4;
  const plain = isUtf8(head.subarray(0, head.length - cutCharacter(head)));
  if (!many && (plain || Math.max(...marks) === 0)) return 'utf-8';
  const [bigEndian, littleEndian] = [0, 1].map((half) => 1_000 * marks[half]! + zeros[half]!) as [
    number,
    number,
  ];
  return littleEndian >= bigEndian ? 'utf-16le' : 'utf-16be';
}

function utf8Decoder(source: string, lines: LineCount): Decode {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let rest = Buffer.alloc(0);
  return (chunk, last) => {
    const bytes =
      rest.length === 0
        ? Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length)
        : Buffer.concat([rest, chunk]);
    const end = last ? bytes.length : bytes.length - cutCharacter(bytes);
    rest = Buffer.from(bytes.subarray(end));
    const whole = bytes.subarray(0, end);
    let text: string;
    try {
      text = decoder.decode(whole);
    } catch (error) {
      throw noUtf8(whole, source, lines, error);
    }
    return checked(text, source, lines);
  };
}

/** Bytes at the end that begin a character whose other bytes are still to come. */
function cutCharacter(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back]!;
    if (byte < 0x80) return 0;
    if (byte >= 0xc0) {
      const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
      return length > back ? back : 0;
    }
  }
  return 0;
}

function noUtf8(bytes: Buffer, source: string, lines: LineCount, cause: unknown): Error {
  let start = 0;
  for (;;) {
    // 0x0A is never a part of a longer character.
    const feed = bytes.indexOf(0x0a, start);
    const end = feed < 0 ? bytes.length : feed + 1;
    if (!isUtf8(bytes.subarray(start, end)) || feed < 0) break;
    start = end;
  }
  let bad = start;
  while (bad < bytes.length) {
    const byte = bytes[bad]!;
    const length = byte < 0x80 ? 1 : byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
    if (!isUtf8(bytes.subarray(bad, bad + length))) break;
    bad += length;
  }
  const before = bytes.subarray(0, bad).toString('utf8');
  const { line, column } = lines.placeOf(before, 0, before.length);
  const byte = bytes[bad] ?? 0;
  const name = `0x${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  const [meant, onMac] = ['windows-1252', 'macintosh'].map((encoding) =>
    new TextDecoder(encoding).decode(Uint8Array.of(byte)),
  );
  return inputFault(
    { source, line },
    `the byte ${name} at character ${column} is not UTF-8 text; as Windows-1252 it would be "${meant}"`,
    `Save the file as UTF-8 (in Excel: "CSV UTF-8"), or convert it: \`iconv -f WINDOWS-1252 -t UTF-8 ${fileWord(source)} > NEW\`. Where that ends without an error, push NEW with the same flags. In another encoding name that one: MACINTOSH makes it "${onMac}".`,
    { cause },
  );
}

function utf16Decoder(encoding: Encoding, source: string, lines: LineCount): Decode {
  const decoder = new TextDecoder(encoding, { fatal: true, ignoreBOM: true });
  return (bytes, last) => {
    let text: string;
    try {
      text = decoder.decode(bytes, { stream: !last });
    } catch (error) {
      const before = new TextDecoder(encoding).decode(bytes).split('\ufffd', 1)[0]!;
      const { line } = lines.placeOf(before, 0, before.length);
      throw inputFault(
        { source, line },
        last ? 'the UTF-16 text ends within a character' : 'here is half of a UTF-16 character',
        'Save the file as UTF-8.',
        { cause: error },
      );
    }
    return checked(text, source, lines);
  };
}

/** No field of Salesforce takes a NUL, and what holds one is mostly no text at all. */
function checked(text: string, source: string, lines: LineCount): string {
  const nul = text.indexOf('\0');
  if (nul >= 0) {
    const { line, column } = lines.placeOf(text, 0, nul);
    throw inputFault(
      { source, line },
      `a NUL byte stands at character ${column}`,
      'Contacts are text: CSV, JSON or NDJSON. Take the byte out, or save the file as UTF-8.',
    );
  }
  lines.advance(text, 0, text.length);
  return text;
}

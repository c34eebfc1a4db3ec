import { incomplete } from './page-faults.ts';

export const quote = 34;
export const backslash = 92;
export const openBrace = 123;
export const closeBrace = 125;
export const openBracket = 91;
export const closeBracket = 93;
export const comma = 44;
export const colon = 58;

export function skipSpace(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end) {
    const byte = bytes[at]!;
    if (byte !== 32 && byte !== 10 && byte !== 13 && byte !== 9) break;
    at++;
  }
  return at;
}

/** `at` is behind the opening quote; returns the position behind the closing one, or -1. */
export function skipString(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end) {
    const byte = bytes[at]!;
    if (byte === quote) return at + 1;
    at += byte === backslash ? 2 : 1;
  }
  return -1;
}

/** Skips any value; returns the position behind it, or -1. A scalar at the very end counts as cut. */
export function skipValue(bytes: Uint8Array, start: number, end: number): number {
  if (start >= end) return -1;
  const first = bytes[start]!;
  if (first === quote) return skipString(bytes, start + 1, end);
  if (first !== openBrace && first !== openBracket) return scalarEnd(bytes, start, end);
  let depth = 0;
  let at = start;
  while (at < end) {
    const byte = bytes[at]!;
    if (byte === quote) {
      at = skipString(bytes, at + 1, end);
      if (at < 0) return -1;
      continue;
    }
    if (byte === openBrace || byte === openBracket) depth++;
    else if (byte === closeBrace || byte === closeBracket) {
      if (--depth === 0) return at + 1;
    }
    at++;
  }
  return -1;
}

/** Whether the word null stands there and is not the last, for then it may go on. */
export function isNull(bytes: Uint8Array, at: number, end: number): boolean {
  return (
    at + 4 < end &&
    bytes[at] === 110 &&
    bytes[at + 1] === 117 &&
    bytes[at + 2] === 108 &&
    bytes[at + 3] === 108
  );
}

/** The end of a number or word; -1 where the bytes end first, for then it may go on. */
export function scalarEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end) {
    const byte = bytes[at]!;
    if (byte === comma || byte === closeBrace || byte === closeBracket || byte <= 32) {
      if (at === start) throw incomplete('its JSON has no value where one belongs');
      return at;
    }
    at++;
  }
  return -1;
}

const escapes = new Map<number, number>([
  [quote, quote],
  [backslash, backslash],
  [47, 47],
  [98, 8],
  [102, 12],
  [110, 10],
  [114, 13],
  [116, 9],
]);

/**
 * Copies a string's UTF-8 to `out` from `to` on, escapes resolved (RFC 8259, section 7). `start` is behind
 * the opening quote. Returns the position behind the closing quote (or -1) and leaves the output's end in
 * `copied.end`.
 */
export function copyString(
  bytes: Uint8Array,
  start: number,
  end: number,
  out: Uint8Array,
  to: number,
  copied: { end: number },
): number {
  let at = start;
  let p = to;
  while (at < end) {
    const byte = bytes[at++]!;
    if (byte === quote) {
      copied.end = p;
      return at;
    }
    if (byte !== backslash) {
      out[p++] = byte;
      continue;
    }
    if (at >= end) return -1;
    const letter = bytes[at++]!;
    if (letter !== 117) {
      const plain = escapes.get(letter);
      if (plain === undefined) throw incomplete('its JSON has an unknown escape');
      out[p++] = plain;
      continue;
    }
    if (at + 4 > end) return -1;
    let code = hexFour(bytes, at);
    at += 4;
    if (code >= 0xd800 && code < 0xdc00) {
      if (at + 6 > end) {
        // Enough to see whether the other half follows, or else to wait for it.
        if (at >= end || bytes[at] === backslash) return -1;
      } else if (bytes[at] === backslash && bytes[at + 1] === 117) {
        const low = hexFour(bytes, at + 2);
        if (low >= 0xdc00 && low < 0xe000) {
          code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
          at += 6;
        }
      }
    }
    // A lone surrogate has no UTF-8; it becomes U+FFFD, as JSON.parse and TextEncoder would make it.
    p = writeCodePoint(out, p, code >= 0xd800 && code < 0xe000 ? 0xfffd : code);
  }
  return -1;
}

function hexFour(bytes: Uint8Array, at: number): number {
  let code = 0;
  for (let i = 0; i < 4; i++) {
    const byte = bytes[at + i]!;
    const digit =
      byte >= 48 && byte <= 57
        ? byte - 48
        : byte >= 65 && byte <= 70
          ? byte - 55
          : byte >= 97 && byte <= 102
            ? byte - 87
            : -1;
    if (digit < 0) throw incomplete('its JSON has a broken \\u escape');
    code = code * 16 + digit;
  }
  return code;
}

function writeCodePoint(out: Uint8Array, at: number, code: number): number {
  let p = at;
  if (code < 0x80) out[p++] = code;
  else if (code < 0x800) {
    out[p++] = 0xc0 | (code >> 6);
    out[p++] = 0x80 | (code & 63);
  } else if (code < 0x10000) {
    out[p++] = 0xe0 | (code >> 12);
    out[p++] = 0x80 | ((code >> 6) & 63);
    out[p++] = 0x80 | (code & 63);
  } else {
    out[p++] = 0xf0 | (code >> 18);
    out[p++] = 0x80 | ((code >> 12) & 63);
    out[p++] = 0x80 | ((code >> 6) & 63);
    out[p++] = 0x80 | (code & 63);
  }
  return p;
}

/**
 * The forms that Salesforce writes values of a type in, looked at byte by byte: what has another form is no value of
 * that type, and a mirror that held it would sort, compare and find it wrongly.
 */

const dash = 45;
const upperT = 84;
const colon = 58;
const dot = 46;
const plus = 43;
const upperZ = 90;

/** 100 for what is no digit. Tables and plain locals, for each row has several such cells. */
const digits = new Uint8Array(256).fill(100);
const alphanumeric = new Uint8Array(256);
for (let byte = 0; byte < 256; byte++) {
  const letter = byte | 32;
  const isDigit = byte >= 48 && byte <= 57;
  if (isDigit) digits[byte] = byte - 48;
  if (isDigit || (letter >= 97 && letter <= 122)) alphanumeric[byte] = 1;
}

/** Two digits as a number; 100 or more where they are none. */
function pair(bytes: Uint8Array, at: number): number {
  return digits[bytes[at]!]! * 10 + digits[bytes[at + 1]!]!;
}

function isDay(bytes: Uint8Array, at: number): boolean {
  const month = pair(bytes, at + 5);
  const day = pair(bytes, at + 8);
  return (
    pair(bytes, at) < 100 &&
    pair(bytes, at + 2) < 100 &&
    bytes[at + 4] === dash &&
    month >= 1 &&
    month <= 12 &&
    bytes[at + 7] === dash &&
    day >= 1 &&
    day <= 31
  );
}

/** `YYYY-MM-DD` */
export function isDate(bytes: Uint8Array, from: number, to: number): boolean {
  return to - from === 10 && isDay(bytes, from);
}

/** `YYYY-MM-DDTHH:MM:SS`, a fraction or none, and `Z`, `+HHMM` or `+HH:MM`. */
function isInstant(bytes: Uint8Array, from: number, to: number): boolean {
  if (to - from < 20 || to - from > 40 || !isDay(bytes, from) || bytes[from + 10] !== upperT) return false;
  if (pair(bytes, from + 11) > 23 || bytes[from + 13] !== colon) return false;
  if (pair(bytes, from + 14) > 59 || bytes[from + 16] !== colon || pair(bytes, from + 17) > 59) return false;
  let at = from + 19;
  if (bytes[at] === dot) {
    at++;
    const fraction = at;
    while (at < to && digits[bytes[at]!]! < 10) at++;
    if (at === fraction) return false;
  }
  if (bytes[at] === upperZ) return at + 1 === to;
  if (bytes[at] !== plus && bytes[at] !== dash) return false;
  if (pair(bytes, at + 1) > 99) return false;
  const minutes = bytes[at + 3] === colon ? at + 4 : at + 3;
  return minutes + 2 === to && pair(bytes, minutes) < 100;
}

/** The 18 letters and digits of a contact's Id: other objects' have another beginning. */
export function isRecordId(bytes: Uint8Array, from: number, to: number): boolean {
  if (to - from !== 18 || bytes[from] !== 48 || bytes[from + 1] !== 48 || bytes[from + 2] !== 51)
    return false;
  for (let at = from + 3; at < to; at++) if (alphanumeric[bytes[at]!] === 0) return false;
  return true;
}

/** Ten times what the largest text field holds (131,072 characters of at most three bytes). */
export const mostCellBytes = 4 * 1024 * 1024;

/**
 * `…:00.000+0000` (REST) and `…:00.000Z` (bulk CSV) both become the latter, in place. Returns the cell's new end, -1
 * where it is no instant.
 */
export function normalizeTime(bytes: Uint8Array, from: number, to: number): number {
  if (!isInstant(bytes, from, to)) return -1;
  if (to - from === 24 && bytes[to - 1] === upperZ) return to;
  if (
    to - from === 28 &&
    bytes[to - 5] === plus &&
    bytes[to - 4] === 48 &&
    bytes[to - 3] === 48 &&
    bytes[to - 2] === 48 &&
    bytes[to - 1] === 48
  ) {
    bytes[to - 5] = upperZ;
    return to - 4;
  }
  const text = new TextDecoder().decode(bytes.subarray(from, to));
  const ms = Date.parse(text.replace(/([+-]\d\d)(\d\d)$/, '$1:$2'));
  if (Number.isNaN(ms)) return -1;
  const iso = new TextEncoder().encode(new Date(ms).toISOString());
  bytes.set(iso, from);
  return from + iso.length;
}

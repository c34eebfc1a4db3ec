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

/** Two digits as a number; -1 where they are none. */
function pair(bytes: Uint8Array, at: number): number {
  const [tens, ones] = [bytes[at]! - 48, bytes[at + 1]! - 48];
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : -1;
}

function isDay(bytes: Uint8Array, at: number): boolean {
  const [month, day] = [pair(bytes, at + 5), pair(bytes, at + 8)];
  return (
    pair(bytes, at) >= 0 &&
    pair(bytes, at + 2) >= 0 &&
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
export function isInstant(bytes: Uint8Array, from: number, to: number): boolean {
  if (to - from < 20 || to - from > 40 || !isDay(bytes, from) || bytes[from + 10] !== upperT) return false;
  const [hour, minute, second] = [pair(bytes, from + 11), pair(bytes, from + 14), pair(bytes, from + 17)];
  if (hour < 0 || hour > 23 || bytes[from + 13] !== colon || minute < 0 || minute > 59) return false;
  if (bytes[from + 16] !== colon || second < 0 || second > 59) return false;
  let at = from + 19;
  if (bytes[at] === dot) {
    at++;
    const digits = at;
    while (at < to && bytes[at]! >= 48 && bytes[at]! <= 57) at++;
    if (at === digits) return false;
  }
  if (bytes[at] === upperZ) return at + 1 === to;
  if (bytes[at] !== plus && bytes[at] !== dash) return false;
  if (pair(bytes, at + 1) < 0) return false;
  const minutes = bytes[at + 3] === colon ? at + 4 : at + 3;
  return minutes + 2 === to && pair(bytes, minutes) >= 0;
}

/** The 18 letters and digits of a contact's Id: other objects' have another beginning. */
export function isRecordId(bytes: Uint8Array, from: number, to: number): boolean {
  if (to - from !== 18 || bytes[from] !== 48 || bytes[from + 1] !== 48 || bytes[from + 2] !== 51)
    return false;
  for (let at = from + 3; at < to; at++) {
    const byte = bytes[at]!;
    const letter = byte | 32;
    if (!((byte >= 48 && byte <= 57) || (letter >= 97 && letter <= 122))) return false;
  }
  return true;
}

const checkCharacters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ012345';

/**
 * The 18 characters of a record's Id, which may be given with 15, or with the case lost (a spreadsheet does that):
 * each of the last three tells which of five characters are upper case, the first of them as the lowest bit.
 * Anything else is left as it is. Source: help article "18-character IDs".
 */
export function fullId(id: string): string {
  if (id.length === 15) return id + checksum(id);
  if (id.length !== 18 || checksum(id) === id.slice(15)) return id;
  const suffix = id.slice(15).toUpperCase();
  const mended = [...id.slice(0, 15)]
    .map((letter, at) => {
      const bits = checkCharacters.indexOf(suffix[Math.floor(at / 5)] ?? '');
      return (bits >> (at % 5)) & 1 ? letter.toUpperCase() : letter.toLowerCase();
    })
    .join('');
  return checksum(mended) === suffix ? mended + suffix : id;
}

/** An Id with letters of both cases has not lost its case, so that its last three characters have to fit. */
export function isTornId(id: string): boolean {
  const [letters, suffix] = [id.slice(0, 15), id.slice(15)];
  const keepsCase = /[a-z]/.test(letters) && /[A-Z]/.test(letters);
  return keepsCase && suffix !== '' && checksum(letters) !== suffix.toUpperCase();
}

function checksum(id: string): string {
  return [0, 5, 10]
    .map((from) => {
      const bits = [...id.slice(from, from + 5)].map((letter, at) => (/[A-Z]/.test(letter) ? 1 << at : 0));
      return checkCharacters[bits.reduce((sum, bit) => sum + bit, 0)];
    })
    .join('');
}

/** Ids come with 15 or with 18 characters; the last three are only a checksum of the others' case. */
export function sameId(a: string, b: string): boolean {
  return a.slice(0, 15) === b.slice(0, 15);
}

/** The same as people and files give it, with the few characters that the last three of 18 are made of. */
export function isGivenIdOf(prefix: string, text: string): boolean {
  return isIdOf(prefix, text) && /^[A-Za-z0-5]*$/.test(text.slice(15));
}

/** An Id of the object with this prefix, of 15 or 18 characters. */
export function isIdOf(prefix: string, value: unknown): value is string {
  return (
    typeof value === 'string' &&
    value.startsWith(prefix) &&
    (value.length === 15 || value.length === 18) &&
    /^[A-Za-z0-9]+$/.test(value)
  );
}

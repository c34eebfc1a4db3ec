const checkCharacters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ012345';
const [upperA, upperZ] = [65, 90];

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

/** Asked of every record that is written or read, so that it makes nothing but its three characters. */
function checksum(id: string): string {
  let letters = '';
  for (let from = 0; from < 15; from += 5) {
    let bits = 0;
    for (let at = 0; at < 5; at++) {
      const code = id.charCodeAt(from + at);
      if (code >= upperA && code <= upperZ) bits |= 1 << at;
    }
    letters += checkCharacters.charAt(bits);
  }
  return letters;
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

const hidden = '[hidden]';
/** What is shorter is guessed anyway, and would blacken innocent text. */
const shortestSecret = 8;

/**
 * Takes known secrets out of text of foreign origin: an answer may echo what the request carried. Finds each as it
 * is, percent-encoded (once or twice) or form-encoded, with the escapes of JSON, HTML or XML on any of its
 * characters, and in Base64, alone or in the middle of something longer. Linear in the text. Where only a later part
 * of a secret stands, it is not found.
 */
export function createSecretHider(secrets: readonly (string | null | undefined)[]): (text: string) => string {
  // A key of many lines is a secret in each of them.
  const pieces = secrets.flatMap((secret) => (secret ?? '').split(/[\r\n]+/));
  const known = [...new Set(pieces)]
    .filter((secret) => secret.length >= shortestSecret && !secret.startsWith('-----'))
    // The longest first, or a secret that contains another would stay in part.
    .sort((a, b) => b.length - a.length);
  if (known.length === 0) return (text) => text;
  const spellings = known.flatMap((secret) => [secret, ...inBase64(secret)]);
  const isThere = secretLook(spellings);
  let all: RegExp | null = null;
  return (text) => {
    // Most texts hold no secret, and the expression takes milliseconds to make and is slow.
    if (!isThere(text)) return text;
    all ??= new RegExp(spellings.map(patternOf).join('|'), 'g');
    return text.replace(all, hidden);
  };
}

/** Whether the expression may find one: never false where it does, and cheap. */
function secretLook(spellings: readonly string[]): (text: string) => boolean {
  const beginnings = spellings.map((spelling) => spelling.slice(0, anchorCharacters));
  const escapes = spellings.some((spelling) => spelling.includes(' ')) ? /[%\\&+]/ : /[%\\&]/;
  // Without escapes a spelling could not be told from one that holds what looks like an escape.
  const areTokens = beginnings.every((beginning) => token.test(beginning));
  const cores = beginnings.map((beginning) => beginning.slice(mostEaten));
  return (text) => {
    if (!escapes.test(text)) return beginnings.some((beginning) => text.includes(beginning));
    if (!areTokens) return true;
    const plain = unescaped(text);
    return cores.some((core) => plain.includes(core));
  };
}

/** So many characters tell a secret from all else; an expression for a token of 2 KB would take seconds to make. */
const anchorCharacters = 32;
/** What tokens and Base64 are made of. No escape begins with any of it. */
const token = /^[\w.~!+/=-]*$/;
/** So many characters of a token, at most, an escape takes that is begun right before it, as \u does; and one more. */
const mostEaten = 6;
/** What the rest of a token may look like, in all its spellings. */
const rest = String.raw`(?:[\w.~!+/=%-]|\\u[0-9a-fA-F]{4}|\\[/.!=+-]|&#?\w{1,8};)*`;

/** A pattern of the secret: of its beginning and whatever a token goes on with, or of all of it. */
function patternOf(secret: string): string {
  const isToken = token.test(secret.slice(anchorCharacters));
  if (secret.length > anchorCharacters && isToken) return spelled(secret.slice(0, anchorCharacters)) + rest;
  return spelled(secret);
}

/** A pattern of the text with each character as it is or escaped. */
function spelled(text: string): string {
  return Array.from(text, (character) => {
    const code = character.codePointAt(0) ?? 0;
    const hex = code.toString(16).padStart(2, '0');
    const literal = character.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
    const escaped = `%(?:25)?${anyCase(hex)}|\\\\u${anyCase(hex.padStart(4, '0'))}|&#0{0,6}${code};|&#[xX]0{0,6}${anyCase(hex)};`;
    const named = names[character] === undefined ? '' : `|&${names[character]};`;
    // JSON allows a backslash before a slash, and careless escapers put one before anything.
    const slashed = /\w/.test(character) ? '' : `|\\\\${literal}`;
    const inForm = character === ' ' ? '|\\+' : '';
    return `(?:${literal}|${escaped}${slashed}${named}${inForm})`;
  }).join('');
}

const names: Record<string, string> = {
  '&': 'amp',
  '<': 'lt',
  '>': 'gt',
  '"': 'quot',
  "'": 'apos',
  '!': 'excl',
  '=': 'equals',
  '+': 'plus',
  '/': 'sol',
  '.': 'period',
  '%': 'percnt',
};

const characters: Record<string, string> = Object.fromEntries(
  Object.entries(names).map(([character, name]) => [name, character]),
);

/** Each character that `spelled` allows, as it is; what is no escape of one stays. */
function unescaped(text: string): string {
  return text.replace(
    /%(?:25)?([0-9a-f]{2})|\\u([0-9a-f]{4})|&#x0{0,6}([0-9a-f]{1,6});|&#0{0,6}(\d{1,7});|&([a-z]{2,6});|\\(\W)/gi,
    (whole, percent, json, hex, decimal, name, slashed) => {
      if (slashed !== undefined) return slashed;
      if (name !== undefined) return characters[name] ?? whole;
      const code = decimal === undefined ? Number.parseInt(percent ?? json ?? hex, 16) : Number(decimal);
      return String.fromCharCode(code);
    },
  );
}

function anyCase(hex: string): string {
  return hex.replace(/[a-f]/g, (letter) => `[${letter}${letter.toUpperCase()}]`);
}

/**
 * The characters of Base64 that a text surely makes, in both alphabets, for each of the three places that it can have
 * in the groups of three bytes of something longer.
 */
function inBase64(text: string): string[] {
  const cores = [0, 1, 2].map((before) => {
    const bytes = Buffer.concat([Buffer.alloc(before), Buffer.from(text)]);
    const whole = bytes.toString('base64').replace(/=+$/, '');
    // The first character holds bits of what stands before, the last of what comes behind.
    const from = Math.ceil((before * 8) / 6);
    return whole.slice(from, Math.floor((bytes.length * 8) / 6));
  });
  return cores.flatMap((core) => [core, core.replaceAll('+', '-').replaceAll('/', '_')]);
}

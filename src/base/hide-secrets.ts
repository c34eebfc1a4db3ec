const hidden = '[hidden]';
/** What is shorter is guessed anyway, and would blacken innocent text. */
const shortestSecret = 8;

/**
 * Takes known secrets out of text of foreign origin: an answer may echo what the request carried. Finds each as it
 * is, percent-encoded (once or twice) or form-encoded, with the escapes of JSON, HTML or XML on any of its characters, and in Base64,
 * alone or in the middle of something longer. Linear in the text. Parts of a secret are not found.
 */
export function createSecretHider(secrets: readonly (string | null | undefined)[]): (text: string) => string {
  const known = [...new Set(secrets)]
    .filter((secret): secret is string => typeof secret === 'string' && secret.length >= shortestSecret)
    // The longest first, or a secret that contains another would stay in part.
    .sort((a, b) => b.length - a.length);
  if (known.length === 0) return (text) => text;
  const patterns = known.flatMap((secret) => [spelled(secret), ...inBase64(secret).map(spelled)]);
  const all = new RegExp(patterns.join('|'), 'g');
  return (text) => text.replace(all, hidden);
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

import { createSecretHider } from '../base/hide-secrets.ts';

const hidden = '[hidden]';

/** Characters of tokens: base64, base64url, percent-encoding, and what Salesforce puts between the parts. */
const token = '[A-Za-z0-9._~+/=!%-]';
/** Names whose value only a secret is. */
const name =
  '(?:access_?token|refresh_?token|client_?secret|code_?verifier|password|assertion|client_assertion|credential_?key)';

/** Where an access token, a refresh token or a JWT begins. */
const tokenStart =
  /00D[A-Za-z0-9]{12,15}(?:!|%21)|5Aep861[A-Za-z0-9._]{8}|eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]/;

/** Base64 of either alphabet, long enough for a token. */
const base64 = /[A-Za-z0-9+/_-]{24,}={0,2}/g;

/**
 * Shapes of secrets, so exact that no word of a sentence has one. Each begins where none of its own characters
 * stands before, or holds none of its beginning: so no part of a text is searched more than once for the end of
 * a shape, however it is made.
 */
const shapes: readonly [RegExp, string][] = [
  // Access tokens `00D…!…` (also URL-encoded), refresh tokens `5Aep861…`, JWTs.
  [/\b00D[A-Za-z0-9]{12,15}(?:!|%21)[A-Za-z0-9._~+/=%-]+/g, hidden],
  [/(?<![A-Za-z0-9._])5Aep861[A-Za-z0-9._]+/g, hidden],
  [/(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)?/g, hidden],
  [
    /-----BEGIN (?:[A-Z]{1,20} ){0,4}PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]{0,80}PRIVATE KEY-----|$)/g,
    hidden,
  ],
  [/\b(Authorization["']?[=:]\s{0,4}["']?(?:Bearer |OAuth |Basic )?)[^\s"',;]+/gi, `$1${hidden}`],
  // "OAuth settings" are words; what has a digit and sixteen characters is a token.
  [
    new RegExp(`\\b(Bearer|OAuth|Basic) (?=[A-Za-z._~+/=!%-]*[0-9])[A-Za-z0-9]${token}{15,}`, 'gi'),
    `$1 ${hidden}`,
  ],
  // A member of JSON or a form's field; in prose ("password: expired") only what looks like a token.
  [new RegExp(`(["']${name}["']\\s{0,4}:\\s{0,4}["'])[^"']+`, 'gi'), `$1${hidden}`],
  [new RegExp(`(\\b${name}=["']?)[^\\s"'&,;}\\]]+`, 'gi'), `$1${hidden}`],
  [new RegExp(`(\\b${name}: {0,4})(?=[A-Za-z._~+/=!%-]*[0-9])${token}{8,}`, 'gi'), `$1${hidden}`],
  [/([?&](?:code|token|sid)=)(?!…)[^\s&"']+/gi, `$1${hidden}`],
  [/(\/\/)[^\s/@:]+:[^\s/@]+@/g, `$1${hidden}@`],
];

/** The last line of defence: rooms never put a secret into a message, and should one do so, it ends here. */
export type Redact = (text: string) => string;

/** `known` are this process' own secrets, hidden wherever and however they stand; the list may grow. */
export function createRedact(known: readonly (string | null | undefined)[] = []): Redact {
  let counted = known.length;
  let hideKnown = createSecretHider(known);
  return (text) => {
    if (known.length !== counted) {
      counted = known.length;
      hideKnown = createSecretHider(known);
    }
    let clean = hideKnown(text).replace(base64, (run) => (encodesToken(run) ? hidden : run));
    for (const [shape, replacement] of shapes) clean = clean.replace(shape, replacement);
    return clean;
  };
}

/** Whether a token stands in what the Base64 decodes to, wherever in a group of four characters that begins. */
function encodesToken(run: string): boolean {
  return [0, 1, 2, 3].some((before) =>
    tokenStart.test(Buffer.from(run.slice(before), 'base64').toString('latin1')),
  );
}

/** Every string in a JSON-able value. */
export function redactDeep<T>(value: T, redact: Redact): T {
  if (typeof value === 'string') return redact(value) as T;
  if (Array.isArray(value)) return value.map((item) => redactDeep(item, redact)) as T;
  if (value !== null && typeof value === 'object') {
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, redactDeep(item, redact)]),
    ) as T;
  }
  return value;
}

const hidden = '[hidden]';

/**
 * Shapes of Salesforce's secrets: access tokens `00D…!…` (also URL-encoded), refresh tokens `5Aep861…`, JWTs;
 * and whatever stands behind a name that only secrets have, in headers, forms, URLs and JSON.
 */
const shapes: readonly [RegExp, string][] = [
  [/\b00D[A-Za-z0-9]{12,15}(?:!|%21)[A-Za-z0-9._~+/=%-]+/g, hidden],
  [/\b5Aep861[A-Za-z0-9._]+/g, hidden],
  [/\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*/g, hidden],
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, hidden],
  [/\b(Bearer|OAuth|Basic)\s+[A-Za-z0-9._~+/!=-]{8,}/gi, `$1 ${hidden}`],
  [
    /(["']?\b(?:access_?token|refresh_?token|client_?secret|code_?verifier|password|assertion|credential_?key)["']?\s*[=:]\s*["']?)[^\s"'&,;}\]]+/gi,
    `$1${hidden}`,
  ],
  [/([?&](?:code|token|sid)=)[^\s&"']+/gi, `$1${hidden}`],
  [/(\/\/)[^\s/@:]+:[^\s/@]+@/g, `$1${hidden}@`],
];

/** The last line of defence: rooms never put a secret into a message, and should one do so, it ends here. */
export type Redact = (text: string) => string;

/** `known` are this process' own secrets, hidden wherever they stand; the list may grow. */
export function createRedact(known: readonly (string | null | undefined)[] = []): Redact {
  return (text) => {
    let clean = text;
    for (const secret of known) {
      // A secret of a few characters would blacken innocent text and is guessed anyway.
      if (typeof secret === 'string' && secret.length >= 8) clean = clean.replaceAll(secret, hidden);
    }
    for (const [shape, replacement] of shapes) clean = clean.replace(shape, replacement);
    return clean;
  };
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

const hidden = '[hidden]';
/** What is shorter is no secret worth its name, and would blacken innocent text. */
const shortest = 4;

/**
 * `text` without the secrets that were sent to whoever wrote it: a server, or a proxy before it, may echo what it
 * was asked. Their percent-encoded, form-encoded, JSON and base64 forms are taken out too. Called where an error is
 * made, before anything is stored or told.
 */
export function withoutSecrets(text: string, secrets: readonly (string | null | undefined)[]): string {
  let clean = text;
  for (const form of formsOf(secrets)) clean = clean.replaceAll(form, hidden);
  return clean;
}

/** Longest first, so that a secret which is a part of another leaves no rest of it. */
function formsOf(secrets: readonly (string | null | undefined)[]): string[] {
  const forms = new Set<string>();
  for (const secret of secrets) {
    if (typeof secret !== 'string' || secret.length < shortest) continue;
    const percent = encodeURIComponent(secret.toWellFormed());
    forms.add(secret);
    forms.add(percent);
    forms.add(percent.replaceAll(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()));
    forms.add(percent.replaceAll('%20', '+'));
    forms.add(JSON.stringify(secret).slice(1, -1));
    forms.add(Buffer.from(secret).toString('base64').replace(/=+$/, ''));
    forms.add(Buffer.from(secret).toString('base64url'));
  }
  return [...forms].sort((a, b) => b.length - a.length);
}

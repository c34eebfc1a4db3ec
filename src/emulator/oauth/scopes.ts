import type { ClientApp } from './client-app.ts';
import { OAuthError } from './oauth-error.ts';

const alias: Record<string, string> = { offline_access: 'refresh_token' };
const identityScopes = new Set(['id', 'openid', 'profile', 'email', 'address', 'phone']);

/** The scopes granted: those asked for, or all that the app is registered with (OAuth Tokens and Scopes). */
export function readScopes(requested: string | null, app: ClientApp): string[] {
  const asked = (requested ?? '').split(/[\s+]+/).filter(Boolean);
  if (asked.length === 0) return [...app.scopes];
  const known = asked.map((s) => alias[s] ?? s);
  const refused = known.find((s) => !app.scopes.includes(s) && !identityScopes.has(s));
  if (refused !== undefined) {
    throw new OAuthError('invalid_scope', 'the requested scope is invalid, unknown, or malformed');
  }
  // The identity URL is part of every grant, and Salesforce adds `id` by itself.
  return [...new Set([...known, 'id'])];
}

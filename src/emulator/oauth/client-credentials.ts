import type { ApiRequest } from '../http/request.ts';
import type { ClientApp } from './client-app.ts';
import { secretMatches } from './client-app.ts';
import { OAuthError } from './oauth-error.ts';

/**
 * Checks who is calling, by Basic header or body parameters (RFC 6749 section 2.3.1). A public client sends no
 * secret; one that is sent must be right even where none is required.
 */
export function readClientCredentials(
  params: URLSearchParams,
  headers: ApiRequest['headers'],
  app: ClientApp,
  { secretRequired }: { secretRequired: boolean },
): void {
  const basic = /^Basic\s+([A-Za-z0-9+/=]+)\s*$/i.exec(headers.authorization ?? '');
  let id = params.get('client_id');
  let secret = params.get('client_secret');
  if (basic) {
    const text = Buffer.from(basic[1] ?? '', 'base64').toString('utf8');
    const colon = text.indexOf(':');
    id = formDecode(colon < 0 ? text : text.slice(0, colon));
    secret = colon < 0 ? '' : formDecode(text.slice(colon + 1));
  }
  if (id === null || id === '') throw new OAuthError('invalid_client_id', 'client identifier invalid');
  if (id !== app.clientId) throw new OAuthError('invalid_client_id', 'client identifier invalid');
  if (secret === null || (secret === '' && !secretRequired)) {
    if (secretRequired) throw new OAuthError('invalid_client', 'invalid client credentials');
    return;
  }
  if (!secretMatches(app, secret)) throw new OAuthError('invalid_client', 'invalid client credentials');
}

function formDecode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

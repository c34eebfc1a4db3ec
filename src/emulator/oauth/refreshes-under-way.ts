import type { ApiRequest } from '../http/request.ts';
import { formOf } from '../http/request.ts';
import type { Visit } from '../http/visit.ts';
import { OAuthError, oauthErrorAnswer } from './oauth-error.ts';

const unnoticed: Visit = { leave: () => {} };

/**
 * Refreshes that wait for their answer. Another one of the same token is refused meanwhile, since 2024 with the words
 * "token request is already being processed": it spends nothing, and may be sent again when the first is through.
 */
export class RefreshesUnderWay {
  readonly #tokens = new Set<string>();
  readonly #settings: { readonly refuseConcurrentRefresh: boolean };

  constructor(settings: { readonly refuseConcurrentRefresh: boolean }) {
    this.#settings = settings;
  }

  enter(request: ApiRequest): Visit {
    const token = refreshTokenOf(request);
    if (token === undefined || !this.#settings.refuseConcurrentRefresh) return unnoticed;
    if (this.#tokens.has(token)) {
      const error = new OAuthError('invalid_grant', 'token request is already being processed');
      return { refusal: oauthErrorAnswer(error), leave: () => {} };
    }
    this.#tokens.add(token);
    return { leave: () => void this.#tokens.delete(token) };
  }
}

function refreshTokenOf(request: ApiRequest): string | undefined {
  if (request.method !== 'POST' || !/^\/services\/oauth2\/token\/?$/.test(request.path)) return undefined;
  try {
    const params = formOf(request);
    return params.get('grant_type') === 'refresh_token'
      ? (params.get('refresh_token') ?? undefined)
      : undefined;
  } catch {
    // A body that cannot be read is refused by the endpoint itself.
    return undefined;
  }
}

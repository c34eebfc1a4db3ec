import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AppError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import { type CallbackPage, callbackPageHeaders, renderCallbackPage } from './callback-page.ts';
import { oauthError } from './oauth-error.ts';
import { sameSecret } from './pkce.ts';

/** What came back through the browser: the code, or Salesforce's refusal. */
export type CallbackOutcome = { code: string } | { refused: AppError };

export interface CallbackHandler {
  onRequest(request: IncomingMessage, response: ServerResponse): void;
  /**
   * Takes an address that the user copied from the browser in place of the request that did not get here, checked
   * like one. Answers why it does not count, null where it does.
   */
  take(text: string, redirectUri: string): string | null;
  /** Resolves with the first callback that carries the right state. */
  outcome: Promise<CallbackOutcome>;
  /** Lets every waiting tab, and every later reload, see how the login ended; resolves when they have it. */
  conclude(page: CallbackPage): Promise<void>;
}

interface Reply {
  status: number;
  content: CallbackPage | string;
}

const plainHeaders = {
  'content-type': 'text/plain; charset=utf-8',
  'cache-control': 'no-store',
  connection: 'close',
};

const wrongState: CallbackPage = {
  title: 'This is not the login that is waiting',
  paragraphs: [
    'This page belongs to another or an older login. The one in your terminal is still waiting: use the address it printed.',
  ],
  outcome: 'failed',
};

/**
 * Answers the browser during a login. Only `GET /callback` with the right state counts, and only once: a
 * favicon, an unknown path, a wrong state, a reload or a second tab neither end nor disturb the wait.
 */
export function handleCallback(state: string, log: Logger): CallbackHandler {
  let resolveOutcome: (outcome: CallbackOutcome) => void = () => {};
  const outcome = new Promise<CallbackOutcome>((resolve) => {
    resolveOutcome = resolve;
  });
  let finalPage: CallbackPage | null = null;
  const waiting = new Set<ServerResponse>();

  /** Null where the browser has to wait for how the login ends. */
  const replyTo = (request: IncomingMessage): Reply | null => {
    if (!isLocalHostHeader(request.headers.host)) return { status: 421, content: 'Wrong host.' };
    const url = URL.parse(request.url ?? '', 'http://localhost');
    if (url?.pathname !== '/callback') return { status: 404, content: 'Not found.' };
    if (request.method !== 'GET') return { status: 405, content: 'Only GET.' };
    const found = outcomeIn(url, state);
    if (found === 'wrong-state') {
      const error = url.searchParams.get('error');
      log.warn('The browser came back without the right state; still waiting for the login.', { error });
      return { status: 400, content: wrongState };
    }
    if (finalPage !== null) return { status: statusOf(finalPage), content: finalPage };
    if (found === 'no-code') return { status: 400, content: 'No code.' };
    // Resolves once: a reload, a second tab or a second code wait for how the first one ends.
    resolveOutcome(found);
    return null;
  };

  const take = (text: string, redirectUri: string): string | null => {
    const trimmed = text.trim();
    const url = URL.parse(/^https?:/i.test(trimmed) ? trimmed : `http://${trimmed}`);
    const { port, pathname } = new URL(redirectUri);
    const isOurs =
      url?.protocol === 'http:' &&
      isLocalHostHeader(url.host) &&
      url.port === port &&
      url.pathname === pathname;
    if (!isOurs) return `That is no address under ${redirectUri}.`;
    const found = outcomeIn(url, state);
    if (found === 'wrong-state') return 'That address belongs to another or an older login.';
    if (found === 'no-code') return 'That address holds no code.';
    resolveOutcome(found);
    return null;
  };

  const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    const reply = replyTo(request);
    if (reply !== null) {
      send(response, reply);
      return;
    }
    waiting.add(response);
    response.once('close', () => waiting.delete(response));
  };

  const conclude = async (final: CallbackPage): Promise<void> => {
    finalPage = final;
    await Promise.all(
      [...waiting].map(
        (response) =>
          new Promise<void>((resolve) => {
            response.once('close', () => resolve());
            send(response, { status: statusOf(final), content: final });
          }),
      ),
    );
  };

  return { onRequest, take, outcome, conclude };
}

/** What a redirect brings, whichever way it came. */
function outcomeIn(url: URL, state: string): CallbackOutcome | 'wrong-state' | 'no-code' {
  const { searchParams } = url;
  if (!sameSecret(searchParams.get('state') ?? '', state)) return 'wrong-state';
  const error = searchParams.get('error');
  if (error !== null) {
    const description = searchParams.get('error_description');
    return { refused: oauthError({ error, description, status: null, during: 'authorize' }) };
  }
  const code = searchParams.get('code');
  return code === null || code === '' ? 'no-code' : { code };
}

/** Names under attackers' control that resolve to 127.0.0.1 (DNS rebinding) do not get past this. */
function isLocalHostHeader(host: string | undefined): boolean {
  return /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/i.test(host ?? '');
}

function statusOf({ outcome }: CallbackPage): number {
  return outcome === 'done' ? 200 : 400;
}

function send(response: ServerResponse, { status, content }: Reply): void {
  if (typeof content === 'string') response.writeHead(status, plainHeaders).end(content);
  else response.writeHead(status, callbackPageHeaders).end(renderCallbackPage(content));
}

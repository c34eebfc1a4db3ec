import { isAbort, throwIfAborted } from '../base/abort.ts';
import type { Clock } from '../base/clock.ts';
import { AppError, isAppError, messageOf } from '../base/errors.ts';
import { formatDuration } from '../base/interval.ts';
import type { Logger } from '../base/logger.ts';
import { normaliseLoginUrl } from '../org/instance-url.ts';
import type { Wire } from '../wire/open-wire.ts';
import { type CallbackOutcome, handleCallback } from './authorization-code.ts';
import { completeLogin } from './complete-login.ts';
import type { Credential } from './credential.ts';
import { listenOnLoopback } from './loopback-ports.ts';
import { oauthError } from './oauth-error.ts';
import { makeProofKey, makeState } from './pkce.ts';
import { requestToken } from './token-endpoint.ts';

/** The ports whose callback URLs users register with their app. */
const registeredPorts: readonly number[] = [9717, 9718, 9719];

export type ReadRedirect = (reading: {
  redirectUri: string;
  /** Why the text does not count, null where it does. */
  take: (text: string) => string | null;
  signal: AbortSignal;
}) => Promise<void>;

export interface BrowserLoginOptions {
  /** As people write it: a bare host or any page of the org will do. */
  loginUrl: string;
  clientId: string;
  /** Only for apps that require one; a public client must not send it. */
  clientSecret?: string;
  /** Tried in this order; `registeredPorts` unless told. */
  ports?: readonly number[];
  /** Null where the user opens the URL by hand. A failure to open is told and does not end the login. */
  openBrowser: ((url: string) => Promise<unknown>) | null;
  /** Called once, when the callback listener is up. */
  onUrl?: (login: { url: string; redirectUri: string }) => void;
  /**
   * Where the browser cannot reach the listener: reads what the user copied out of it, beside the listener, until
   * `take` answers null or `signal` ends. A rejection ends the login.
   */
  readRedirect?: ReadRedirect;
  /** How long the browser may take; 5 minutes unless told. */
  timeoutMs?: number;
  wire: Wire;
  clock: Clock;
  log: Logger;
  signal?: AbortSignal;
}

/**
 * OAuth 2.0 authorization code with PKCE over a loopback redirect (RFC 8252, RFC 7636). Throws AppError
 * `INVALID_INPUT` for a login URL that is none, `LOGIN_DENIED`, `LOGIN_FAILED`, `LOGIN_TIMEOUT`, `LOGIN_PORT_TAKEN` and those of `oauthRequest`.
 */
export async function loginWithBrowser(options: BrowserLoginOptions): Promise<Credential> {
  const { clientId, log, signal, ports = registeredPorts, timeoutMs = 300_000 } = options;
  throwIfAborted(signal);
  const loginUrl = normaliseLoginUrl(options.loginUrl);
  const state = makeState();
  const proof = makeProofKey();
  const callback = handleCallback(state, log);
  const server = await listenOnLoopback(ports, callback.onRequest);
  try {
    const redirectUri = `http://localhost:${server.port}/callback`;
    const url = authorizeUrl(loginUrl, { clientId, redirectUri, state, challenge: proof.challenge });
    options.onUrl?.({ url, redirectUri });
    open(url, options);
    const take = (text: string): string | null => callback.take(text, redirectUri);
    const outcome = await within(callback.outcome, timeoutMs, options, { redirectUri, take });
    try {
      const credential = await exchange(outcome, redirectUri, proof.verifier, { ...options, loginUrl });
      await callback.conclude({
        title: 'You are logged in',
        paragraphs: [
          `${credential.username} is connected to ${credential.instanceUrl}.`,
          'You can close this tab and go back to your terminal.',
        ],
        outcome: 'done',
      });
      return credential;
    } catch (error) {
      await callback.conclude({
        title: 'The login did not work',
        paragraphs: [
          messageOf(error),
          isAppError(error) ? (error.hint ?? '') : '',
          'Your terminal says the same.',
        ],
        outcome: 'failed',
      });
      throw error;
    }
  } finally {
    await server.close();
  }
}

/** Source: Salesforce Help, "OAuth 2.0 Web Server Flow"; RFC 7636 section 4.3. */
function authorizeUrl(
  loginUrl: string,
  {
    clientId,
    redirectUri,
    state,
    challenge,
  }: Record<'clientId' | 'redirectUri' | 'state' | 'challenge', string>,
): string {
  const url = new URL('/services/oauth2/authorize', loginUrl);
  url.search = new URLSearchParams({
    response_type: 'code',
    client_id: clientId,
    redirect_uri: redirectUri,
    scope: 'api refresh_token',
    state,
    code_challenge: challenge,
    code_challenge_method: 'S256',
    // Without it a browser that is logged in as somebody else would connect that user silently.
    prompt: 'login',
  }).toString();
  return url.href;
}

function open(url: string, { openBrowser, log }: BrowserLoginOptions): void {
  openBrowser?.(url).catch((error: unknown) => {
    log.warn('The browser could not be opened; open the address by hand.', { reason: messageOf(error) });
  });
}

async function within(
  outcome: Promise<CallbackOutcome>,
  timeoutMs: number,
  { clock, signal, readRedirect }: BrowserLoginOptions,
  about: { redirectUri: string; take: (text: string) => string | null },
): Promise<CallbackOutcome> {
  const done = new AbortController();
  const ended = signal ? AbortSignal.any([signal, done.signal]) : done.signal;
  const tooLate = clock.sleep(timeoutMs, { signal: ended }).then(() => {
    throw new AppError('LOGIN_TIMEOUT', `Nobody finished the login within ${formatDuration(timeoutMs)}.`, {
      hint: 'Run the login again, with --timeout if you need longer.',
    });
  });
  // Input that ends without an address leaves the listener waiting.
  const read = readRedirect?.({ ...about, signal: ended }).then(() => outcome);
  read?.catch(() => {});
  try {
    return await Promise.race([outcome, tooLate, ...(read === undefined ? [] : [read])]);
  } finally {
    done.abort();
    tooLate.catch((error) => {
      if (!isAbort(error) && !isAppError(error)) throw error;
    });
  }
}

async function exchange(
  outcome: CallbackOutcome,
  redirectUri: string,
  verifier: string,
  { loginUrl, clientId, clientSecret, wire, clock, signal, log }: BrowserLoginOptions,
): Promise<Credential> {
  if ('refused' in outcome) throw outcome.refused;
  const result = await requestToken(
    loginUrl,
    {
      grant_type: 'authorization_code',
      code: outcome.code,
      redirect_uri: redirectUri,
      client_id: clientId,
      code_verifier: verifier,
      ...(clientSecret ? { client_secret: clientSecret } : {}),
    },
    { wire, signal },
  );
  if (!result.ok) throw oauthError(result.refusal);
  if (result.token.refreshToken === null) {
    log.warn('Salesforce gave no refresh token; this login ends when its access token does.', {
      hint: 'Give the app the scope "Perform requests at any time (refresh_token, offline_access)".',
    });
  }
  return completeLogin(
    result.token,
    {
      loginUrl,
      grant: result.token.refreshToken === null ? 'access-token' : 'refresh-token',
      clientId,
      clientSecret: clientSecret ?? null,
      privateKey: null,
    },
    { wire, clock, signal },
  );
}

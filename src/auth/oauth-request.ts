import { isAbort, withTimeout } from '../base/abort.ts';
import { AppError, isAppError, systemCodeOf } from '../base/errors.ts';
import { type OAuthRefusal, oauthError } from './oauth-error.ts';

export interface OAuthRequestOptions {
  fetch: typeof fetch;
  signal?: AbortSignal;
  /** 30 seconds unless told: Salesforce's own login pages give up after less. */
  timeoutMs?: number;
}

/** A refusal by Salesforce as a value, so that callers can treat `invalid_grant` by their own circumstances. */
export type OAuthAnswer = { ok: true; body: Record<string, unknown> } | { ok: false; refusal: OAuthRefusal };

const defaultTimeoutMs = 30_000;
/** No answer of these endpoints is near this; a page of HTML that never ends must not fill the memory. */
const maxBodyBytes = 1_000_000;

/**
 * One request to an OAuth endpoint; never repeated here, as none of them is safe to repeat. Follows no redirect:
 * a secret must not travel to a host that nobody has named. Throws AppError `NETWORK_UNREACHABLE`, `TIMEOUT`,
 * `REQUEST_LIMIT_EXCEEDED` or `ORG_UNAVAILABLE`.
 */
export async function oauthRequest(
  url: string,
  init: { form?: Record<string, string>; bearer?: string },
  { fetch, signal, timeoutMs = defaultTimeoutMs }: OAuthRequestOptions,
): Promise<OAuthAnswer> {
  const { host } = new URL(url);
  try {
    return await withTimeout(timeoutMs, signal, `The request to ${host}`, async (signal) => {
      const response = await fetch(url, {
        method: init.form ? 'POST' : 'GET',
        redirect: 'manual',
        headers: {
          accept: 'application/json',
          ...(init.form ? { 'content-type': 'application/x-www-form-urlencoded' } : {}),
          ...(init.bearer ? { authorization: `Bearer ${init.bearer}` } : {}),
        },
        ...(init.form ? { body: new URLSearchParams(init.form).toString() } : {}),
        signal,
      });
      return answerOf(response, await readText(response, host), host);
    });
  } catch (error) {
    if (isAbort(error) || isAppError(error)) throw error;
    throw unreachable(host, error);
  }
}

function answerOf(response: Response, text: string, host: string): OAuthAnswer {
  const { status } = response;
  const body = fieldsOf(text);
  if (status === 429) {
    throw oauthError({ error: 'rate_limit_exceeded', description: null, status });
  }
  const error = typeof body?.error === 'string' ? body.error : null;
  if (error !== null && error !== '') {
    const description = typeof body?.error_description === 'string' ? body.error_description : null;
    return { ok: false, refusal: { error, description, status } };
  }
  if (status >= 200 && status < 300) return { ok: true, body: body ?? {} };
  if (status >= 500 || status === 420) throw unavailable(host, status);
  // Userinfo answers a bad token by a bare word, `Bad_OAuth_Token`; row-style errors are arrays.
  const word = /^\s*([A-Za-z_]{3,60})\s*$/.exec(text)?.[1];
  return {
    ok: false,
    refusal: { error: word ?? rowErrorOf(text) ?? `http_${status}`, description: null, status },
  };
}

/** JSON, or the form encoding that revoke's errors come in. */
function fieldsOf(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch {
    return /^[a-z_]+=/.test(text) ? Object.fromEntries(new URLSearchParams(text)) : null;
  }
}

function rowErrorOf(text: string): string | null {
  try {
    const value: unknown = JSON.parse(text);
    const code = Array.isArray(value) ? (value[0] as { errorCode?: unknown } | undefined)?.errorCode : null;
    return typeof code === 'string' ? code : null;
  } catch {
    return null;
  }
}

async function readText(response: Response, host: string): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > maxBodyBytes) throw tooLong(host);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function tooLong(host: string): AppError {
  return new AppError('ORG_UNAVAILABLE', `${host} answered a login request with an endless page.`, {
    hint: 'Check the URL and the proxy; a Salesforce org answers in a few kilobytes.',
  });
}

function unavailable(host: string, status: number): AppError {
  return new AppError('ORG_UNAVAILABLE', `Salesforce (${host}) is not available now (HTTP ${status}).`, {
    hint: 'Look at status.salesforce.com and try again later; nothing is lost.',
    details: { status },
  });
}

function unreachable(host: string, cause: unknown): AppError {
  const systemCode = systemCodeOf(cause) ?? null;
  return new AppError(
    'NETWORK_UNREACHABLE',
    `${host} cannot be reached${systemCode ? ` (${systemCode})` : ''}.`,
    {
      hint: 'Check the URL, the network and the proxy (HTTPS_PROXY, NO_PROXY, NODE_EXTRA_CA_CERTS).',
      details: { host, systemCode },
      cause,
    },
  );
}

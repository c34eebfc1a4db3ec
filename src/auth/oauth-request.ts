import { throwIfAborted } from '../base/abort.ts';
import { AppError, isAppError } from '../base/errors.ts';
import { createSecretHider } from '../base/hide-secrets.ts';
import type { WireAnswer, WireRequest } from '../wire/exchange.ts';
import { networkFailure } from '../wire/network-failure.ts';
import type { Wire } from '../wire/open-wire.ts';
import { type OAuthRefusal, oauthError } from './oauth-error.ts';
import type { OAuthStep } from './refusals/known-refusal.ts';

export interface OAuthRequestOptions {
  wire: Wire;
  signal?: AbortSignal;
  /** 30 seconds unless told: Salesforce's own login pages give up after less. */
  timeoutMs?: number;
}

export interface OAuthRequest {
  during: OAuthStep;
  form?: Record<string, string>;
  bearer?: string;
  /** This machine's time, milliseconds since 1970; tells how far its clock is from the org's. */
  now?: () => number;
}

/** A refusal by Salesforce as a value, so that callers can treat `invalid_grant` by their own circumstances. */
export type OAuthAnswer = { ok: true; body: Record<string, unknown> } | { ok: false; refusal: OAuthRefusal };

const defaultTimeoutMs = 30_000;
/** No answer of these endpoints is near this; a page of HTML that never ends must not fill the memory. */
const maxBodyBytes = 1_000_000;
/** Fields of the forms that an answer must not carry on. */
const secretFields = [
  'refresh_token',
  'client_secret',
  'code',
  'code_verifier',
  'assertion',
  'token',
  'password',
] as const;

/**
 * One request to an OAuth endpoint; never repeated here: who asks knows whether it may be. Follows no redirect:
 * a secret must not travel to a host that nobody has named. Throws AppError `NETWORK_UNREACHABLE`, `TIMEOUT`,
 * `REQUEST_LIMIT_EXCEEDED`, `ORG_UNAVAILABLE`, or `LOGIN_FAILED` where the host has no such endpoint.
 */
export async function oauthRequest(
  url: string,
  request: OAuthRequest,
  { wire, signal, timeoutMs = defaultTimeoutMs }: OAuthRequestOptions,
): Promise<OAuthAnswer> {
  const { host } = new URL(url);
  const patience = { headersMs: timeoutMs, idleBodyMs: timeoutMs, answerMs: timeoutMs };
  const wireRequest = wireRequestOf(url, request);
  try {
    const answer = await wire.exchange(wireRequest, patience, signal);
    return answerOf(answer, await readText(answer, host), url, request);
  } catch (error) {
    throwIfAborted(signal);
    if (isAppError(error)) throw error;
    throw unreachable(error, `${wireRequest.method} ${wireRequest.path}`, host);
  }
}

function wireRequestOf(url: string, { form, bearer }: OAuthRequest): WireRequest {
  const { origin, pathname } = new URL(url);
  return {
    method: form ? 'POST' : 'GET',
    origin,
    path: pathname,
    headers: {
      accept: 'application/json',
      'accept-encoding': 'gzip',
      'user-agent': 'parahack-sync',
      ...(form ? { 'content-type': 'application/x-www-form-urlencoded' } : {}),
      ...(bearer ? { authorization: `Bearer ${bearer}` } : {}),
    },
    ...(form ? { body: new URLSearchParams(form).toString() } : {}),
  };
}

function answerOf(answer: WireAnswer, text: string, url: string, request: OAuthRequest): OAuthAnswer {
  const { status } = answer;
  const { host } = new URL(url);
  const { during } = request;
  const body = fieldsOf(text);
  const refused = (error: string, description: string | null): OAuthRefusal => {
    const hide = createSecretHider([request.bearer, ...secretFields.map((field) => request.form?.[field])]);
    return {
      error: hide(error),
      description: description === null ? null : hide(description),
      status,
      during,
      clockAheadMs: clockAhead(answer, request),
    };
  };
  if (status === 429) throw oauthError(refused('rate_limit_exceeded', null));
  // Whatever such an answer says, it is a server's or a proxy's trouble and none of the grant.
  if (status >= 500 && status !== 501) throw unavailable(host, status);
  if (status === 420) throw unavailable(host, status);
  const error = typeof body?.error === 'string' ? body.error : null;
  if (error !== null && error !== '') {
    const description = typeof body?.error_description === 'string' ? body.error_description : null;
    return { ok: false, refusal: refused(error, description) };
  }
  if (status >= 200 && status < 300) {
    if (body === null && isPage(text) && during !== 'userinfo' && during !== 'revoke') {
      throw unavailable(host, status, 'a web page');
    }
    if (body === null && isCutOff(text)) throw unavailable(host, status, 'an answer that was cut off');
    return { ok: true, body: body ?? {} };
  }
  // Userinfo answers a bad token by a bare word, `Bad_OAuth_Token`; row-style errors are arrays.
  const word = /^\s*([A-Za-z_]{3,60})\s*$/.exec(text)?.[1];
  const row = rowErrorOf(text);
  if (isMissing(status)) throw missing(url, status);
  if (word === undefined && row === null && isPage(text)) throw unavailable(host, status, 'a web page');
  return { ok: false, refusal: refused(word ?? row?.code ?? `http_${status}`, row?.message ?? null) };
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

function rowErrorOf(text: string): { code: string; message: string | null } | null {
  try {
    const value: unknown = JSON.parse(text);
    const row = Array.isArray(value)
      ? (value[0] as { errorCode?: unknown; message?: unknown } | undefined)
      : null;
    if (typeof row?.errorCode !== 'string') return null;
    return { code: row.errorCode, message: typeof row.message === 'string' ? row.message : null };
  } catch {
    return null;
  }
}

/** The beginning of an object: a proxy or a dying server has let go of the rest. */
function isCutOff(text: string): boolean {
  return text.trimStart().startsWith('{');
}

/** A maintenance page, or one of a proxy before Salesforce. */
function isPage(text: string): boolean {
  return /^\s*(<!doctype html|<html|<head|<\?xml)/i.test(text);
}

function isMissing(status: number): boolean {
  return status === 404 || status === 405 || status === 410 || status === 501;
}

function clockAhead(answer: WireAnswer, { now }: OAuthRequest): number | null {
  const date = Date.parse(answer.header('date') ?? '');
  return now === undefined || Number.isNaN(date) ? null : date - now();
}

async function readText(answer: WireAnswer, host: string): Promise<string> {
  const body = await answer.body.start(maxBodyBytes + 1);
  if (body.length > maxBodyBytes) throw tooLong(host);
  return body.toString('utf8');
}

function tooLong(host: string): AppError {
  return new AppError('ORG_UNAVAILABLE', `${host} answered a login request with an endless page.`, {
    hint: 'Check the URL and the proxy; a Salesforce org answers in a few kilobytes.',
  });
}

/** The host is there and lacks a part: that is no word about the login. */
function missing(url: string, status: number): AppError {
  const { host, pathname } = new URL(url);
  return new AppError('LOGIN_FAILED', `${host} has no ${pathname} (HTTP ${status}), which a login needs.`, {
    hint: 'Check that the URL is that of a Salesforce org and that no proxy before it keeps this path back.',
    details: { host, path: pathname, status },
  });
}

function unavailable(host: string, status: number, what?: string): AppError {
  const how = what === undefined ? `HTTP ${status}` : `HTTP ${status}, ${what}`;
  return new AppError('ORG_UNAVAILABLE', `Salesforce (${host}) is not available now (${how}).`, {
    hint:
      what === undefined
        ? 'Look at status.salesforce.com and try again later; nothing is lost.'
        : 'It may be under maintenance, or a proxy answers in its place: check the URL and the network, and try again later.',
    details: { status },
  });
}

function unreachable(thrown: unknown, request: string, host: string): AppError {
  const { code, message, hint, network, systemCode, cause } = networkFailure(thrown, request, host);
  const details = { host, systemCode, ...(network && { network }) };
  return new AppError(code, message, { hint, details, cause });
}

import type { Emulator, EmulatorOptions } from '../../src/emulator/index.ts';
import { startEmulator } from '../../src/emulator/index.ts';

export type Json = Record<string, unknown>;

export interface ApiReply<T = unknown> {
  status: number;
  headers: Headers;
  body: T;
  text: string;
}

/** An emulator with raw HTTP around it: plain fetch, no client of ours. */
export interface RunningEmulator extends AsyncDisposable {
  emulator: Emulator;
  /** `/sobjects/…` below version 62.0, or a whole `/services/…` path. */
  api<T = Json>(path: string, init?: ApiInit): Promise<ApiReply<T>>;
  control<T = Json>(name: string, body?: unknown): Promise<T>;
  controlReply(name: string, init?: RequestInit): Promise<ApiReply>;
  token(params: Record<string, string>): Promise<ApiReply<Json>>;
  /** Logs in as an administrator would by a script: authorize by auto-approve, then the code. */
  logIn(options?: { scope?: string; username?: string }): Promise<Json>;
}

export interface ApiInit {
  method?: string;
  json?: unknown;
  body?: string | Uint8Array;
  headers?: Record<string, string>;
  token?: string;
  version?: string;
}

export async function runEmulator(options: EmulatorOptions = {}): Promise<RunningEmulator> {
  return around(await startEmulator({ contacts: 20, ...options }));
}

export function around(emulator: Emulator): RunningEmulator {
  const { url, accessToken } = emulator;
  const running: RunningEmulator = {
    emulator,
    async api<T>(path: string, init: ApiInit = {}) {
      const { method, json, body, headers = {}, token = accessToken, version = '62.0' } = init;
      const target = path.startsWith('/services/') ? path : `/services/data/v${version}${path}`;
      const response = await fetch(url + target, {
        method: method ?? (json === undefined && body === undefined ? 'GET' : 'POST'),
        headers: {
          authorization: `Bearer ${token}`,
          ...(json === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(json === undefined ? (body === undefined ? {} : { body }) : { body: JSON.stringify(json) }),
        redirect: 'manual',
      });
      return reply<T>(response);
    },
    async control<T>(name: string, body?: unknown) {
      const response = await fetch(
        `${url}/__emulator/${name}`,
        body === undefined
          ? {}
          : {
              method: 'POST',
              headers: { 'content-type': 'application/json' },
              body: JSON.stringify(body),
            },
      );
      const { status, body: parsed, text } = await reply<T>(response);
      if (status !== 200) throw new Error(`control ${name}: ${status} ${text}`);
      return parsed;
    },
    async controlReply(name, init = {}) {
      return reply(await fetch(`${url}/__emulator/${name}`, init));
    },
    async token(params) {
      const response = await fetch(`${url}/services/oauth2/token`, {
        method: 'POST',
        body: new URLSearchParams(params),
      });
      return reply<Json>(response);
    },
    async logIn({ scope = 'api refresh_token', username } = {}) {
      const { clientId } = emulator;
      const redirectUri = 'http://localhost:9717/callback';
      const query = new URLSearchParams({
        response_type: 'code',
        client_id: clientId,
        redirect_uri: redirectUri,
        scope,
        ...(username === undefined ? {} : { login_hint: username }),
      });
      await running.control('settings', { autoApprove: true });
      const answer = await fetch(`${url}/services/oauth2/authorize?${query}`, { redirect: 'manual' });
      const code = new URL(answer.headers.get('location') ?? '').searchParams.get('code') ?? '';
      const reply = await running.token({
        grant_type: 'authorization_code',
        code,
        redirect_uri: redirectUri,
        client_id: clientId,
      });
      if (reply.status !== 200) throw new Error(reply.text);
      return reply.body;
    },
    [Symbol.asyncDispose]: () => emulator.close(),
  };
  return running;
}

async function reply<T>(response: Response): Promise<ApiReply<T>> {
  const text = await response.text();
  let body: unknown = text;
  try {
    body = text === '' ? undefined : JSON.parse(text);
  } catch {
    // Not JSON: the text is the body.
  }
  return { status: response.status, headers: response.headers, body: body as T, text };
}

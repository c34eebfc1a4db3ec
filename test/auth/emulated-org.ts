import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Credential } from '../../src/auth/credential.ts';
import { loginWithBrowser } from '../../src/auth/login-browser.ts';
import { systemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { type Emulator, type EmulatorOptions, startEmulator } from '../../src/emulator/index.ts';
import { wire } from './wire.ts';

export interface Call {
  method: string;
  path: string;
  status: number;
}

/** An emulated org with a callback URL on a port of this test's own, so that tests can run side by side. */
export interface EmulatedOrg extends AsyncDisposable {
  emulator: Emulator;
  callbackPort: number;
  control(name: string, body: unknown): Promise<unknown>;
  calls(): Promise<Call[]>;
  /** Requests to the token endpoint, oldest first. */
  tokenCalls(): Promise<Call[]>;
  /** A login as a script does it: the authorize page approves at once, and we are the browser. */
  login(): Promise<Credential>;
}

export async function startEmulatedOrg(options: EmulatorOptions = {}): Promise<EmulatedOrg> {
  const callbackPort = await freePort();
  const emulator = await startEmulator({
    contacts: 3,
    autoApprove: true,
    rotateRefreshTokens: true,
    callbackUrls: [`http://localhost:${callbackPort}/callback`],
    ...options,
  });
  const calls = async (): Promise<Call[]> =>
    (await (await fetch(`${emulator.url}/__emulator/calls`)).json()) as Call[];
  return {
    emulator,
    callbackPort,
    calls,
    tokenCalls: async () => (await calls()).filter(({ path }) => path.startsWith('/services/oauth2/token')),
    async control(name, body) {
      const response = await fetch(`${emulator.url}/__emulator/${name}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      if (!response.ok) throw new Error(`${name}: ${response.status} ${await response.text()}`);
      return response.json().catch(() => null);
    },
    login: () =>
      loginWithBrowser({
        loginUrl: emulator.url,
        clientId: emulator.clientId,
        ports: [callbackPort],
        // Fetch follows the redirect to the callback, as a browser would.
        openBrowser: (url) => fetch(url),
        wire,
        clock: systemClock,
        log: silentLogger,
      }),
    [Symbol.asyncDispose]: () => emulator.close(),
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

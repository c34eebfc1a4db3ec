import type { KeyObject } from 'node:crypto';
import { createHash, createPublicKey, timingSafeEqual } from 'node:crypto';

/** A connected app or external client app, as an administrator would have registered it. */
export interface ClientApp {
  name: string;
  clientId: string;
  clientSecret: string;
  /** Compared exactly, port included. */
  callbackUrls: string[];
  scopes: string[];
  /** Keys that may sign JWT bearer assertions. */
  jwtKeys: KeyObject[];
  /** The user that a client credentials grant acts as. */
  runAs: string;
}

/** The URIs that docs/login.md and the README tell people to register. */
const standardCallbackUrls = [9717, 9718, 9719].map((port) => `http://localhost:${port}/callback`);

/** The same seed gives the same consumer key and secret, so that a restarted emulator knows its clients. */
export function createClientApp(seed: number, callbackUrls: string[], runAs: string): ClientApp {
  const derive = (what: string) => createHash('sha512').update(`${what}:${seed}`).digest();
  return {
    name: 'Parahack Sync (emulator)',
    clientId: `3MVG9${derive('consumer key').toString('base64url').replace(/[-_]/g, '').slice(0, 80)}`,
    clientSecret: derive('consumer secret').toString('hex').slice(0, 64).toUpperCase(),
    callbackUrls: [...new Set([...standardCallbackUrls, ...callbackUrls])],
    scopes: ['refresh_token', 'api', 'id', 'openid', 'web', 'full'],
    jwtKeys: [],
    runAs,
  };
}

/** Reads a PEM certificate or public key; undefined where it is neither. */
export function readPublicKey(pem: string): KeyObject | undefined {
  try {
    return createPublicKey(pem);
  } catch {
    return undefined;
  }
}

export function secretMatches(app: ClientApp, secret: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(app.clientSecret), digest(secret));
}

/** How to start an emulator; every key may be left out. */
export interface EmulatorOptions {
  /** 0 lets the system choose a free one (the default). */
  port?: number;
  /** Contacts at the start. Default 1,000. */
  contacts?: number;
  /** The same seed gives the same contacts, byte for byte. Default 1. */
  seed?: number;
  /** Of a new org, 15 or 18 characters. Default: follows from port and seed. */
  orgId?: string;
  /** Custom fields of Contact. Default 3. */
  customFields?: number;
  /** Keeps the org in this file; opened where it exists. */
  stateFile?: string;
  /** Waited before each answer. Default 0. */
  latencyMs?: number;
  /** API requests in a rolling day. Default 100,000. */
  dailyLimit?: number;
  /** Requests under way at a time. Default 25. */
  concurrentLimit?: number;
  /** Files with describe documents of further objects. */
  objectFiles?: readonly string[];
  /** Approves every login without asking. Default false. */
  autoApprove?: boolean;
  /** Every refresh answers a new refresh token and spends the old one. Default false. */
  rotateRefreshTokens?: boolean;
  /** Callback URLs of the client app, beside `http://localhost:9717…9719/callback`. */
  callbackUrls?: readonly string[];
  /** PEM public keys or certificates that may sign JWT bearer assertions, beside the emulator's own. */
  jwtPublicKeys?: readonly string[];
  /** The clock under the org's clock, milliseconds since 1970. Default `Date.now`. */
  wallClock?: () => number;
  signal?: AbortSignal;
}

import type { RequestListener } from 'node:http';

/** A running emulator. `await using` or `close()` ends it. */
export interface Emulator extends AsyncDisposable {
  /** `http://localhost:PORT`: login URL and instance URL. */
  readonly url: string;
  readonly port: number;
  /** 18 characters. */
  readonly orgId: string;
  /** The OAuth client app that is registered in the org. */
  readonly clientId: string;
  readonly clientSecret: string;
  /** The org's first user, whose contacts and token these are. */
  readonly username: string;
  readonly userId: string;
  /** The password of every user. */
  readonly password: string;
  /** A session of that user; it ends by `sessions {expire}` only. */
  readonly accessToken: string;
  /** A private key (PEM) whose public part the client app accepts in JWT bearer assertions; made when first asked for. */
  jwtPrivateKey(): Promise<string>;
  /** Stops listening and lets go of everything. Safe to call twice. */
  close(): Promise<void>;
}

/** One that listens nowhere. */
export interface EmulatorInProcess extends Emulator {
  /** Answers a request that came by another way than a socket; `message.socket` is told where the answer is cut. */
  readonly answer: RequestListener;
}

import { randomBytes } from 'node:crypto';
import type { OrgDirectory } from './org-directory.ts';

export interface AuthorizationCode {
  userId: string;
  clientId: string;
  redirectUri: string;
  scopes: string[];
  challenge: string | undefined;
  nonce: string | undefined;
  expiresAt: number;
}

/** Salesforce: "expires after 15 minutes" (OAuth 2.0 Web Server Flow). */
const codeLifeMs = 15 * 60_000;

export class AuthorizationCodes {
  readonly #codes = new Map<string, AuthorizationCode>();
  readonly #directory: OrgDirectory;

  constructor(directory: OrgDirectory) {
    this.#directory = directory;
  }

  issue(grant: Omit<AuthorizationCode, 'expiresAt'>): string {
    const code = `aPrx${randomBytes(48).toString('base64url').replace(/-/g, '.')}==`;
    this.#codes.set(code, { ...grant, expiresAt: this.#directory.now() + codeLifeMs });
    return code;
  }

  /** Uses a code up; undefined where it is unknown, used or too old. */
  redeem(code: string): AuthorizationCode | undefined {
    const grant = this.#codes.get(code);
    this.#codes.delete(code);
    return grant && grant.expiresAt > this.#directory.now() ? grant : undefined;
  }

  clear(): void {
    this.#codes.clear();
  }
}

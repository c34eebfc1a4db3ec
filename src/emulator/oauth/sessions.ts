import { randomBytes } from 'node:crypto';
import type { OrgDirectory } from './org-directory.ts';

/** What an access token stands for. */
export interface Session {
  token: string;
  userId: string;
  clientId: string;
  scopes: string[];
  issuedAt: number;
  /** By the org's clock; Infinity for a session without a timeout. */
  expiresAt: number;
  /** The refresh token family it came from. */
  familyId: string | undefined;
}

/** Salesforce's default session timeout. */
export const defaultSessionTimeoutMs = 2 * 3_600_000;

export interface NewSession {
  userId: string;
  clientId: string;
  scopes: string[];
  familyId?: string | undefined;
  timeoutMs?: number;
}

/** The org's access tokens. Use within the second half of a session's life prolongs it, as in Salesforce. */
export class Sessions {
  readonly #sessions = new Map<string, Session>();
  readonly #directory: OrgDirectory;
  timeoutMs = defaultSessionTimeoutMs;

  constructor(directory: OrgDirectory) {
    this.#directory = directory;
  }

  open({ userId, clientId, scopes, familyId, timeoutMs = this.timeoutMs }: NewSession): Session {
    const issuedAt = this.#directory.now();
    // ORGID!random with an org id of 15 characters, the form that `sf org login access-token` demands.
    const token = `${this.#directory.orgId.slice(0, 15)}!AQ${randomBytes(72).toString('base64url').replace(/-/g, '.')}`;
    const session = { token, userId, clientId, scopes, issuedAt, expiresAt: issuedAt + timeoutMs, familyId };
    this.#sessions.set(token, session);
    return session;
  }

  /** The live session of a token; a use near its end prolongs it. */
  find(token: string): Session | undefined {
    const session = this.peek(token);
    if (!session) return undefined;
    const now = this.#directory.now();
    if (session.expiresAt - now < this.timeoutMs / 2) session.expiresAt = now + this.timeoutMs;
    return session;
  }

  /** The live session of a token, without counting as a use. */
  peek(token: string): Session | undefined {
    const session = this.#sessions.get(token);
    if (!session) return undefined;
    if (session.expiresAt <= this.#directory.now()) {
      this.#sessions.delete(token);
      return undefined;
    }
    return session;
  }

  close(token: string): boolean {
    return this.#sessions.delete(token);
  }

  closeFamily(familyId: string): void {
    for (const [token, session] of this.#sessions)
      if (session.familyId === familyId) this.#sessions.delete(token);
  }

  closeAll(): number {
    const count = this.#sessions.size;
    this.#sessions.clear();
    return count;
  }

  /** Those that are still good. */
  stored(): Session[] {
    return [...this.#sessions.values()].filter(({ expiresAt }) => expiresAt > this.#directory.now());
  }

  /** A session of that user and app that has no timeout. */
  lasting(userId: string, clientId: string): Session | undefined {
    return [...this.#sessions.values()].find(
      (session) =>
        session.userId === userId &&
        session.clientId === clientId &&
        session.expiresAt === Number.POSITIVE_INFINITY,
    );
  }

  restore(stored: Session[]): void {
    for (const session of stored) this.#sessions.set(session.token, session);
  }

  /** Ends every session but the one, which is opened again if it was ended. */
  closeAllBut(kept: Session): void {
    this.#sessions.clear();
    this.#sessions.set(kept.token, kept);
  }

  get size(): number {
    return this.#sessions.size;
  }
}

import { randomBytes, randomUUID } from 'node:crypto';
import type { OrgDirectory } from './org-directory.ts';

/** One approval of an app by a user: the chain of refresh tokens that grew from one login. */
export interface RefreshFamily {
  id: string;
  userId: string;
  clientId: string;
  scopes: string[];
  approvedAt: number;
  current: string;
}

/** A family with all its tokens, spent ones included. */
export type StoredFamily = RefreshFamily & { tokens: string[] };

export type RefreshLookup =
  | { kind: 'current'; family: RefreshFamily }
  | { kind: 'spent'; family: RefreshFamily }
  | { kind: 'unknown' };

/** A user keeps five approvals of one app; the next revokes the oldest (help: "Manage OAuth Access Policies"). */
const approvalsPerUserAndApp = 5;

export class RefreshFamilies {
  readonly #families = new Map<string, RefreshFamily>();
  /** Every token of a live family, so that the use of a spent one is recognised. */
  readonly #familyOf = new Map<string, string>();
  readonly #directory: OrgDirectory;

  constructor(directory: OrgDirectory) {
    this.#directory = directory;
  }

  /** Approves an app for a user. Returns the new family and those that the five-approvals rule ended. */
  approve(
    userId: string,
    clientId: string,
    scopes: string[],
  ): { family: RefreshFamily; ended: RefreshFamily[] } {
    const family = {
      id: randomUUID(),
      userId,
      clientId,
      scopes,
      approvedAt: this.#directory.now(),
      current: '',
    };
    this.#families.set(family.id, family);
    this.#issue(family);
    const own = [...this.#families.values()].filter((f) => f.userId === userId && f.clientId === clientId);
    const ended = own.slice(0, Math.max(0, own.length - approvalsPerUserAndApp));
    for (const old of ended) this.revoke(old.id);
    return { family, ended };
  }

  hasApproved(userId: string, clientId: string): boolean {
    return [...this.#families.values()].some((f) => f.userId === userId && f.clientId === clientId);
  }

  lookUp(token: string): RefreshLookup {
    const family = this.#families.get(this.#familyOf.get(token) ?? '');
    if (!family) return { kind: 'unknown' };
    return { kind: family.current === token ? 'current' : 'spent', family };
  }

  /** Replaces the family's token; the old one is spent. */
  rotate(family: RefreshFamily): string {
    return this.#issue(family);
  }

  revoke(familyId: string): boolean {
    for (const [token, id] of this.#familyOf) if (id === familyId) this.#familyOf.delete(token);
    return this.#families.delete(familyId);
  }

  revokeAll(): number {
    const count = this.#families.size;
    this.#families.clear();
    this.#familyOf.clear();
    return count;
  }

  stored(): StoredFamily[] {
    return [...this.#families.values()].map((family) => ({
      ...family,
      tokens: [...this.#familyOf].flatMap(([token, id]) => (id === family.id ? [token] : [])),
    }));
  }

  restore(stored: StoredFamily[]): void {
    for (const { tokens, ...family } of stored) {
      this.#families.set(family.id, family);
      for (const token of tokens) this.#familyOf.set(token, family.id);
    }
  }

  get size(): number {
    return this.#families.size;
  }

  #issue(family: RefreshFamily): string {
    family.current = `5Aep861${randomBytes(60).toString('base64url').replace(/-/g, '.')}`;
    this.#familyOf.set(family.current, family.id);
    return family.current;
  }
}

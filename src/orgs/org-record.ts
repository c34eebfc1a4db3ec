import type { AuthState } from '../org/auth-state.ts';
import type { ConflictPolicy } from '../org/conflict-policy.ts';
import type { GrantKind } from '../org/grant-kind.ts';

/** One connected org as the registry knows it. No secret is ever in here. */
export interface OrgRecord {
  /** The key: normalised, without a trailing slash. */
  instanceUrl: string;
  /** Where calls go; differs from the key only after a renamed My Domain. */
  apiUrl: string;
  loginUrl: string;
  orgId: string;
  userId: string;
  username: string;
  alias: string | null;
  sync: boolean;
  authState: AuthState;
  grant: GrantKind;
  clientId: string | null;
  /** Share of the daily API requests, 0 to 1; null means the default. */
  budget: number | null;
  /** Programs may write to the view of its mirror. */
  twoWay: boolean;
  conflicts: ConflictPolicy;
  /** Milliseconds since 1970. */
  createdAt: number;
  lastLoginAt: number;
}

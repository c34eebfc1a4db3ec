import type { AuthState } from '../org/auth-state.ts';
import type { ConflictPolicy } from '../org/conflict-policy.ts';
import type { NamedOrg } from '../org/orgs-meant.ts';
import type { ErrorInfo } from './error-info.ts';

/** `unknown`: the credential store cannot be read. */
export type KnownAuth = AuthState | 'unknown';

export interface OrgView {
  instanceUrl: string;
  orgId: string;
  username: string;
  alias: string | null;
  sync: boolean;
  /** `login-needed`: the grant is gone. `no-refresh`: an access token that nothing can renew. */
  auth: KnownAuth;
  /** Why a login is needed, or why nothing is known of it. */
  authReason: ErrorInfo | null;
  /** The org's own share of the daily API requests, 0 to 1; null: the configured one. */
  budget: number | null;
  /** Programs may write to the view of its mirror, and it is pushed. */
  twoWay: boolean;
  /** Whose value stays where both sides have changed a field. */
  conflicts: ConflictPolicy;
}

/** How an org is called in texts. */
export type OrgName = NamedOrg;

export interface OrgsResult {
  orgs: OrgView[];
}

export interface OrgSettingsOptions {
  org: string;
  /** undefined: left as it is. */
  budget?: number;
  twoWay?: boolean;
  conflicts?: ConflictPolicy;
}

export interface OrgSet {
  org: OrgView;
  /** Edits of programs that still wait, which are sent also with two-way off; null where it was not set. */
  openEdits: number | null;
}

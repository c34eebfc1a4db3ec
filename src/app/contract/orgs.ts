import type { AuthState } from '../../orgs/org-record.ts';

export interface OrgView {
  instanceUrl: string;
  orgId: string;
  username: string;
  alias: string | null;
  sync: boolean;
  /** `login-needed`: the grant is gone. `no-refresh`: an access token that nothing can renew. */
  auth: AuthState;
  /** The org's own share of the daily API requests, 0 to 1; null: the configured one. */
  budget: number | null;
}

export interface OrgsResult {
  orgs: OrgView[];
}

export interface OrgSettingsOptions {
  org: string;
  /** undefined: left as it is. */
  budget?: number;
}

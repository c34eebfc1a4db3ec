import type { AuthorizationCodes } from './authorization-codes.ts';
import type { BrowserSessions } from './browser-sessions.ts';
import type { ClientApp } from './client-app.ts';
import type { OrgDirectory } from './org-directory.ts';
import type { RefreshFamilies } from './refresh-families.ts';
import type { RefreshesUnderWay } from './refreshes-under-way.ts';
import type { Sessions } from './sessions.ts';

/** What an administrator can switch (Setup, "OAuth Policies"). */
export interface OAuthSettings {
  /** Logs the default user in and approves without asking: for scripts. */
  autoApprove: boolean;
  rotateRefreshTokens: boolean;
  /** The app is not installed in the org or blocked by an administrator. */
  appBlocked: boolean;
  /** The app requires PKCE of every authorize request. */
  requirePkce: boolean;
  /** A refresh beside another of the same token is refused, as Salesforce does since 2024. */
  refuseConcurrentRefresh: boolean;
}

/** What the OAuth endpoints stand on. */
export interface OAuthContext {
  directory: OrgDirectory;
  app: ClientApp;
  codes: AuthorizationCodes;
  browsers: BrowserSessions;
  sessions: Sessions;
  families: RefreshFamilies;
  refreshes: RefreshesUnderWay;
  settings: OAuthSettings;
  /** The org's instance URL, without a slash at the end. */
  instanceUrl: string;
}

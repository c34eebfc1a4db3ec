/** How an access token is renewed: by a refresh token, by signing a new JWT, by id and secret, or not at all. */
export type GrantKind = 'refresh-token' | 'jwt' | 'client-credentials' | 'access-token';

/** Everything needed to act for one user of one org. Lives in a credential store and in memory, nowhere else. */
export interface Credential {
  /** The key: normalised, without a trailing slash. */
  instanceUrl: string;
  /** Where calls go. The same as `instanceUrl` until the org's My Domain is renamed. */
  apiUrl: string;
  /** Where tokens are asked for: `https://login.salesforce.com`, a sandbox' or the org's own host. */
  loginUrl: string;
  grant: GrantKind;
  /** Null where an access token was handed over ready-made. */
  clientId: string | null;
  orgId: string;
  userId: string;
  username: string;
  /** Empty when only the renewal's secret could be kept; the session renews before its first call then. */
  accessToken: string;
  refreshToken: string | null;
  clientSecret: string | null;
  /** PEM, only for `jwt`. */
  privateKey: string | null;
  /** When the access token was issued, milliseconds since 1970. */
  issuedAt: number;
  /**
   * Salesforce has said that this grant is over. Lies with the credential, so that all who share it know without
   * asking again; a new login replaces it.
   */
  refused: GrantRefusal | null;
}

export interface GrantRefusal {
  error: string;
  description: string | null;
  /** Milliseconds since 1970. */
  at: number;
}

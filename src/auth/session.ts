/** Access to one org for as long as a process runs. */
export interface Session {
  readonly instanceUrl: string;
  readonly orgId: string;
  readonly userId: string;
  readonly username: string;
  /** The base of all API calls. May change at a renewal, when the org's My Domain was renamed: read it per request. */
  readonly apiUrl: string;
  /** The current access token. Throws AppError `LOGIN_REQUIRED` or `CREDENTIAL_STORE_UNAVAILABLE`. */
  accessToken(options?: { signal?: AbortSignal }): Promise<string>;
  /**
   * Replaces the token that Salesforce has just rejected (401) and returns another one. Call it once per request;
   * it asks Salesforce at most once and never loops. Throws AppError `LOGIN_REQUIRED` when the grant is gone,
   * `ORG_CHANGED`, `OTHER_USER`, `CREDENTIAL_STORE_UNAVAILABLE`, `LOCK_TIMEOUT`, `NETWORK_UNREACHABLE`, `TIMEOUT` or
   * `ORG_UNAVAILABLE`. An abort ends the wait; a renewal that is already under way is finished and stored,
   * where it is answered within the time that the session has for its end.
   */
  renew(rejectedToken: string, options?: { signal?: AbortSignal }): Promise<string>;
  /**
   * Waits for a renewal under way, cuts it where that takes too long, and stores what could not be stored yet. Safe to
   * call twice.
   */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

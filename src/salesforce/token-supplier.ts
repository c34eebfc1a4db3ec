/** What the API client needs of a session; `renew` is called at most once per request, after a 401. */
export interface TokenSupplier {
  readonly instanceUrl: string;
  /** Whose session it is. */
  readonly userId: string;
  /** Base of all calls where it differs from `instanceUrl` (a renamed My Domain); read anew for each request. */
  readonly apiUrl?: string;
  accessToken(options?: { signal?: AbortSignal }): Promise<string>;
  renew(rejectedToken: string, options?: { signal?: AbortSignal }): Promise<string>;
}

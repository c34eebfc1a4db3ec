/** The org's API usage as a header or the limits last told it; `at` in ms since 1970. */
export interface ApiUsage {
  used: number;
  max: number;
  at: number;
}

/** API calls: our own by the hour, and what the org last said of everybody's. */
export interface UsageLedger {
  /** Own calls by the hour (`hour` = ms since 1970 / 3,600,000), for the rolling day's budget. */
  addCalls(hour: number, calls: number): Promise<void>;
  callsSince(hour: number): Promise<number>;
  reported(): Promise<ApiUsage | null>;
  saveReported(usage: ApiUsage): Promise<void>;
}

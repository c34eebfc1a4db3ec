import type { SyncedObject } from '../../org/synced-object.ts';
import type { BulkQueries } from './bulk-queries.ts';
import type { ReportedUsage } from './call-ledger.ts';
import type { CallOptions } from './call-options.ts';
import type { Queries } from './queries.ts';
import type { RemoteRecords } from './remote-records.ts';

export interface OrgIdentity {
  orgId: string;
  userId: string;
  username: string;
}

/** The org's time, ms since 1970, as its answers tell it. */
export interface OrgClock {
  /**
   * The best lower bound that the org's `Date` headers and the monotonic clock give, strictly increasing from call to
   * call. Throws before the first answer.
   */
  now(): number;
  /** The same by the org's answers alone, which may lie before what `now()` gave or a mirror has stored. */
  told(): number;
}

export interface OrgLimits {
  dailyApiRequests: { max: number; remaining: number };
  /** Everything the org reports, by Salesforce's names. */
  all: Record<string, { Max: number; Remaining: number }>;
}

/** What of the org's API requests is used. */
export interface OrgUsage {
  /** HTTP requests sent so far, repeats included; none that surely never reached the org. */
  sent(): number;
  /** What the last Sforce-Limit-Info header said; null before one was seen. */
  reported(): ReportedUsage | null;
  limits(options?: CallOptions): Promise<OrgLimits>;
}

/**
 * One org as sync needs it. Reads are repeated inside (bounded, with backoff and Retry-After); writes are
 * sent once. Every call has a timeout. Errors are AppErrors: `LOGIN_REQUIRED`, `REQUEST_LIMIT_EXCEEDED`,
 * `ORG_UNAVAILABLE`, `NETWORK_UNREACHABLE`, `TIMEOUT`, `EXCEEDED_ID_LIMIT`, `INVALID_REPLICATION_DATE`,
 * `INVALID_QUERY_LOCATOR`, `INVALID_FIELD`, `QUERY_TIMEOUT`, `REFUSED_FOR_NOW`, else `SALESFORCE_ERROR`; `details`
 * carries `{status, errorCode, retryAfterMs}` and, of REQUEST_LIMIT_EXCEEDED, `limit`: 'daily', 'app', 'concurrent' or 'other'.
 */
export interface Remote {
  readonly instanceUrl: string;
  /** As whom it asks, by its session. */
  readonly userId: string;
  readonly clock: OrgClock;
  readonly usage: OrgUsage;
  readonly queries: Queries;
  readonly bulk: BulkQueries;
  identity(options?: CallOptions): Promise<OrgIdentity>;
  of(object: SyncedObject): RemoteRecords;
}

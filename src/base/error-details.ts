import type { ErrorCode } from './error-codes.ts';
import type { RefusalKind } from './refusal-kind.ts';

/** Of an error of a call to Salesforce: the API's, or the token endpoint's. Each part is there where it is known. */
export interface CallDetails {
  /** HTTP status; null where no answer came. */
  status?: number | null;
  /** Salesforce's own code; null where the answer had none. */
  errorCode?: string | null;
  /** Milliseconds, from Retry-After. */
  retryAfterMs?: number | null;
  /** Method and path, never the query. */
  request?: string;
  /** Which limit, for REQUEST_LIMIT_EXCEEDED. `app`: the quota of this client app. */
  limit?: 'daily' | 'app' | 'concurrent' | 'other';
  /** How far the connection came, for NETWORK_UNREACHABLE, and for a TIMEOUT before it stood. */
  network?: 'unreachable' | 'cut' | 'tls' | 'proxy';
  /** The answer's time leaps; asked again, further answers may bear it out. */
  clockLeapt?: true;
  /** Salesforce failed over this very request, and may well take the next. */
  ofRequest?: true;
  /** The field of a value that has none of the forms of that field's type. */
  column?: string;
  /** Fields that Salesforce named. */
  fields?: string[];
  /** Node's code of the system error beneath. */
  systemCode?: string | null;
  /** What the token endpoint said (RFC 6749, section 5.2). */
  error?: string;
  error_description?: string | null;
  kind?: RefusalKind;
  [more: string]: unknown;
}

/** Who holds a lock, as far as is known. */
export interface HolderDetails {
  pid?: number;
  /** ISO. */
  since?: string;
  purpose?: string | null;
  [more: string]: unknown;
}

/** Of a call that the share does not hold. */
export interface BudgetDetails {
  /** Of which calls the share is used up. */
  kind?: 'pull' | 'push' | 'look';
  retryAfterMs?: number | null;
  [more: string]: unknown;
}

/** What `details` hold, for the codes whose details this program reads itself. */
export interface DetailsByCode {
  API_BUDGET_EXHAUSTED: BudgetDetails;
  NETWORK_UNREACHABLE: CallDetails;
  TIMEOUT: CallDetails;
  ORG_UNAVAILABLE: CallDetails;
  REFUSED_FOR_NOW: CallDetails;
  REQUEST_LIMIT_EXCEEDED: CallDetails;
  QUERY_TIMEOUT: CallDetails;
  SALESFORCE_ERROR: CallDetails;
  ORG_BUSY: HolderDetails | null;
  LOCK_TIMEOUT: {
    /** Where a login is being renewed. */
    instanceUrl?: string;
    holder: { pid: number; isThisProcess: boolean; since: number; purpose?: string } | null;
  };
}

export type DetailsOf<C extends ErrorCode> = C extends keyof DetailsByCode ? DetailsByCode[C] : unknown;

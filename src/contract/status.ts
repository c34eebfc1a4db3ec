import type { ConflictPolicy } from '../org/conflict-policy.ts';
import type { ErrorInfo } from './error-info.ts';
import type { AppQuota, OwnShare, StretchedWatch } from './limits.ts';
import type { KnownAuth } from './orgs.ts';
import type { RunView } from './runs.ts';

export interface StatusResult {
  orgs: StatusItem[];
  watch: { running: boolean; pid: number | null; since: string | null };
}

export interface StatusItem {
  instanceUrl: string;
  alias: string | null;
  /** Null, as orgId, for an org of the environment: it was not asked. */
  username: string | null;
  orgId: string | null;
  sync: boolean;
  /** Programs may write to the view of its mirror; as set for the org. */
  twoWay: boolean;
  conflicts: ConflictPolicy;
  auth: KnownAuth;
  /** Why a login is needed, or why nothing is known of it. */
  authReason: ErrorInfo | null;
  /** The mirror's path; null before the first backfill. */
  database: string | null;
  contacts: number | null;
  deleted: number | null;
  coveredUntil: string | null;
  lagSeconds: number | null;
  /**
   * As of when the mirror last agreed with the org as a whole, by the last complete reconcile or first copy; null before that,
   * where the org is seen as another user since, and where that reconcile has kept rows that the org does not show.
   */
  agreedAt: string | null;
  lastBackfill: RunView | null;
  lastCycle: RunView | null;
  /** The last one that came to its end, one that changed nothing included; `counts.held` are the rows that its brake has kept. */
  lastReconcile: RunView | null;
  /** Null where the mirror could not be read. */
  outbox: Record<'pending' | 'rejected' | 'inDoubt' | 'held' | 'conflicts', number | null>;
  /** The org's API requests of the rolling day, as last reported. */
  api: {
    used: number | null;
    max: number | null;
    at: string | null;
    app: AppQuota | null;
    /** Null where it is not known which org it is, or the count cannot be read. */
    share: OwnShare | null;
    stretched: StretchedWatch | null;
  };
  /** What the last try of a watch came to, where it failed and nothing has gone well since. */
  failing: FailingWatch | null;
  /** Why this org's mirror could not be read. */
  error: ErrorInfo | null;
}

export interface FailingWatch {
  code: string;
  message: string;
  hint: string | null;
  /** When the first of the failed tries in a row failed. */
  since: string;
  /** When the last one did. */
  lastAt: string;
  failures: number;
  /** When it is tried again; null where the watch waits for a login, or is not known to run any more. */
  retryAt: string | null;
}

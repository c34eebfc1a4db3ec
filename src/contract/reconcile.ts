import type { ErrorInfo } from './error-info.ts';
import type { ReconcileCause, ReconcileEnd, ReconcileTotals } from './reconcile-totals.ts';

export interface ReconcileOptions {
  /** Empty: all with sync on. */
  orgs: string[];
  /** Compares, and changes neither rows nor cursors. */
  dryRun: boolean;
  /** Removes rows that are not found however many they are. */
  force: boolean;
  /** Where a watch has an org and makes the reconcile: returns at its end, not at once. */
  wait: boolean;
}

export interface ReconcileResult {
  orgs: ReconcileItem[];
}

export interface ReconcileItem extends ReconcileTotals {
  instanceUrl: string;
  /** `queued`: left to the watch that has the org, and not waited for. */
  status: 'complete' | 'interrupted' | 'failed' | 'queued';
  dryRun: boolean;
  /** What led to it; another than asked for where one that went on with an interrupted one did not come to its end. */
  cause: ReconcileCause;
  /** Live contacts in the mirror at the end. */
  contacts: number | null;
  /** COUNT() of the org and live contacts of the mirror before; null where it did not come to that. */
  compared: { org: number; mirror: number } | null;
  /** Of a dry run: the first 1,000 Ids of each kind. */
  ids: { missing: string[]; stale: string[]; ghosts: string[]; held: string[] } | null;
  apiCalls: number;
  durationMs: number;
  runId: string | null;
  resumed: boolean;
  /**
   * An older one that lay interrupted and was brought to its end before: what it had compared of the org was of a time
   * before this was asked for. `apiCalls`, `durationMs` and all other figures beside it are without it.
   */
  former: ReconcileEnd | null;
  error: ErrorInfo | null;
}

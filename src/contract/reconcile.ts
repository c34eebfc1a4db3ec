import type { ErrorInfo } from './error-info.ts';
import type { ReconcileCause } from './progress.ts';

export interface ReconcileOptions {
  /** Empty: all with sync on. */
  orgs: string[];
  /** Compares, and changes neither rows nor cursors. */
  dryRun: boolean;
  /** Removes rows that are not found however many they are. */
  force: boolean;
}

export interface ReconcileResult {
  orgs: ReconcileItem[];
}

export interface ReconcileItem {
  instanceUrl: string;
  status: 'complete' | 'interrupted' | 'failed';
  dryRun: boolean;
  /** What led to it; another than asked for where it goes on with one that was interrupted. */
  cause: ReconcileCause;
  /** Records of the org whose Id and SystemModstamp were compared. */
  checked: number;
  missing: number;
  stale: number;
  /** Rows that Salesforce does not have any more, the held ones included. */
  ghosts: number;
  /** Ghosts that stay: they are many, and Salesforce does not say that they were deleted. */
  held: number;
  /** Of all these, what the mirror has now as the org does. */
  repaired: number;
  /** Rows whose formulas and other fields without a stamp had changed. */
  recalculated: number;
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
  error: ErrorInfo | null;
}

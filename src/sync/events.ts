export type BackfillApi = 'rest' | 'bulk';

/** What has led to a reconcile. */
export type ReconcileCause =
  | 'asked'
  | 'scheduled'
  | 'out-of-reach'
  | 'clock-moved-back'
  | 'user-changed'
  | 'count-differs';

/** What a running job tells while it runs, for progress and logs. Results come back from the call itself. */
export type SyncEvent =
  | {
      type: 'backfill:start';
      instanceUrl: string;
      runId: string;
      api: BackfillApi;
      /** Why this API, for people. */
      reason: string;
      total: number;
      resumed: boolean;
    }
  | {
      type: 'reconcile:start';
      instanceUrl: string;
      runId: string;
      cause: ReconcileCause;
      /** Why it is made, for people. */
      why: string;
      api: BackfillApi;
      total: number;
      resumed: boolean;
      dryRun: boolean;
    }
  | {
      /** `reconcile:progress`: records compared, of a sweep. */
      type: 'backfill:progress' | 'reconcile:progress';
      instanceUrl: string;
      /** Contacts read so far in this run, those of an interrupted start included. */
      contacts: number;
      /** Those read before this process resumed the run. */
      contactsBefore: number;
      total: number;
      chunks: number;
      chunksDone: number;
      apiCalls: number;
      elapsedMs: number;
    }
  | {
      type: 'push:progress';
      instanceUrl: string;
      /** Records of this push with a final answer, of `total`. */
      settled: number;
      total: number;
      /** Entries of former pushes and edits that were settled on the way: the outbox goes in its order. */
      older: number;
    };

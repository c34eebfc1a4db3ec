import type { Lease } from '../ports/leases.ts';
import type { SendApi } from '../ports/outbox-entry.ts';
import type { PushRecord } from './check/push-record.ts';
import type { DecimalMark } from './values/number-forms.ts';

/** What a push is asked for. */
export interface PushJob {
  /** In the order of the input; any number, at most some thousand a batch. */
  records: AsyncIterable<readonly PushRecord[]>;
  upsertField: string | null;
  dryRun: boolean;
  queue: boolean;
  allOrNone: boolean;
  allowDuplicates: boolean;
  /** By what the records are to go; `auto`: as their number suggests. */
  api: 'auto' | SendApi;
  ignoreUnknown: boolean;
  ignoreReadOnly: boolean;
  allowMixed: boolean;
  /** Take texts as they are that were read in a wrong encoding: a character was lost (U+FFFD), or is several now. */
  allowDamaged: boolean;
  /** How numbers are written in texts; null where the user has not said. */
  decimal: DecimalMark | null;
  /** Do not go on with an equal push that did not end. */
  fresh: boolean;
  /** Keep each record as it was given, so that `staging.rejects()` can give it back. */
  keepGiven: boolean;
  withDrainLease: <T>(work: (lease: Lease) => Promise<T>) => Promise<T>;
  signal: AbortSignal;
}

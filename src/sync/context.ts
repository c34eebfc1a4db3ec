import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { SyncedObject } from '../org/synced-object.ts';
import type { BatchSizes } from './batch-sizes.ts';
import type { SyncEvent } from './events.ts';
import type { Mirror } from './ports/mirror.ts';
import type { Remote } from './ports/remote.ts';
import type { RemoteRecords } from './ports/remote-records.ts';

/** What every job of one org works with. Work on the org's rows wants a mirror under its lease. */
export interface SyncContext {
  /** What is synced. */
  object: SyncedObject;
  remote: Remote;
  /** The object's, in the org. */
  records: RemoteRecords;
  mirror: Mirror;
  clock: Clock;
  /** How long, after work was told to end, the answer to a write that has left is waited for, ms. */
  stopBudgetMs: number;
  sizes: BatchSizes;
  log: Logger;
  onEvent: (event: SyncEvent) => void;
}

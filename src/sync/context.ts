import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { SyncEvent } from './events.ts';
import type { Mirror } from './ports/mirror.ts';
import type { Remote } from './ports/remote.ts';

/** What every job of one org works with. The caller holds the org's lock. */
export interface SyncContext {
  remote: Remote;
  mirror: Mirror;
  clock: Clock;
  log: Logger;
  onEvent: (event: SyncEvent) => void;
}

import type { WatchEvent, WatchOptions } from '../contract/watch.ts';
import type { Mirrors } from '../sync/ports/mirrors.ts';
import type { ConnectParts } from './connect-org.ts';
import type { OrgLeases } from './org-lease.ts';
import type { OrgDirectory } from './ports/org-directory.ts';

export interface WatchedOrgParts extends Omit<OrgDirectory, 'registry'>, ConnectParts, OrgLeases {
  readonly mirrors: ConnectParts['mirrors'] &
    OrgLeases['mirrors'] &
    Pick<Mirrors, 'location' | 'isReconcileAsked' | 'programCommits'>;
}

/** How a watch cares for its orgs, and whom it tells. */
export interface Care {
  options: Pick<WatchOptions, 'push' | 'once' | 'intervalMs' | 'reconcileEveryMs'>;
  signal: AbortSignal;
  /** `isTried`: whether the cycle or push that it tells of has looked at the outbox. */
  tell(event: WatchEvent, push?: { isTried: boolean }): void;
}

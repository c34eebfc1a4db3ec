import type { Lease } from './leases.ts';

/** An old mirror that was put aside. */
export interface ArchivedMirror {
  /** Where it lies, for people. No two archives have the same. */
  location: string;
  /** ms since 1970. */
  archivedAt: number;
  /** All that it takes up. */
  bytes: number;
}

/** Old mirrors that were put aside. They change under a lease only, which is looked at before: AppError `LEASE_LOST`. */
export interface MirrorArchives {
  /**
   * Puts the org's mirror aside, and refuses from then on what programs write that have it open. It must not be open here.
   * Throws AppError `OUTBOX_OPEN` where its outbox has open entries and `force` is not set.
   */
  add(
    instanceUrl: string,
    lease: Lease,
    options?: { force?: boolean; signal?: AbortSignal },
  ): Promise<ArchivedMirror>;
  /** What was archived of this org, the newest first. */
  list(instanceUrl: string): Promise<ArchivedMirror[]>;
  remove(archive: ArchivedMirror, lease: Lease): Promise<void>;
}

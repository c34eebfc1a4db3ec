import type { Lease } from './leases.ts';
import type { ArchivedMirror } from './mirror-archives.ts';
import type { OpenOptions, StoredMirror } from './stored-mirror.ts';

export interface ReplaceOptions {
  /** Although the old mirror is another org's and has open entries in its outbox, or is a newer version's. */
  force: boolean;
  /** The org's. */
  lease: Lease;
  signal?: AbortSignal;
}

/**
 * Fresh copies beside mirrors, under way or interrupted, which readers of mirrors do not see. They are removed and put
 * in place under a lease only, which is looked at before: AppError `LEASE_LOST`.
 */
export interface MirrorCopies {
  exists(instanceUrl: string): Promise<boolean>;
  /** Throws AppError `NO_MIRROR` where there is none and `create` is not set. Dispose it after use. */
  open(instanceUrl: string, options: OpenOptions): Promise<StoredMirror>;
  /** It must not be open. */
  remove(instanceUrl: string, lease: Lease): Promise<void>;
  /**
   * Archives the mirror and puts the contents of the copy in its place, in one transaction for its readers. The caller
   * holds the org's lease and its drain lease, and removes the copy afterwards. Returns the archive, null where there
   * was no mirror.
   */
  replaceMirror(instanceUrl: string, options: ReplaceOptions): Promise<ArchivedMirror | null>;
}

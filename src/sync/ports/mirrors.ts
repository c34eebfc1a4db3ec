import type { Lease } from './leases.ts';
import type { StoredMirror } from './stored-mirror.ts';

export interface OpenOptions {
  /** Make the mirror where there is none. */
  create: boolean;
  /** The org's, for work on it. Without one only what needs no lease can be written (`Mirror.under`). */
  lease?: Lease;
  /** Ends the waits for another program's write lock. */
  signal?: AbortSignal;
}

/** An old mirror that was put aside. */
export interface ArchivedMirror {
  path: string;
  /** ms since 1970. */
  archivedAt: number;
  /** With the log that may lie beside it. */
  bytes: number;
}

export interface ReplaceOptions {
  /** Although the old mirror is another org's and has open entries in its outbox, or is a newer version's. */
  force: boolean;
  /** The org's. */
  lease: Lease;
  signal?: AbortSignal;
}

/**
 * The mirrors of one installation. One org's is opened once, however often it is asked for. They are moved and removed
 * under a lease only, which is looked at before: AppError `LEASE_LOST`.
 */
export interface Mirrors extends AsyncDisposable {
  pathOf(instanceUrl: string): string;
  exists(instanceUrl: string): boolean;
  /** Throws AppError `NO_MIRROR` where there is none and `create` is not set. Dispose it after use. */
  open(instanceUrl: string, options: OpenOptions): Promise<StoredMirror>;
  /**
   * The highest fence of the lease that the mirror or a copy beside it has seen; 0 where there is none, or none can be
   * read.
   */
  fenceOf(instanceUrl: string, leaseName: string): Promise<number>;
  /** Moves the mirror away and returns its new path. It must not be open. */
  archive(instanceUrl: string, lease: Lease): Promise<string>;
  /** What was archived of this org, the newest first. */
  archives(instanceUrl: string): ArchivedMirror[];
  removeArchive(path: string, lease: Lease): Promise<void>;

  /** Whether a fresh copy lies beside the mirror, under way or interrupted. */
  hasCopy(instanceUrl: string): boolean;
  /** The copy beside the mirror, which readers of mirrors do not see. */
  openCopy(instanceUrl: string, options: OpenOptions): Promise<StoredMirror>;
  /** It must not be open. */
  removeCopy(instanceUrl: string, lease: Lease): Promise<void>;
  /**
   * Archives the mirror and puts the contents of the copy in its place, in one transaction for its readers. The caller
   * holds the org's lease and its drain lease, and removes the copy afterwards. Returns the archive's path, null where
   * there was no mirror.
   */
  replaceByCopy(instanceUrl: string, options: ReplaceOptions): Promise<string | null>;

  /**
   * Gives the mirror, and all that was archived of it, the name of another address; what has that name already stays.
   * Neither must be open. Under the leases of both addresses.
   */
  move(from: string, to: string, leases: readonly Lease[]): Promise<void>;
  /** Deletes the mirror, a copy beside it and all that was archived of this org. It must not be open. */
  remove(instanceUrl: string, lease: Lease): Promise<void>;
}

import type { ContactReader } from './contact-reader.ts';
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
  /** Where it lies, for people. No two archives have the same. */
  location: string;
  /** ms since 1970. */
  archivedAt: number;
  /** All that it takes up. */
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
  /** Where the org's mirror lies, or would, for people. */
  location(instanceUrl: string): string;
  exists(instanceUrl: string): Promise<boolean>;
  /** Throws AppError `NO_MIRROR` where there is none and `create` is not set. Dispose it after use. */
  open(instanceUrl: string, options: OpenOptions): Promise<StoredMirror>;
  /**
   * Opens the mirror to read its contacts for people, beside whoever writes them. Throws AppError `NO_MIRROR`,
   * `MIRROR_CORRUPT` or `MIRROR_NEWER_THAN_TOOL`. Dispose it after use.
   */
  read(instanceUrl: string): Promise<ContactReader>;
  /**
   * The highest fence of the lease that the mirror or a copy beside it has seen; 0 where there is none, or none can be
   * read.
   */
  fenceOf(instanceUrl: string, leaseName: string): Promise<number>;
  /** Puts the mirror aside. It must not be open. */
  archive(instanceUrl: string, lease: Lease): Promise<ArchivedMirror>;
  /** What was archived of this org, the newest first. */
  archives(instanceUrl: string): Promise<ArchivedMirror[]>;
  removeArchive(archive: ArchivedMirror, lease: Lease): Promise<void>;

  /** Whether a fresh copy lies beside the mirror, under way or interrupted. */
  hasCopy(instanceUrl: string): Promise<boolean>;
  /** The copy beside the mirror, which readers of mirrors do not see. */
  openCopy(instanceUrl: string, options: OpenOptions): Promise<StoredMirror>;
  /** It must not be open. */
  removeCopy(instanceUrl: string, lease: Lease): Promise<void>;
  /**
   * Archives the mirror and puts the contents of the copy in its place, in one transaction for its readers. The caller
   * holds the org's lease and its drain lease, and removes the copy afterwards. Returns the archive, null where there
   * was no mirror.
   */
  replaceByCopy(instanceUrl: string, options: ReplaceOptions): Promise<ArchivedMirror | null>;

  /**
   * Gives the mirror, and all that was archived of it, the name of another address; what has that name already stays.
   * Neither must be open. Under the leases of both addresses.
   */
  move(from: string, to: string, leases: readonly Lease[]): Promise<void>;
  /** Deletes the mirror, a copy beside it and all that was archived of this org. It must not be open. */
  remove(instanceUrl: string, lease: Lease): Promise<void>;
}

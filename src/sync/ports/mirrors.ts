import type { ContactReader } from './contact-reader.ts';
import type { Lease } from './leases.ts';
import type { MirrorArchives } from './mirror-archives.ts';
import type { MirrorCopies } from './mirror-copies.ts';
import type { ProgramCommits } from './program-commits.ts';
import type { OpenOptions, StoredMirror } from './stored-mirror.ts';
import type { MirrorTwoWay } from './two-way.ts';

/**
 * The mirrors of one installation. One org's is opened once, however often it is asked for. They are moved and removed
 * under a lease only, which is looked at before: AppError `LEASE_LOST`.
 */
export interface Mirrors extends AsyncDisposable {
  /** The fresh copies beside them. */
  readonly copies: MirrorCopies;
  /** What was put aside of them. */
  readonly archives: MirrorArchives;

  /** Where the org's mirror lies, or would, for people. */
  location(instanceUrl: string): string;
  exists(instanceUrl: string): Promise<boolean>;
  /** Starts what writes mirrors, for whoever is going to write one and waits for something else first. Never throws. */
  startWriting(): void;
  /** Throws AppError `NO_MIRROR` where there is none and `create` is not set. Dispose it after use. */
  open(instanceUrl: string, options: OpenOptions): Promise<StoredMirror>;
  /**
   * Opens the mirror to read its contacts for people, beside whoever writes them. Throws AppError `NO_MIRROR`,
   * `MIRROR_CORRUPT` or `MIRROR_NEWER_THAN_TOOL`. Dispose it after use.
   */
  read(instanceUrl: string): Promise<ContactReader>;
  /**
   * Whether a reconcile of the mirror is asked for and still to be made; false where there is none. Cheap where nothing
   * was written since it was asked last, and for mirrors that are closed here.
   */
  isReconcileAsked(instanceUrl: string): Promise<boolean>;
  /** Whether programs write to the mirror, and what becomes of conflicts; null where there is none. Cheap where nothing was written since it was asked last. */
  twoWay(instanceUrl: string): Promise<MirrorTwoWay | null>;
  /** To look for what programs write to the view of the mirror. Dispose it after use. */
  programCommits(instanceUrl: string): ProgramCommits;
  /**
   * The highest fence of the lease that the mirror or a copy beside it has seen; 0 where there is none, or none can be
   * read.
   */
  fenceOf(instanceUrl: string, leaseName: string): Promise<number>;
  /**
   * Gives the mirror, and all that was archived of it, the name of another address; what has that name already stays.
   * Neither must be open. Under the leases of both addresses.
   */
  move(from: string, to: string, leases: readonly Lease[]): Promise<void>;
  /**
   * Deletes the mirror, a copy beside it and all that was archived of this org, and refuses from then on what programs write
   * that have the mirror open. It must not be open here. Without `force` it stays as it is where its outbox has entries that
   * were never settled, or edits by programs that Salesforce has refused: returns how many, and 0 where it was deleted.
   * Throws AppError `MIRROR_BUSY` where another program's transaction does not end.
   */
  remove(instanceUrl: string, lease: Lease, options?: RemoveOptions): Promise<number>;
}

export interface RemoveOptions {
  /** Whatever its outbox has. */
  force?: boolean;
  /** Ends the wait for another program's transaction. */
  signal?: AbortSignal;
}

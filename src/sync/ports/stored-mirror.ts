import type { Mirror, MirrorIdentity } from './mirror.ts';

/** A mirror as whoever opens and looks after it sees it. Dispose it after use. */
export interface StoredMirror extends Mirror, AsyncDisposable {
  /** Where it lies, for people. */
  readonly location: string;
  /**
   * Whether it is still the one that the org has. Where it was deleted or replaced, every other call throws AppError
   * `MIRROR_REPLACED`.
   */
  isInPlace(): Promise<boolean>;
  identity(): Promise<MirrorIdentity | null>;
  /** The highest fence that it has seen of the lease; 0 where it has seen none. */
  fenceOf(leaseName: string): Promise<number>;
  setIdentity(identity: MirrorIdentity): Promise<void>;
  /**
   * Brings what makes searches fast a step further, in some tenths of a second at most; returns whether there is more
   * to do. Searches find the same with it and without.
   */
  extendSearchIndex(): Promise<boolean>;
  /** The store's own check; empty where all is well. */
  checkIntegrity(): Promise<string[]>;
}

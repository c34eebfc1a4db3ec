import type { Mirror, MirrorIdentity } from './mirror.ts';

/** A mirror as whoever opens and looks after it sees it. Dispose it after use. */
export interface StoredMirror extends Mirror, AsyncDisposable {
  /** Where it lies, for people. */
  readonly path: string;
  /**
   * Whether it is still the one that lies there. Where it was deleted or replaced, every other call throws AppError
   * `MIRROR_REPLACED`.
   */
  readonly isInPlace: boolean;
  identity(): Promise<MirrorIdentity | null>;
  setIdentity(identity: MirrorIdentity): Promise<void>;
  /** The store's own check; empty where all is well. */
  checkIntegrity(): Promise<string[]>;
}

import type { Lease } from './leases.ts';
import type { Mirror, MirrorIdentity } from './mirror.ts';
import type { TwoWay } from './two-way.ts';

export interface OpenOptions {
  /** Make the mirror where there is none. */
  create: boolean;
  /** The org's, for work on it. Without one only what needs no lease can be written (`Mirror.under`). */
  lease?: Lease;
  /** Ends the waits for another program's write lock. */
  signal?: AbortSignal;
}

/** Own calls of the hour `hour` x 3,600,000 ms since 1970. */
export interface HourCalls {
  hour: number;
  calls: number;
}

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
  /** What a version that counted its calls in the mirror has left there, in order. */
  formerCalls(): Promise<HourCalls[]>;
  /** They are noted elsewhere now. */
  forgetFormerCalls(): Promise<void>;
  /** From then on, and no more than is given; what programs have written before stays in the outbox and is sent. */
  setTwoWay(twoWay: Partial<TwoWay>): Promise<void>;
  /**
   * Brings what makes searches fast a step further, in some tenths of a second at most; returns whether there is more
   * to do. Searches find the same with it and without.
   */
  extendSearchIndex(): Promise<boolean>;
  /** The store's own check; empty where all is well. */
  checkIntegrity(): Promise<string[]>;
}

/** One org taken into care: its lock is held until it is disposed. */
export interface WatchedOrg extends AsyncDisposable {
  /** Whether its mirror lacks a complete first copy. */
  needsFirstCopy(): Promise<boolean>;
  /** Makes the first copy, or goes on with it. May take hours. */
  firstCopy(signal: AbortSignal): Promise<void>;
  cycle(signal: AbortSignal): Promise<void>;
}

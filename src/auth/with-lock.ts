/** A lock that is held. */
export interface HeldLock {
  /** Looks whether it is held still. Throws AppError `LEASE_LOST`. */
  confirm(): Promise<void>;
}

/**
 * Runs `work` while no other process that shares the credential store holds the lock `name`.
 * Handed in by whoever composes the program; a lock must end with its process.
 */
export type WithLock = <T>(
  name: string,
  work: (held: HeldLock) => Promise<T>,
  options?: { signal?: AbortSignal; timeoutMs?: number },
) => Promise<T>;

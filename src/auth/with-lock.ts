/**
 * Runs `work` while no other process that shares the credential store holds the lock `name`.
 * Handed in by whoever composes the program; a lock must end with its process.
 */
export type WithLock = <T>(
  name: string,
  work: () => Promise<T>,
  options?: { signal?: AbortSignal; timeoutMs?: number },
) => Promise<T>;

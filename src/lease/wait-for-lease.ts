import { throwIfAborted } from '../base/abort.ts';
import type { Clock } from '../base/clock.ts';
import { AppError } from '../base/errors.ts';
import type { Lease, Leases, WaitOptions } from '../sync/ports/leases.ts';

/** Tries again and again until the lease is free. */
export async function waitForLease(
  leases: Pick<Leases, 'take' | 'holderOf'>,
  name: string,
  { signal, pollMs = 25, timeoutMs, ...options }: WaitOptions,
  clock: Clock,
): Promise<Lease> {
  const startedMs = clock.monotonicMs();
  for (;;) {
    throwIfAborted(signal);
    const lease = await leases.take(name, options);
    if (lease !== null) return lease;
    if (timeoutMs !== undefined && clock.monotonicMs() - startedMs >= timeoutMs) {
      throw new AppError('LOCK_TIMEOUT', `The lock "${name}" stayed taken for ${timeoutMs} ms.`, {
        details: { holder: await leases.holderOf(name) },
      });
    }
    // Half to one and a half of the interval, so that many waiters do not knock in step.
    await clock.sleep(pollMs * (0.5 + Math.random()), { signal });
  }
}

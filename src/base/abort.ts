import { AppError } from './errors.ts';

/** Whether `error` says that the user (or the process' stop) ended the work, as opposed to a timeout. */
export function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}

/** The reason every abort of ours carries. */
export function abortReason(message = 'The work was interrupted.'): DOMException {
  return new DOMException(message, 'AbortError');
}

/** What work that ends with `signal` is to throw, whatever it was aborted with. */
export function abortReasonOf(signal: AbortSignal | undefined): Error {
  return isAbort(signal?.reason) ? signal?.reason : abortReason();
}

export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw abortReasonOf(signal);
}

/**
 * Runs `work` with a signal that also ends after `timeoutMs`. A timeout surfaces as AppError `TIMEOUT`,
 * the caller's own abort stays an AbortError, so that the two are never taken for one another.
 */
export async function withTimeout<T>(
  timeoutMs: number,
  signal: AbortSignal | undefined,
  what: string,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  throwIfAborted(signal);
  const controller = new AbortController();
  const onAbort = () => controller.abort(signal?.reason);
  signal?.addEventListener('abort', onAbort, { once: true });
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    controller.abort(abortReason(`${what} took longer than ${timeoutMs} ms.`));
  }, timeoutMs);
  try {
    return await work(controller.signal);
  } catch (error) {
    throwIfAborted(signal);
    if (timedOut) {
      throw new AppError(
        'TIMEOUT',
        `${what} did not finish within ${Math.round(timeoutMs / 1000)} seconds.`,
        {
          cause: error,
        },
      );
    }
    throw error;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
  }
}

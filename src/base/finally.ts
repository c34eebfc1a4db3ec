/**
 * `try … finally` whose first error stays: where the work has failed, an error of `last` is dropped, for it would hide
 * what went wrong. Where the work is done, an error of `last` is thrown.
 */
export async function withFinally<T>(work: () => Promise<T>, last: () => Promise<unknown>): Promise<T> {
  let value: T;
  try {
    value = await work();
  } catch (error) {
    await last().catch(() => {});
    throw error;
  }
  await last();
  return value;
}

/** The same without waiting. */
export function withFinallySync<T>(work: () => T, last: () => void): T {
  let value: T;
  try {
    value = work();
  } catch (error) {
    try {
      last();
    } catch {
      // Only the first error says what went wrong.
    }
    throw error;
  }
  last();
  return value;
}

import type { SyncContext } from './context.ts';

/**
 * By the org's answers alone, ms since 1970: what a mirror has stored may lie in the org's future. Asks who is logged in
 * where the org has not answered yet.
 */
export async function orgTime(
  { remote }: Pick<SyncContext, 'remote'>,
  { signal }: { signal: AbortSignal },
): Promise<number> {
  try {
    return remote.clock.told();
  } catch {
    await remote.identity({ signal });
    return remote.clock.told();
  }
}

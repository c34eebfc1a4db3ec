import type { SyncContext } from '../../context.ts';

/** The org's time by its answers alone, where one has told it yet: what is stored may lie in the org's future. */
export function orgNow({ remote }: Pick<SyncContext, 'remote'>): number | null {
  try {
    return Math.floor(remote.clock.told());
  } catch {
    return null;
  }
}

import type { SyncContext } from '../../context.ts';

/** So far back an org's clock may be set, or its servers differ, and the order of its times still says something. */
export const setBackMs = 120_000;

/** The org's time by its answers alone, where one has told it yet: what is stored may lie in the org's future. */
export function orgNow({ remote }: Pick<SyncContext, 'remote'>): number | null {
  try {
    return Math.floor(remote.clock.told());
  } catch {
    return null;
  }
}

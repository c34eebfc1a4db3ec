import type { SyncContext } from '../../context.ts';

/** So far back an org's clock may be set, or its servers differ, and the order of its times still says something. */
export const setBackMs = 120_000;

/**
 * A batch that is in progress when its job is aborted "is still processed to completion" (Interpret Batch State), and takes ten
 * minutes at most before it fails (How Requests Are Processed); the rest is for clocks, and for files that come late.
 */
export const jobRestMs = 15 * 60_000;

/** The org's time by its answers alone, where one has told it yet: what is stored may lie in the org's future. */
export function orgNow({ remote }: Pick<SyncContext, 'remote'>): number | null {
  try {
    return remote.clock.told();
  } catch {
    return null;
  }
}

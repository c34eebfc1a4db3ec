import type { Effect } from '../ports/effect.ts';
import type { Journal } from '../ports/journal.ts';

/**
 * What cycles have read of a window of `updated` whose coverage stands still (a long transaction may hold it for
 * hours). Kept in the journal, so that neither a restart nor `watch --once` reads all of it again. It is forgotten when
 * the cursor moves; without it a cycle only fetches more than it needs.
 */
export interface KnownWindow {
  /** The cursor at which the window begins, ms since 1970. */
  cursor: number;
  /** Of records that were fetched. */
  ids: ReadonlySet<string>;
  /** The org's time of that read. */
  lastRead: number;
}

/** Some 1 MB as it is stored; a window of more is read as a whole each time. */
const mostIds = 50_000;

/** What is known of the window that begins at `cursor`; null where nothing is, or nothing that can be read. */
export async function recallWindow(
  journal: Pick<Journal, 'knownWindow'>,
  cursor: number,
): Promise<KnownWindow | null> {
  const window = parseWindow(await journal.knownWindow());
  return window?.cursor === cursor ? window : null;
}

/** To be stored when all of it has been. */
export function rememberWindow({ cursor, ids, lastRead }: KnownWindow): Effect {
  const window = ids.size > mostIds ? null : { cursor, ids: [...ids], lastRead };
  return { kind: 'remember-window', window };
}

function parseWindow(stored: unknown): KnownWindow | null {
  if (typeof stored !== 'object' || stored === null) return null;
  const { cursor, ids, lastRead } = stored as { [K in keyof KnownWindow]?: unknown };
  if (!Number.isFinite(cursor) || !Number.isFinite(lastRead) || !Array.isArray(ids)) return null;
  if (!ids.every((id): id is string => typeof id === 'string')) return null;
  return { cursor: Number(cursor), ids: new Set(ids), lastRead: Number(lastRead) };
}

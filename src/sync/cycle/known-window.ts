import type { Effect } from '../ports/effect.ts';
import type { Journal } from '../ports/journal.ts';
import { IdMarks } from './id-marks.ts';

/**
 * What cycles have read of a window of `updated` whose coverage stands still (a long transaction may hold it for
 * hours). Kept in the journal, so that neither a restart nor `watch --once` reads all of it again. It counts at its own
 * cursor alone; without it a cycle only fetches more than it needs.
 */
export interface KnownWindow {
  /** The cursor at which the window begins, ms since 1970. */
  cursor: number;
  /** Of records that were fetched. */
  ids: IdMarks;
  /** The org's time before that read: whatever was stamped before it and was committed by then has been read. */
  lastRead: number;
}

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
  return { kind: 'remember-window', window: { cursor, lastRead, ids: ids.toText() } };
}

export const forgetWindow: Effect = { kind: 'remember-window', window: null };

function parseWindow(stored: unknown): KnownWindow | null {
  if (typeof stored !== 'object' || stored === null) return null;
  const { cursor, ids, lastRead } = stored as { [K in keyof KnownWindow]?: unknown };
  if (!Number.isFinite(cursor) || !Number.isFinite(lastRead)) return null;
  const marks = IdMarks.parse(ids);
  return marks && { cursor: Number(cursor), ids: marks, lastRead: Number(lastRead) };
}

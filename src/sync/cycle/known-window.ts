import type { Effect } from '../ports/effect.ts';
import type { Cursors, Journal } from '../ports/journal.ts';
import { IdMarks } from './id-marks.ts';

/**
 * What cycles have settled of a window of `updated` or `deleted` whose coverage stands still (a long transaction may hold
 * it for hours). Kept in the journal, so that neither a restart nor `watch --once` reads all of it again. It counts at its own
 * cursor alone; without it a cycle only fetches more than it needs.
 */
export interface KnownWindow {
  /** The cursor at which the window begins, ms since 1970. */
  cursor: number;
  /** Of records that were fetched; of deletions, each with its time, that were undone. */
  ids: IdMarks;
  /** The org's time before that: whatever was stamped before it and was committed by then has been read. */
  lastRead: number;
}

/** What is known of the window that begins at `cursor`; null where nothing is, or nothing that can be read. */
export async function recallWindow(
  journal: Pick<Journal, 'knownWindow'>,
  of: keyof Cursors,
  cursor: number,
): Promise<KnownWindow | null> {
  const window = parseWindow(await journal.knownWindow(of));
  return window?.cursor === cursor ? window : null;
}

/** To be stored when all of it has been. */
export function rememberWindow(of: keyof Cursors, { cursor, ids, lastRead }: KnownWindow): Effect {
  return { kind: 'remember-window', of, window: { cursor, lastRead, ids: ids.toText() } };
}

/** Whether the same is known of the same window. */
export function isSameWindow(a: KnownWindow, b: KnownWindow | null): boolean {
  return b !== null && a.cursor === b.cursor && a.ids.toText() === b.ids.toText();
}

export function forgetWindow(of: keyof Cursors): Effect {
  return { kind: 'remember-window', of, window: null };
}

function parseWindow(stored: unknown): KnownWindow | null {
  if (typeof stored !== 'object' || stored === null) return null;
  const { cursor, ids, lastRead } = stored as { [K in keyof KnownWindow]?: unknown };
  if (!Number.isFinite(cursor) || !Number.isFinite(lastRead)) return null;
  const marks = IdMarks.parse(ids);
  return marks && { cursor: Number(cursor), ids: marks, lastRead: Number(lastRead) };
}

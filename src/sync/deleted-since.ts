import { isAppError } from '../base/errors.ts';
import type { SyncContext } from './context.ts';
import { floorMinute, minuteMs } from './minute.ts';
import { orgTime } from './org-time.ts';
import { readWindow } from './replication-window.ts';

/** Salesforce tells what was deleted for 15 days back; an hour is left for clocks. Source: sObject Get Deleted. */
const reachMs = 15 * 86_400_000 - 3_600_000;

/**
 * The ids that `deleted` names from `from` on, purged records among them, and since when they are told for sure. The
 * list begins later where it does not reach so far back or does not say how far it tells; where it was dropped up to
 * this very minute, it begins now.
 */
export async function deletedSince(
  context: Pick<SyncContext, 'remote' | 'records'>,
  from: number,
  { signal }: { signal: AbortSignal },
): Promise<{ ids: Set<string>; since: number }> {
  const { remote, records } = context;
  await orgTime(context, { signal });
  const now = remote.clock.now();
  let since = floorMinute(Math.max(from, now - reachMs));
  for (;;) {
    const ids = new Set<string>();
    let earliest = since;
    try {
      const { pieces } = await readWindow(since, () => remote.clock.now(), {
        call: (piece) => records.changes.deleted(piece, { signal }),
        take: async (piece, answer) => {
          const { records: named, earliestDateAvailable, latestDateCovered } = answer;
          // A list that does not say how far it tells may leave out anything.
          if (latestDateCovered === null) earliest = Math.max(earliest, piece.end);
          for (const { id } of named) ids.add(id);
          earliest = Math.max(earliest, earliestDateAvailable ?? 0);
          return piece.end;
        },
        // More than an answer holds: nothing is known of that minute, nor of what lies before it.
        takeCrowdedMinute: async (piece) => {
          earliest = Math.max(earliest, piece.end);
          return piece.end;
        },
      });
      return { ids, since: pieces === 0 ? Math.max(earliest, now) : earliest };
    } catch (error) {
      if (!isAppError(error, 'INVALID_REPLICATION_DATE')) throw error;
      // A young org refuses a start before it was born, and any does of what it has dropped.
      const current = floorMinute(now);
      if (since >= current) return { ids, since: Math.max(since, now) };
      since = Math.max(since + minuteMs, floorMinute(now - (now - since) / 2));
    }
  }
}

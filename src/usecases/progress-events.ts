import type { ProgressEvent } from '../contract/progress.ts';
import type { SyncEvent } from '../sync/events.ts';

/** Turns the heart's events into those of the command line's contract. */
export function progressOf(tell: (event: ProgressEvent) => void): (event: SyncEvent) => void {
  return (event) => {
    switch (event.type) {
      case 'backfill:start': {
        const { instanceUrl, api, total, resumed, runId, reason } = event;
        tell({ event: 'backfill:start', instanceUrl, api, reason, expected: total, resumed, runId });
        return;
      }
      case 'reconcile:start': {
        const { instanceUrl, cause, why, api, total, resumed, dryRun, runId } = event;
        tell({
          event: 'reconcile:start',
          instanceUrl,
          cause,
          reason: why,
          api,
          expected: total,
          resumed,
          dryRun,
          runId,
        });
        return;
      }
      case 'reconcile:progress':
      case 'backfill:progress': {
        const { instanceUrl, contacts, contactsBefore, total, chunks, chunksDone, apiCalls, elapsedMs } =
          event;
        const rate = elapsedMs > 0 ? ((contacts - contactsBefore) * 1000) / elapsedMs : 0;
        tell({
          event: event.type,
          instanceUrl,
          contacts,
          expected: total,
          contactsPerSecond: rate > 0 ? Math.round(rate) : null,
          remainingMs: rate > 0 ? Math.max(0, Math.round(((total - contacts) * 1000) / rate)) : null,
          apiCalls,
          chunks,
          chunksDone,
        });
        return;
      }
      case 'push:progress': {
        const { instanceUrl, settled, total, older } = event;
        tell({ event: 'push:progress', instanceUrl, settled, total, older });
        return;
      }
      default:
        event satisfies never;
    }
  };
}

import type { ProgressEvent } from '../../contract/progress.ts';
import type { OrgNames } from '../org-names.ts';
import { progressText } from './progress-text.ts';
import type { ProgressView } from './progress-view.ts';

/** Often enough to see that it lives, seldom enough for a log that is kept. */
const everyMs = 5_000;

/** Beginnings, ends and, every few seconds for each org, where it stands. */
export function createLineProgress(
  say: (line: string) => void,
  { now, orgNames, why, asker }: { now: () => number; orgNames: OrgNames; why: boolean; asker?: boolean },
): ProgressView {
  const lastSaidAt = new Map<string, number>();
  let lastLine = '';
  return {
    show(event: ProgressEvent) {
      const at = now();
      const last = lastSaidAt.get(event.instanceUrl);
      if (isPassing(event)) {
        // The first figure of a push is that of its first record, and not worth a line.
        if (last === undefined && event.event === 'push:progress') lastSaidAt.set(event.instanceUrl, at);
        if (at - (lastSaidAt.get(event.instanceUrl) ?? Number.NEGATIVE_INFINITY) < everyMs) return;
      }
      lastSaidAt.set(event.instanceUrl, at);
      const line = progressText(event, { orgNames, why, asker });
      // What waited in the outbox before a push is settled after its last record was counted.
      if (line !== lastLine) say(line);
      lastLine = line;
    },
    stop() {},
  };
}

/** A later figure will say more. */
function isPassing(event: ProgressEvent): boolean {
  return (
    event.event === 'backfill:progress' ||
    event.event === 'reconcile:progress' ||
    (event.event === 'push:progress' && event.settled < event.total)
  );
}

import { isoTime } from '../../base/iso-time.ts';
import type { LogLevel } from '../../base/logger.ts';
import type { WatchEvent } from '../../contract/watch.ts';
import type { JsonLog } from '../json-log.ts';
import { OrgTroubles } from './org-troubles.ts';
import { waitsItself } from './watch-line.ts';

/** An event a line; a failure like the last one only at growing distances, but for `everyCycle`. */
export function createEventLog(
  log: JsonLog,
  { now }: { now: () => number },
  { everyCycle }: { everyCycle: boolean },
): (event: WatchEvent) => void {
  const troubles = new OrgTroubles(now);
  return (told) => {
    const { event, ...rest } = told;
    if (troubles.isTold(told) || everyCycle)
      void log.write(levelOf(told), { event, at: isoTime(now()), ...rest });
  };
}

/** `error`: an org is not served. `warn`: something of it waits, or somebody has to look. */
function levelOf(event: WatchEvent): LogLevel {
  switch (event.event) {
    case 'cycle:failed':
    case 'reconcile:failed':
      return 'error';
    case 'cycle:skipped':
    case 'interval:stretched':
      return 'warn';
    case 'push:complete':
    case 'cycle:complete': {
      const { rejected, inDoubt, conflicts, held } = event;
      return rejected + inDoubt + conflicts + held + waitsItself(event) > 0 ? 'warn' : 'info';
    }
    case 'reconcile:complete':
      return event.held > 0 ? 'warn' : 'info';
    default:
      return 'info';
  }
}

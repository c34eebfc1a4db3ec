import { formatDuration } from '../../base/interval.ts';
import { isoTime } from '../../base/iso-time.ts';
import type { CycleCompleteEvent, WatchEvent } from '../../contract/watch.ts';
import type { Invocation } from '../invocation.ts';
import { createLineProgress } from '../progress/line-progress.ts';
import { counted } from '../render/quantity.ts';
import { hasNews, watchLine } from './watch-line.ts';

/** Often enough to see that it lives, seldom enough for a log that is kept for weeks. */
const silenceMs = 3_600_000;

/**
 * Events as lines of a log. A cycle without news has none, but for a line an hour that counts them; `everyCycle`
 * shows each.
 */
export function createWatchLog(
  { terminal, io, output, orgNames, print }: Invocation,
  { everyCycle }: { everyCycle: boolean },
): (event: WatchEvent) => void {
  const { style } = terminal;
  const silent = new Map<string, CycleCompleteEvent>();
  let silentCycles = 0;
  let lastLineAt = io.now();
  const say = (line: string) => {
    lastLineAt = io.now();
    silent.clear();
    silentCycles = 0;
    void print(`${style.dim(isoTime(lastLineAt))} ${line}\n`);
  };
  const progress = createLineProgress(say, { now: io.now, orgNames, why: output.verbosity > 0 });
  const passOver = (event: CycleCompleteEvent) => {
    silent.set(event.instanceUrl, event);
    silentCycles++;
    const sinceMs = io.now() - lastLineAt;
    if (sinceMs < silenceMs) return;
    const covered =
      [...silent.values()].map(({ coveredUntil }) => coveredUntil ?? '').sort()[0] || 'nowhere yet';
    say(
      `nothing new in ${counted(silentCycles, 'cycle')} of ${counted(silent.size, 'org')} in the last ` +
        `${formatDuration(sinceMs)}, covered until ${covered}`,
    );
  };
  return (event) => {
    const failed =
      event.event === 'cycle:failed' || event.event === 'cycle:skipped' || event.event === 'reconcile:failed';
    if (output.quiet && !failed) return;
    switch (event.event) {
      case 'backfill:start':
      case 'backfill:progress':
      case 'backfill:complete':
      case 'reconcile:start':
      case 'reconcile:progress':
      case 'reconcile:complete':
        progress.show(event);
        return;
      case 'cycle:complete':
        if (everyCycle || hasNews(event)) say(watchLine(event, orgNames));
        else passOver(event);
        return;
      default: {
        const line = watchLine(event, orgNames);
        say(failed ? style.red(line) : line);
      }
    }
  };
}

import { isoTime } from '../../base/iso-time.ts';
import type { CycleCompleteEvent, PushCompleteEvent, WatchEvent } from '../../contract/watch.ts';
import type { Invocation } from '../invocation.ts';
import { createLineProgress } from '../progress/line-progress.ts';
import { FirstCycles } from './first-cycles.ts';
import { FirstHints } from './first-hints.ts';
import { OrgTroubles } from './org-troubles.ts';
import { RareTelling } from './rare-telling.ts';
import { Silence } from './silence.ts';
import { hasNews, unsentReason, watchLine } from './watch-line.ts';

/** Often enough to see that it lives, seldom enough for a log that is kept for weeks. */
const silenceMs = 3_600_000;

/**
 * Events as lines of a log. A cycle without news has none, but for the first of its org and a line an hour that says what
 * went on; one that fails like the last has one at growing distances. `everyCycle` shows each.
 */
export function createWatchLog(
  { terminal, io, output, orgNames, print }: Invocation,
  { everyCycle }: { everyCycle: boolean },
): (event: WatchEvent) => void {
  const { style } = terminal;
  let once = false;
  const troubles = new OrgTroubles(io.now);
  const unsent = new RareTelling(io.now);
  const silent = new Silence(io.now());
  const firstCycles = new FirstCycles();
  const hints = new FirstHints();
  const say = (line: string) => {
    silent.begin(io.now());
    void print(`${style.dim(isoTime(io.now()))} ${line}\n`);
  };
  const progress = createLineProgress(say, { now: io.now, orgNames, why: output.verbosity > 0, asker: true });
  const passOver = () => {
    if (!output.quiet && silent.lastedMs(io.now()) >= silenceMs) say(silent.line(io.now(), troubles.open));
  };
  const isNews = (event: CycleCompleteEvent | PushCompleteEvent): boolean => {
    const reason = unsentReason(event);
    if (reason === null) unsent.end(event.instanceUrl);
    const isUnsentDue = reason !== null && unsent.isDue(event.instanceUrl, reason);
    return isUnsentDue || hasNews(event);
  };
  const show = (event: WatchEvent, isFirst: boolean) => {
    if (event.event === 'watch:start') ({ once } = event);
    const isTold = troubles.isTold(event) || everyCycle;
    const firstHint = hints.of(event);
    // One that makes one cycle ends with what to do.
    const hint = once ? null : firstHint;
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
        silent.add(event);
        if (isNews(event) || everyCycle || isFirst) say(watchLine(event, orgNames, { once, hint }));
        else passOver();
        return;
      case 'push:complete':
        if (isNews(event) || everyCycle) say(watchLine(event, orgNames, { once, hint }));
        else passOver();
        return;
      default: {
        if (!isTold) return passOver();
        const line = watchLine(event, orgNames, { once, hint });
        // That another process works on an org is no failure of this one.
        say(failed && event.event !== 'cycle:skipped' ? style.red(line) : line);
      }
    }
  };
  return (event) => {
    const { alone, all } = firstCycles.heard(event);
    show(event, alone);
    if (event.event === 'org:added' || event.event === 'org:renamed')
      orgNames.learn(event.instanceUrl, event.alias);
    if (all !== null && !output.quiet && !everyCycle) say(all);
  };
}

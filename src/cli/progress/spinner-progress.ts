import type { ProgressEvent } from '../../contract/progress.ts';
import type { Messages } from '../messages.ts';
import type { OrgNames } from '../org-names.ts';
import { progressText } from './progress-text.ts';
import type { ProgressView } from './progress-view.ts';

/** One spinner with a line for each org under way; finished orgs leave a line of their own above it. */
export async function openSpinnerProgress(
  stream: NodeJS.WriteStream,
  messages: Messages,
  { orgNames, why }: { orgNames: OrgNames; why: boolean },
): Promise<ProgressView> {
  // 64 ms of loading that only a terminal pays.
  const { default: ora } = await import('ora');
  const spinner = ora({ stream, text: 'Working', discardStdin: false, isEnabled: true });
  const underWay = new Map<string, string>();
  const seen = new Set<string>();
  const repaint = () => {
    spinner.text = underWay.size === 0 ? 'Working' : [...underWay.values()].join('\n  ');
  };
  messages.setPainter({ clear: () => void spinner.clear(), paint: () => void spinner.render() });
  spinner.start();
  return {
    show(event: ProgressEvent) {
      seen.add(event.instanceUrl);
      if (event.event === 'backfill:complete' || event.event === 'reconcile:complete') {
        underWay.delete(event.instanceUrl);
        // Of a single org, the result says the same a moment later.
        if (seen.size > 1) messages.say(progressText(event, { orgNames }));
      } else {
        // The figures that follow take the line of the beginning, and with it the reason.
        const begins = event.event === 'backfill:start' || event.event === 'reconcile:start';
        if (why && begins) messages.say(progressText(event, { orgNames, why }));
        underWay.set(event.instanceUrl, progressText(event, { orgNames }));
      }
      repaint();
    },
    stop() {
      messages.setPainter(null);
      spinner.stop();
    },
  };
}

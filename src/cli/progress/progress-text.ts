import { formatDuration } from '../../base/interval.ts';
import type {
  BackfillProgressEvent,
  ProgressEvent,
  ReconcileCompleteEvent,
  ReconcileProgressEvent,
} from '../../contract/progress.ts';
import type { OrgNames } from '../org-names.ts';
import { count, counted } from '../render/quantity.ts';

/**
 * Where an org's work stands, in one line for people; `why` adds the reason of a choice, `asker` that a comparison was asked
 * for, where whoever asked is not the one who reads.
 */
export function progressText(
  event: ProgressEvent,
  { orgNames, why = false, asker = false }: { orgNames: OrgNames; why?: boolean; asker?: boolean },
): string {
  const org = orgNames.of(event.instanceUrl);
  switch (event.event) {
    case 'backfill:start': {
      const expected = event.expected === null ? 'all contacts' : counted(event.expected, 'contact');
      const api = event.api === 'bulk' ? 'the Bulk API' : 'REST queries';
      return `${org}: ${event.resumed ? 'resuming the copy of' : 'copying'} ${expected} by ${api}${why ? ` (${event.reason})` : ''}`;
    }
    case 'backfill:progress':
      return `${org}: ${readingFigures(event).join(', ')}`;
    case 'reconcile:start': {
      const what = `${event.resumed ? 'goes on comparing' : 'comparing'} ${counted(event.expected, 'contact')}`;
      const because = event.cause === 'asked' && !asker ? '' : `, because ${event.reason}`;
      return `${org}: ${what}${event.dryRun ? ' and changing nothing' : ''}${because}`;
    }
    case 'reconcile:progress':
      return `${org}: comparing, ${readingFigures(event).join(', ')}`;
    case 'reconcile:complete':
      return `${org}: ${reconcileFigures(event)} in ${formatDuration(event.durationMs)}, ${counted(event.apiCalls, 'API call')}`;
    case 'backfill:complete':
      return `${org}: ${counted(event.contacts, 'contact')} in ${formatDuration(event.durationMs)}, ${counted(event.apiCalls, 'API call')}`;
    case 'reconcile:left':
      return `${org}: a watch has it, so the reconcile is left to it, which takes it up soon`;
    case 'org:waiting':
      return `${org}: waiting for the watch that has it to let go of it, as its sync is off`;
    case 'push:waiting':
      return `${org}: waiting for another process that is sending to this org`;
    case 'push:progress':
      return `${org}: ${count(event.settled)} of ${counted(event.total, 'record')} sent${
        event.older === 0 ? '' : `, besides ${counted(event.older, 'other entry', 'other entries')}`
      }`;
    default:
      return event satisfies never;
  }
}

/** What a comparison has come to. */
function reconcileFigures({
  checked,
  missing,
  stale,
  ghosts,
  held,
  repaired,
}: ReconcileCompleteEvent): string {
  const figures = [`${counted(checked, 'contact')} compared`];
  if (missing > 0) figures.push(`${count(missing)} missing`);
  if (stale > 0) figures.push(`${count(stale)} stale`);
  if (ghosts > 0) figures.push(`${counted(ghosts, 'ghost')}`);
  if (held > 0) figures.push(`${count(held)} held`);
  figures.push(missing + stale + ghosts === 0 ? 'all as in the org' : `${count(repaired)} repaired`);
  return figures.join(', ');
}

function readingFigures(event: BackfillProgressEvent | ReconcileProgressEvent): string[] {
  const of = event.expected === null ? '' : ` of ${count(event.expected)}`;
  const figures = [`${count(event.contacts)}${of} contacts`];
  if (event.contactsPerSecond !== null) figures.push(`${count(event.contactsPerSecond)}/s`);
  // The last second is over before it is read.
  if (event.remainingMs !== null && event.remainingMs >= 1_000)
    figures.push(`${formatDuration(event.remainingMs)} left`);
  figures.push(counted(event.apiCalls, 'API call'));
  if (event.chunks > 0) figures.push(`${event.chunksDone} of ${counted(event.chunks, 'chunk')}`);
  return figures;
}

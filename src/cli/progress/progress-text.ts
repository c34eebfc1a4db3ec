import type { BackfillProgressEvent, ProgressEvent } from '../../app/contract/progress.ts';
import { formatDuration } from '../../base/interval.ts';
import { count, counted } from '../render/quantity.ts';

/** Where an org's work stands, in one line for people; `why` adds the reason of a choice. */
export function progressText(event: ProgressEvent, { why = false }: { why?: boolean } = {}): string {
  const host = hostOf(event.instanceUrl);
  switch (event.event) {
    case 'backfill:start': {
      const expected = event.expected === null ? 'all contacts' : counted(event.expected, 'contact');
      const api = event.api === 'bulk' ? 'the Bulk API' : 'REST queries';
      return `${host}: ${event.resumed ? 'resuming the copy of' : 'copying'} ${expected} by ${api}${why ? ` (${event.reason})` : ''}`;
    }
    case 'backfill:progress':
      return `${host}: ${backfillFigures(event).join(', ')}`;
    case 'backfill:complete':
      return `${host}: ${counted(event.contacts, 'contact')} in ${formatDuration(event.durationMs)}, ${counted(event.apiCalls, 'API call')}`;
    case 'push:waiting':
      return `${host}: waiting for another process that is sending to this org`;
    case 'push:progress':
      return `${host}: ${count(event.settled)} of ${counted(event.total, 'record')} sent`;
    default:
      return event satisfies never;
  }
}

function backfillFigures(event: BackfillProgressEvent): string[] {
  const of = event.expected === null ? '' : ` of ${count(event.expected)}`;
  const figures = [`${count(event.contacts)}${of} contacts`];
  if (event.contactsPerSecond !== null) figures.push(`${count(event.contactsPerSecond)}/s`);
  // The last second is over before it is read.
  if (event.remainingMs !== null && event.remainingMs >= 1_000)
    figures.push(`${formatDuration(event.remainingMs)} left`);
  figures.push(counted(event.apiCalls, 'API call'));
  if (event.chunks > 0) figures.push(`${event.chunksDone} of ${counted(event.chunks, 'chunk')}`);
  if (event.waitingFor !== null) figures.push(`waiting for ${event.waitingFor}`);
  return figures;
}

/** What people call an org when they see several lines of them. */
export function hostOf(instanceUrl: string): string {
  return URL.canParse(instanceUrl) ? new URL(instanceUrl).host : instanceUrl;
}

import { formatDuration } from '../../base/interval.ts';
import type { ProgressEvent } from '../../contract/progress.ts';
import type {
  CycleCompleteEvent,
  CycleFailedEvent,
  PushCompleteEvent,
  WatchEvent,
} from '../../contract/watch.ts';
import type { OrgNames } from '../org-names.ts';
import { count, counted } from '../render/quantity.ts';

type CycleEvent = Exclude<WatchEvent, ProgressEvent>;

/** A watch event as a line for people. `once`: of a watch that makes one cycle. `hint`: what to do about it. */
export function watchLine(
  event: CycleEvent,
  orgNames: OrgNames,
  { once, hint }: { once: boolean; hint: string | null },
): string {
  return hint === null ? sentenceOf(event, orgNames, once) : `${sentenceOf(event, orgNames, once)} ${hint}`;
}

function sentenceOf(event: CycleEvent, orgNames: OrgNames, once: boolean): string {
  switch (event.event) {
    case 'watch:start': {
      const how = event.once ? 'once' : `every ${formatDuration(event.intervalMs)}`;
      return `Watching ${counted(event.orgs.length, 'org')} ${how}: ${event.orgs.map((url) => orgNames.of(url)).join(', ')}`;
    }
    case 'cycle:complete':
      return `${orgNames.of(event.instanceUrl)}: ${changesOf(event)} in ${formatDuration(event.durationMs)}, covered until ${event.coveredUntil ?? 'nowhere yet'}${pushTrouble(event)}`;
    case 'push:complete':
      return `${orgNames.of(event.instanceUrl)}: ${changesOf({ ...event, ...nothingPulled })} in ${formatDuration(event.durationMs)}${pushTrouble(event)}`;
    case 'cycle:failed':
      return `${orgNames.of(event.instanceUrl)}: ${event.error.message} (${event.error.code}) ${whatFollows(event, once)}`;
    case 'cycle:skipped':
      return `${orgNames.of(event.instanceUrl)}: skipped, ${event.error.message} (${event.error.code}) ${againIn(event.retryInMs)}`;
    case 'reconcile:failed':
      return `${orgNames.of(event.instanceUrl)}: the comparison with the org failed: ${event.error.message} (${event.error.code}) ${event.retryInMs === null ? 'Ask for it again.' : againIn(event.retryInMs)}`;
    case 'cycle:recovered':
      return `${orgNames.of(event.instanceUrl)}: recovered after ${counted(event.failures, 'failed cycle')} in ${formatDuration(event.lastedMs)}`;
    case 'org:added':
      return `${event.alias ?? orgNames.of(event.instanceUrl)}: watched from now on`;
    case 'org:removed':
      return `${orgNames.of(event.instanceUrl)}: watched no longer, its sync is off or it was logged out`;
    case 'org:renamed':
      return `${event.instanceUrl}: ${event.alias === null ? 'has no alias any more' : `called ${event.alias} from now on`}`;
    case 'watch:resumed':
      return `Went on after a standstill of ${formatDuration(event.suspendedMs)}: every org has its turn now`;
    case 'interval:stretched':
      return `${orgNames.of(event.instanceUrl)}: asked every ${formatDuration(event.stretchedMs)} in place of ${formatDuration(event.intervalMs)}, so that this tool's share of the API requests lasts`;
    case 'interval:restored':
      return `${orgNames.of(event.instanceUrl)}: asked every ${formatDuration(event.intervalMs)} again`;
    case 'watch:stop':
      return `Stopped: ${counted(event.cycles, 'cycle')} complete, ${count(event.failed)} failed${event.skipped > 0 ? `, ${count(event.skipped)} skipped` : ''}`;
    default:
      return event satisfies never;
  }
}

function whatFollows({ error, retryInMs, failures, endsWatch }: CycleFailedEvent, once: boolean): string {
  if (endsWatch) return `The watch ends.${inARow(failures)}`;
  const isUntilLogin = !once && retryInMs === null && error.code === 'LOGIN_REQUIRED';
  if (!isUntilLogin) return `${againIn(retryInMs)}${inARow(failures)}`;
  return `The watch goes on with it by itself after the next login.${inARow(failures)}`;
}

function againIn(retryInMs: number | null): string {
  return retryInMs === null ? 'Not tried again.' : `Again in ${formatDuration(retryInMs)}.`;
}

function inARow(failures: number): string {
  return failures > 1 ? ` ${counted(failures, 'failure')} in a row.` : '';
}

/** Whether a cycle or a push has changed anything, or has found something that somebody should see. */
export function hasNews(event: CycleCompleteEvent | PushCompleteEvent): boolean {
  return changeCounts({ ...nothingPulled, ...event, unsent: 0 }).some(([n]) => n > 0);
}

/** Entries that wait for more than a word about an earlier one of their contact, for those wait so until it is given. */
export function waitsItself({ unsent, behind }: Pick<CycleCompleteEvent, 'unsent' | 'behind'>): number {
  return unsent - behind.conflicts - behind.held - behind.inDoubt;
}

/** What keeps entries in the outbox, which every cycle and push tells anew; null where all was sent. */
export function unsentReason({
  pushError,
  ...event
}: Pick<CycleCompleteEvent, 'pushError' | 'unsent' | 'behind'>): string | null {
  return pushError?.code ?? (waitsItself(event) > 0 ? 'unsent' : null);
}

const nothingPulled = { upserted: 0, deleted: 0, undeleted: 0 };

function changesOf(event: Omit<CycleCompleteEvent, 'event' | 'coveredUntil'>): string {
  const told = changeCounts(event).flatMap(([n, verb]) => (n > 0 ? [`${count(n)} ${verb}`] : []));
  return told.length === 0 ? 'nothing new' : told.join(', ');
}

function changeCounts(event: Omit<CycleCompleteEvent, 'event' | 'coveredUntil'>): [number, string][] {
  const { upserted, deleted, undeleted, pushed, rejected, inDoubt, conflicts, held, unsent } = event;
  return [
    [upserted, 'upserted'],
    [deleted, 'deleted'],
    [undeleted, 'undeleted'],
    [pushed, 'pushed'],
    [rejected, 'refused'],
    [inDoubt, 'in doubt'],
    [conflicts, 'in conflict'],
    [held, 'held'],
    [unsent, 'still to be sent'],
  ];
}

/** Why the outbox was not sent, beside a pull that went well. */
function pushTrouble({ pushError }: Pick<CycleCompleteEvent, 'pushError'>): string {
  return pushError === null ? '' : `; not everything was sent: ${pushError.message} (${pushError.code})`;
}

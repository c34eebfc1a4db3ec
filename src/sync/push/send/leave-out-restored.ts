import { fullId } from '../../../org/record-id.ts';
import type { SyncContext } from '../../context.ts';
import type { OutboxEntry, Settlement } from '../../ports/outbox-entry.ts';
import { isMadeAgain } from '../entry/is-made-again.ts';
import type { DrainProgress } from '../progress/drain-progress.ts';
import { tellSettled } from '../progress/tell-settled.ts';
import { readByFields, retrieveRecords } from '../settle/read-doubts.ts';
import type { SendOptions } from './send-options.ts';

/**
 * Leaves out creations that are to be sent once more though the contact that they have made was restored since: there
 * would be two. They are done, as that one. Returns the entries that are to be sent. Throws where Salesforce cannot be
 * asked.
 */
export async function leaveOutRestored(
  context: SyncContext,
  entries: readonly OutboxEntry[],
  progress: DrainProgress,
  { signal, onSettled }: Pick<SendOptions, 'signal' | 'onSettled'>,
): Promise<OutboxEntry[]> {
  const again = entries.filter(isMadeAgain);
  if (again.length === 0) return [...entries];
  const ids = again.map(({ contactId }) => fullId(contactId!));
  const { found } = await readByFields(context, again, { signal }, (options) =>
    retrieveRecords(context, ids, ['Id'], options),
  );
  const at = context.clock.now();
  const settlements = again.flatMap(({ key, contactId }): Settlement[] =>
    found.has(fullId(contactId!)) ? [{ key, state: 'done', contactId: contactId!, created: true, at }] : [],
  );
  if (settlements.length === 0) return [...entries];
  await context.mirror.outbox.settle(settlements);
  for (const settlement of settlements) progress.count({ op: 'create' }, settlement);
  await tellSettled(settlements, onSettled);
  const { length } = settlements;
  context.log.info(
    `${context.remote.instanceUrl}: ${length === 1 ? '1 contact that was to be made once more was' : `${length} contacts that were to be made once more were`} restored in Salesforce, and ${length === 1 ? 'is' : 'are'} not made a second time`,
  );
  const settled = new Set(settlements.map(({ key }) => key));
  return entries.filter(({ key }) => !settled.has(key));
}

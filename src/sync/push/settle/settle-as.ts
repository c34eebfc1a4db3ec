import { AppError } from '../../../base/errors.ts';
import { parseTime } from '../../../base/iso-time.ts';
import { fullId } from '../../../org/record-id.ts';
import type { SyncContext } from '../../context.ts';
import type { OutboxEntry } from '../../ports/outbox-entry.ts';
import { select, soqlString } from '../../soql.ts';
import { lookAgain } from './settle-creates.ts';

/**
 * Takes a person's word that a create in doubt became this contact, where it can be: one that lives, that no other entry
 * has made, and that was not there before. Throws AppError `UNKNOWN_CONTACT` or `INVALID_INPUT`.
 */
export async function settleAs(
  context: SyncContext,
  entry: OutboxEntry,
  id: string,
  { signal }: { signal: AbortSignal },
): Promise<void> {
  const { object, remote, mirror, clock } = context;
  const contactId = fullId(id);
  const { key, op, sentOrgAt } = entry;
  if (op !== 'create') {
    throw new AppError('INVALID_INPUT', `Entry ${key} makes no contact: it is of ${entry.contactId}.`, {
      hint: '`outbox settle --auto` reads that contact and settles what can be.',
    });
  }
  const soql = select(object.name, ['Id', 'IsDeleted', 'CreatedDate'], [`Id = ${soqlString(contactId)}`]);
  const [found] = (await remote.queries.all(soql, { deleted: true, signal })).records;
  if (found === undefined || found.IsDeleted === true) {
    throw new AppError('UNKNOWN_CONTACT', `Salesforce shows no contact ${contactId}.`, {
      hint: 'It may be deleted or merged, or hidden from this user: `outbox drop` gives the entry up.',
    });
  }
  const createdMs = parseTime(String(found.CreatedDate));
  if (createdMs !== null && sentOrgAt !== null && createdMs < Math.floor(sentOrgAt / 1_000) * 1_000) {
    throw new AppError('INVALID_INPUT', `The contact ${contactId} was there before entry ${key} was sent.`, {
      hint: 'Where it is the right one all the same, `outbox drop` gives the entry up.',
    });
  }
  if ((await mirror.outbox.accountedFor([contactId])).length > 0) {
    throw new AppError('INVALID_INPUT', `Another entry has made the contact ${contactId}.`, {
      hint: 'Each entry is a contact of its own: `outbox show KEY` tells what this one may have become.',
    });
  }
  await mirror.outbox.settle([{ key, state: 'done', contactId, created: true, at: clock.now() }]);
  await lookAgain(context);
}

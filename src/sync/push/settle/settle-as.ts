import { isDeepStrictEqual } from 'node:util';
import { AppError } from '../../../base/errors.ts';
import { parseTime } from '../../../base/iso-time.ts';
import { fullId } from '../../../org/record-id.ts';
import { serverClocksMs } from '../../../org/server-clocks.ts';
import type { SyncContext } from '../../context.ts';
import type { Field } from '../../ports/field.ts';
import type { OutboxEntry } from '../../ports/outbox-entry.ts';
import { select, soqlString } from '../../soql.ts';
import { shown } from '../../two-way/plan-edit.ts';
import { askingNow, isForgotten } from '../entry/is-keyless-create.ts';
import { sameValue } from '../values/same-value.ts';
import { lookAgain } from './open-doubts.ts';
import { readByFields } from './read-doubts.ts';

/** What is read of the outbox at a time. */
const entriesPerPage = 1_000;
const toldFields = 5;

/**
 * Takes a person's word that a create in doubt became this contact, where it can be: one that lives, that no other entry
 * has made or may yet be told of, and that was not there before. Throws AppError `UNKNOWN_CONTACT` or `INVALID_INPUT`.
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
      hint: '`parahack-sync outbox settle --auto` reads that contact and settles what can be.',
    });
  }
  const { fields, found } = await readByFields(context, [entry], { signal }, async (by) => {
    const asked = new Set(['Id', 'IsDeleted', 'CreatedDate', ...comparable(entry, by.fields)]);
    const soql = select(object.name, [...asked], [`Id = ${soqlString(contactId)}`]);
    return (await remote.queries.all(soql, { deleted: true, signal })).records[0];
  });
  if (found === undefined || found.IsDeleted === true) {
    throw new AppError('UNKNOWN_CONTACT', `Salesforce shows no contact ${contactId}.`, {
      hint: 'It may be deleted or merged, or hidden from this user: `parahack-sync outbox drop KEY` gives the entry up.',
    });
  }
  const createdMs = parseTime(String(found.CreatedDate));
  if (createdMs !== null && sentOrgAt !== null && createdMs < sentOrgAt - 1_000 - serverClocksMs) {
    throw new AppError('INVALID_INPUT', `The contact ${contactId} was there before entry ${key} was sent.`, {
      hint: 'Where it is the right one all the same, `parahack-sync outbox drop KEY` gives the entry up.',
    });
  }
  const { made, maybe } = await mirror.outbox.accountedFor([contactId]);
  if (made.length + maybe.length > 0) {
    const has = made.length > 0 ? 'has made' : 'was sent again and may have made';
    throw new AppError('INVALID_INPUT', `Another entry ${has} the contact ${contactId}.`, {
      hint: 'Each entry is a contact of its own: `parahack-sync outbox show KEY` tells what this one may have become.',
    });
  }
  const twins = await equalWithKeys(context, entry);
  if (twins.length > 0) {
    throw new AppError(
      'INVALID_INPUT',
      `Entry ${twins[0]} makes an equal contact and has no answer yet: the contact ${contactId} may be its.`,
      {
        hint: 'The next `push` or cycle of a watch asks for that answer; settle this entry then.',
        details: { entries: twins },
      },
    );
  }
  tellOthers(context, entry, { fields, found });
  await mirror.outbox.settle([{ key, state: 'done', contactId, created: true, at: clock.now() }]);
  await lookAgain(context);
}

type Fields = ReadonlyMap<string, Field>;

/** Of the fields that it was made with, those whose values can be compared with what was sent. */
function comparable({ changes }: OutboxEntry, fields: Fields): string[] {
  return Object.keys(changes).filter((name) => {
    const field = fields.get(name);
    return field !== undefined && field.type !== 'encryptedstring';
  });
}

/** What a trigger rewrites may differ, and so may a contact that was named by mistake. */
function tellOthers(
  { log }: Pick<SyncContext, 'log'>,
  entry: OutboxEntry,
  { fields, found }: { fields: Fields; found: Readonly<Record<string, unknown>> },
): void {
  const { changes } = entry;
  const others = comparable(entry, fields).filter(
    (name) => !sameValue(changes[name], found[name], fields.get(name)),
  );
  if (others.length === 0) return;
  const told = others
    .slice(0, toldFields)
    .map((name) => `${name} was sent as ${shown(changes[name])} and is ${shown(found[name])}`);
  const rest = others.length > toldFields ? `; and ${others.length - toldFields} more` : '';
  log.warn(`The contact ${found.Id} has other values than entry ${entry.key}: ${told.join('; ')}${rest}`);
}

/**
 * Keys of the other open creates with the same values that Salesforce answers by their Idempotency-Keys: each with its
 * own contact, whatever a person has said of that one.
 */
async function equalWithKeys(
  context: Pick<SyncContext, 'mirror' | 'clock' | 'remote'>,
  { key, changes }: OutboxEntry,
): Promise<string[]> {
  const { mirror } = context;
  const asking = askingNow(context);
  const equal: string[] = [];
  for (let after = -1; ; ) {
    const states = ['pending', 'sent', 'in-doubt'] as const;
    const page = await mirror.outbox.list({ states, after, limit: entriesPerPage, maybeSent: true });
    const last = page.at(-1);
    if (last === undefined) return equal;
    after = last.seq;
    const others = page.filter((one) => one.op === 'create' && one.way === 'ui-api' && one.key !== key);
    const answered = others.filter((one) => !isForgotten(one, asking));
    equal.push(...answered.filter((one) => isDeepStrictEqual(one.changes, changes)).map((one) => one.key));
  }
}

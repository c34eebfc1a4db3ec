import { AppError } from '../../../base/errors.ts';
import type { SyncContext } from '../../context.ts';
import type { OutboxEntry } from '../../ports/outbox-entry.ts';
import type { WriteOutcome } from '../../ports/record-writes.ts';
import { keyForgotten } from '../entry/entry-errors.ts';
import { askingNow, isForgotten } from '../entry/is-keyless-create.ts';
import type { PlannedRequest } from '../plan/plan-requests.ts';

type Sending = Pick<SyncContext, 'records' | 'clock' | 'remote'>;

interface RequestOptions {
  grace: AbortSignal;
  confirm?: () => Promise<void>;
}

/**
 * Sends one planned request; an outcome per entry, in order. `grace` is not the abort signal: once a write is on its
 * way, its answer is worth waiting for, because without it the entries are in doubt. Aborted, it cuts the request.
 * `confirm` is the last look at the lease: after it this process has nothing more to say about what goes out.
 * `forgotten`: nothing was done by it, because Salesforce may have forgotten the key that would make it a repeat.
 */
export async function sendRequest(
  context: Sending,
  { way, entries, allOrNone }: PlannedRequest,
  { grace, confirm }: RequestOptions,
): Promise<WriteOutcome[] | 'unsupported' | 'forgotten'> {
  const { writes } = context.records;
  const first = entries[0];
  if (first === undefined) return [];
  const { allowDuplicates } = first;
  if (way === 'ui-api') return createByKey(context, first, { grace, confirm });
  const options = { allowDuplicates, allOrNone, confirm, signal: grace };
  if (way === 'upsert') {
    const field = first.upsertField;
    if (field === null) throw new AppError('UNEXPECTED_ERROR', 'An upsert entry names no field.');
    return writes.upsertMany(
      field,
      entries.map(({ changes }) => changes),
      options,
    );
  }
  switch (first.op) {
    case 'create':
      return writes.createMany(
        entries.map(({ changes }) => changes),
        options,
      );
    case 'update':
      return writes.updateMany(
        entries.map(({ changes, contactId }) => ({ ...changes, Id: contactId })),
        options,
      );
    case 'delete':
      return writes.deleteMany(
        entries.map(({ contactId }) => contactId ?? ''),
        { allOrNone, confirm, signal: grace },
      );
  }
}

/** A machine may sleep for days between any two steps: the key's age is looked at last of all. */
async function createByKey(
  context: Sending,
  entry: OutboxEntry,
  { grace, confirm }: RequestOptions,
): Promise<WriteOutcome[] | 'unsupported' | 'forgotten'> {
  const { key, changes, allowDuplicates } = entry;
  let isTooLate = false;
  const lastLook = async () => {
    await confirm?.();
    isTooLate = isForgotten(entry, askingNow(context));
    if (isTooLate) throw keyForgotten();
  };
  const options = { allowDuplicates, confirm: lastLook, signal: grace };
  const outcome = await context.records.writes.createIdempotent({ key, fields: changes }, options);
  if (isTooLate) return 'forgotten';
  return outcome === 'unsupported' ? outcome : [outcome];
}
